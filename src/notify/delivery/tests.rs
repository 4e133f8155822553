use secrecy::SecretString;
use serde_json::json;

use super::*;

const TENANT: &str = "11111111-2222-4333-8444-555555555555";

fn keys() -> Keys {
    Keys::new(&[SecretString::from("a secret of at least 32 characters")])
}

fn state(feed: &str) -> String {
    keys().sign(TENANT, feed).unwrap()
}

fn judged(value: serde_json::Value) -> Result<Delivery, NotADelivery> {
    judge(&json!({ "value": value }).to_string(), &keys(), None, known(&["users", "groups"]))
}

/// These feeds are known; objects are meant below `one`.
fn known<'k>(known: &'k [&'k str]) -> impl Fn(&str, About<'_>) -> Option<Meant> + 'k {
    |feed, about| {
        let id = about.id.filter(|_| feed == "one").map(str::to_owned);
        known.contains(&feed).then(|| Meant { feed: feed.to_owned(), id })
    }
}

fn feeds(feeds: &[&str]) -> BTreeMap<String, Wanted> {
    feeds.iter().map(|&feed| (feed.to_owned(), Wanted::Feed)).collect()
}

/// As documented, with all that is of no matter here.
fn change(feed: &str) -> serde_json::Value {
    json!({
        "changeType": "updated", "clientState": state(feed), "resource": "Users/1",
        "resourceData": {"@odata.type": "#Microsoft.Graph.User", "id": "1", "sequenceNumber": 637_418_201_376_800_000_u64},
        "subscriptionExpirationDateTime": "2026-12-01T00:00:00Z", "subscriptionId": "s", "tenantId": TENANT,
    })
}

fn lifecycle(event: &str) -> serde_json::Value {
    json!({
        "subscriptionId": "s", "subscriptionExpirationDateTime": "2026-12-01T00:00:00Z",
        "tenantId": TENANT, "clientState": state("users"), "lifecycleEvent": event,
    })
}

#[test]
fn many_notifications_start_one_run_of_each_resource() {
    let delivery = judged(json!([change("users"), change("groups"), change("users")])).unwrap();
    assert_eq!(delivery, Delivery { feeds: feeds(&["users", "groups"]), ..Delivery::default() });
}

#[test]
fn lifecycle_events_without_a_resource_start_a_run_too() {
    for (event, subscriptions) in
        [("reauthorizationRequired", true), ("subscriptionRemoved", true), ("missed", false)]
    {
        let delivery = judged(json!([lifecycle(event)])).unwrap();
        assert_eq!(delivery, Delivery { feeds: feeds(&["users"]), subscriptions, ..Delivery::default() });
    }
}

#[test]
fn a_lifecycle_event_below_a_parent_concerns_that_subscription_only() {
    let mut one = lifecycle("reauthorizationRequired");
    one["clientState"] = state("messages/u1").into();
    let body = json!({ "value": [one] }).to_string();
    let delivery = judge(&body, &keys(), None, known(&["messages/u1"])).unwrap();
    let below = ["messages/u1".to_owned()].into();
    assert_eq!(delivery, Delivery { feeds: feeds(&["messages/u1"]), below, ..Delivery::default() });
}

#[test]
fn what_is_not_ours_is_dropped_and_counted_and_the_rest_starts_runs() {
    let mut foreign_tenant = change("users");
    foreign_tenant["tenantId"] = "99999999-2222-4333-8444-555555555555".into();
    let mut wrong_state = change("users");
    wrong_state["clientState"] = "v1.users.AAAA".into();
    let mut long = change("users");
    long["clientState"] = format!("v1.{}.AAAA", "x".repeat(200)).into();
    let (mut none, mut no_feed) = (change("users"), change("users"));
    none["clientState"] = serde_json::Value::Null;
    no_feed["clientState"] = state("nothing").into();
    let all = json!([foreign_tenant, wrong_state, long, none, no_feed, 7, {}, change("groups")]);
    let delivery = judged(all).unwrap();
    assert_eq!(delivery.feeds, feeds(&["groups"]));
    assert_eq!(delivery.dropped, Dropped { foreign: 4, odd: 3 });
}

