//! One delivery: the body of a POST of Graph's, as far as it matters here.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::keys::Keys;

/// Most notifications of one delivery. Graph sends a handful; each costs us a few microseconds.
const MOST: usize = 1000;
/// Longest client state and tenant that are looked at; ours are shorter.
const LONGEST: usize = 128;

/// What a delivery has us do.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Feeds at whose doors somebody rang, each once.
    pub rung: BTreeSet<String>,
    /// A subscription is about to end, or has ended.
    pub subscriptions: bool,
    /// What was dropped.
    pub dropped: Dropped,
}

/// How many notifications were dropped, and why.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Dropped {
    /// The client state is none of ours in that tenant.
    pub foreign: u64,
    /// No notification at all.
    pub odd: u64,
}

/// Why a body is no delivery; says nothing of what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotADelivery {
    /// Not JSON, or no list of notifications.
    #[error("the body is no list of notifications")]
    Odd,
    /// More than there ever are.
    #[error("the body has more than {MOST} notifications")]
    TooMany,
}

#[derive(Deserialize)]
struct Body {
    value: Vec<serde_json::Value>,
}

/// Either kind of notification: a lifecycle one has neither resource nor change.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Notification {
    tenant_id: String,
    client_state: String,
    lifecycle_event: Option<String>,
}

/// Judges a body. What is ours rings at its feed, whatever changed there: also `missed`, since all that helps
/// is to look, and an event that is not known yet.
///
/// # Errors
/// [`NotADelivery`].
pub fn judge(body: &str, keys: &Keys, is_feed: impl Fn(&str) -> bool) -> Result<Delivery, NotADelivery> {
    let Body { value } = serde_json::from_str(body).map_err(|_| NotADelivery::Odd)?;
    if value.len() > MOST {
        return Err(NotADelivery::TooMany);
    }
    let mut delivery = Delivery::default();
    for one in value {
        let Ok(one) = serde_json::from_value::<Notification>(one) else {
            delivery.dropped.odd += 1;
            continue;
        };
        match feed(&one, keys).filter(|feed| is_feed(feed)) {
            Some(feed) => {
                delivery.rung.insert(feed.to_owned());
                delivery.subscriptions |= concerns_subscriptions(one.lifecycle_event.as_deref());
            }
            None => delivery.dropped.foreign += 1,
        }
    }
    Ok(delivery)
}

fn feed<'a>(one: &'a Notification, keys: &Keys) -> Option<&'a str> {
    let is_short = one.tenant_id.len() <= LONGEST && one.client_state.len() <= LONGEST;
    if is_short { keys.feed(&one.tenant_id, &one.client_state) } else { None }
}

/// <https://learn.microsoft.com/graph/change-notifications-lifecycle-events>
fn concerns_subscriptions(event: Option<&str>) -> bool {
    event.is_some_and(|event| event != "missed")
}

#[cfg(test)]
mod tests {
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
        judge(&json!({ "value": value }).to_string(), &keys(), |feed| ["users", "groups"].contains(&feed))
    }

    fn rung(feeds: &[&str]) -> BTreeSet<String> {
        feeds.iter().map(|&feed| feed.to_owned()).collect()
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
    fn many_notifications_ring_once_at_each_door() {
        let delivery = judged(json!([change("users"), change("groups"), change("users")])).unwrap();
        assert_eq!(delivery, Delivery { rung: rung(&["users", "groups"]), ..Delivery::default() });
    }

    #[test]
    fn lifecycle_events_without_a_resource_ring_too() {
        for (event, subscriptions) in
            [("reauthorizationRequired", true), ("subscriptionRemoved", true), ("missed", false)]
        {
            let delivery = judged(json!([lifecycle(event)])).unwrap();
            assert_eq!(
                delivery,
                Delivery { rung: rung(&["users"]), subscriptions, dropped: Dropped::default() }
            );
        }
    }

    #[test]
    fn what_is_not_ours_is_dropped_and_counted_and_the_rest_rings() {
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
        assert_eq!(delivery.rung, rung(&["groups"]));
        assert_eq!(delivery.dropped, Dropped { foreign: 4, odd: 3 });
    }

    #[test]
    fn what_is_no_delivery_is_refused() {
        for body in ["", "<html>", "[]", "{}", r#"{"value":{}}"#, r#"{"value":"x"}"#] {
            assert_eq!(judge(body, &keys(), |_| true), Err(NotADelivery::Odd), "{body}");
        }
        assert_eq!(judged(json!(vec![0; MOST + 1])), Err(NotADelivery::TooMany));
    }

    proptest::proptest! {
        /// No text rings without the secret, and none makes the reader panic.
        #[test]
        fn nobody_rings_without_the_secret(text in ".{0,200}", feed in "[a-z]{1,10}") {
            let _ = judge(&text, &keys(), |_| true);
            let state = format!("v1.{feed}.{text}");
            let delivery = judged(json!([{"tenantId": TENANT, "clientState": state}])).unwrap();
            proptest::prop_assert!(delivery.rung.is_empty());
        }
    }
}