#[test]
fn members_that_are_missing_odd_or_named_otherwise_hide_nothing() {
    let state = state("users");
    let (ours, concerns) = (Delivery { feeds: feeds(&["users"]), ..Delivery::default() }, true);
    for (one, subscriptions) in [
        (format!(r#"{{"tenantId":"{TENANT}","clientState":"{state}","lifecycleEvent":null}}"#), false),
        (
            format!(
                r#"{{"organizationId":"{TENANT}","clientState":"{state}","lifecycleEvent":"subscriptionRemoved"}}"#
            ),
            concerns,
        ),
        (format!(r#"{{"TenantId":"{TENANT}","ClientState":"{state}","LifecycleEvent":"Missed"}}"#), false),
        (
            format!(
                r#"{{"tenantId":null,"resourceData":{{"organizationId":"{TENANT}"}},"clientState":"{state}"}}"#
            ),
            false,
        ),
        (
            format!(
                r#"{{"tenantId":"{TENANT}","clientState":7,"clientState":"{state}","lifecycleEvent":7}}"#
            ),
            concerns,
        ),
        (
            format!(
                r#"{{"tenantId":"{TENANT}","clientState":"{state}","sequenceNumber":1e400,"resource":"\ud800"}}"#
            ),
            false,
        ),
        (format!(r#"{{"clientState":"{state}"}}"#), false),
    ] {
        let wanted = Delivery { subscriptions, ..ours.clone() };
        for body in [format!("\u{feff}{{\"value\":[{one}],\"validationTokens\":null}}"), one.clone()] {
            assert_eq!(judge(&body, &keys(), Some(TENANT), known(&["users"])), Ok(wanted.clone()), "{body}");
        }
    }
}

#[test]
fn objects_are_named_once_and_whatever_names_none_is_about_the_feed() {
    let object = |id: &str| {
        let mut one = change("one");
        one["resourceData"]["id"] = id.into();
        one
    };
    let told = |all: Vec<serde_json::Value>| {
        let body = json!({ "value": all }).to_string();
        judge(&body, &keys(), None, known(&["one"])).unwrap().feeds.remove("one").unwrap()
    };
    let ids = |ids: &[&str]| Wanted::Objects(ids.iter().map(|&id| id.to_owned()).collect());
    assert_eq!(told(vec![object("b"), object("a"), object("b")]), ids(&["a", "b"]));
    let (mut missed, mut none, mut long) = (object("a"), object("a"), object("a"));
    missed["lifecycleEvent"] = "missed".into();
    none["resourceData"] = serde_json::Value::Null;
    long["resourceData"]["id"] = "x".repeat(LONGEST_PATH + 1).into();
    for other in [missed, none, long] {
        assert_eq!(told(vec![object("b"), other.clone(), object("a")]), Wanted::Feed, "{other}");
    }
    let many = |count: usize| (0..count).map(|id| object(&id.to_string())).collect::<Vec<_>>();
    assert!(matches!(told(many(MOST_OBJECTS)), Wanted::Objects(ids) if ids.len() == MOST_OBJECTS));
    assert_eq!(told(many(MOST_OBJECTS + 1)), Wanted::Feed, "one turn of the feed asks for less");
    let twice = json!({ "value": [object("a")] }).to_string().replace(r#""id":"a""#, r#""id":"a","id":"b""#);
    let delivery = judge(&twice, &keys(), None, known(&["one"])).unwrap();
    assert_eq!(delivery.feeds["one"], Wanted::Feed, "it is not certain which one is meant");
}

#[test]
fn what_is_no_delivery_is_refused() {
    for body in ["", "<html>", "[]", "{}", r#"{"value":{}}"#, r#"{"value":"x"}"#] {
        assert_eq!(judge(body, &keys(), None, known(&[])), Err(NotADelivery::Odd), "{body}");
    }
    assert_eq!(judged(json!(vec![0; MOST + 1])), Err(NotADelivery::TooMany));
}

proptest::proptest! {
    /// No text requests a run without the secret, and none makes the reader panic.
    #[test]
    fn nobody_starts_a_run_without_the_secret(text in ".{0,200}", feed in "[a-z]{1,10}") {
        let _ = judge(&text, &keys(), None, known(&[]));
        let state = format!("v1.{feed}.{text}");
        let delivery = judged(json!([{"tenantId": TENANT, "clientState": state}])).unwrap();
        proptest::prop_assert!(delivery.feeds.is_empty());
    }
}
