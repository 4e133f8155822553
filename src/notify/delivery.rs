//! One delivery: the body of a POST of Graph's, as far as it matters here.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::value::RawValue;

use super::keys::Keys;
use crate::json::{self, Members};

/// Most notifications of one delivery. Graph sends a handful; each costs us a few microseconds.
const MOST: usize = 1000;
/// Longest client state and tenant that are looked at; ours are shorter.
const LONGEST: usize = 128;
/// Spellings and places of one member that are looked at.
const FEW: usize = 4;
/// What services call the tenant of a notification, there or in its `resourceData`.
const TENANT: [&str; 2] = ["tenantId", "organizationId"];

/// What a delivery has us do.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Feeds that are to be synced, each once.
    pub feeds: BTreeSet<String>,
    /// A subscription is about to end, or has ended.
    pub subscriptions: bool,
    /// The feeds below parents of whose subscriptions that is true.
    pub below: BTreeSet<String>,
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

/// Either kind of notification, as far as it can be read: a lifecycle one has neither resource nor change.
struct Notification<'a> {
    /// What may be the tenant; the client state says which one is.
    tenants: Vec<Cow<'a, str>>,
    client_states: Vec<Cow<'a, str>>,
    concerns_subscriptions: bool,
}

/// Judges a body. A genuine notification requests a run of its feed, whatever changed there: also `missed`, since all that helps
/// is to look, and an event that is not known yet. `tenant` is ours, as far as it is known: services leave it out.
///
/// # Errors
/// [`NotADelivery`].
pub fn judge(
    body: &str,
    keys: &Keys,
    tenant: Option<&str>,
    is_feed: impl Fn(&str) -> bool,
) -> Result<Delivery, NotADelivery> {
    let body = Members::read(body.as_bytes()).ok_or(NotADelivery::Odd)?;
    let all: Vec<Option<Members<'_>>> = match body.list("value") {
        Some(all) if all.len() > MOST => return Err(NotADelivery::TooMany),
        Some(all) => all.into_iter().map(|one| Members::of(one.get())).collect(),
        None => vec![Some(alone(body).ok_or(NotADelivery::Odd)?)],
    };
    let mut delivery = Delivery::default();
    for one in all {
        let Some(one) = one.as_ref().and_then(|one| Notification::read(one, tenant)) else {
            delivery.dropped.odd += 1;
            continue;
        };
        match one.feed(keys).filter(|feed| is_feed(feed)) {
            Some(feed) => {
                let is_below = feed.contains('/');
                delivery.subscriptions |= one.concerns_subscriptions && !is_below;
                if one.concerns_subscriptions && is_below {
                    delivery.below.insert(feed.clone());
                }
                delivery.feeds.insert(feed);
            }
            None => delivery.dropped.foreign += 1,
        }
    }
    Ok(delivery)
}

/// A notification that came without its list.
fn alone(body: Members<'_>) -> Option<Members<'_>> {
    let one = body.object("value").unwrap_or(body);
    one.text("clientState").is_some().then_some(one)
}

impl<'a> Notification<'a> {
    /// What is needed: a client state and, there or otherwise known, a tenant.
    fn read(one: &Members<'a>, ours: Option<&'a str>) -> Option<Self> {
        let texts = |of: &Members<'a>, name: &str| {
            let short = |value: &'a RawValue| json::text(value).filter(|text| text.len() <= LONGEST);
            of.called(name).take(FEW).filter_map(short).collect::<Vec<_>>()
        };
        let inner = one.object("resourceData");
        let places = [Some(one), inner.as_ref()].into_iter().flatten();
        let told = places.flat_map(|of| TENANT.iter().flat_map(|name| texts(of, name)));
        let tenants: Vec<_> = told.chain(ours.map(Cow::Borrowed)).collect();
        let event = one.find("lifecycleEvent", |event| (event.get() != "null").then_some(event));
        let has_state = one.called("clientState").any(|state| json::text(state).is_some());
        (has_state && !tenants.is_empty()).then(|| Self {
            tenants,
            client_states: texts(one, "clientState"),
            concerns_subscriptions: event.is_some_and(concerns_subscriptions),
        })
    }

    /// The feed that it is about, if it is genuine.
    fn feed(&self, keys: &Keys) -> Option<String> {
        let both = self
            .tenants
            .iter()
            .flat_map(|tenant| self.client_states.iter().map(move |state| (tenant, state)));
        both.filter_map(|(tenant, state)| keys.feed(tenant, state)).next().map(str::to_owned)
    }
}

/// <https://learn.microsoft.com/graph/change-notifications-lifecycle-events>
fn concerns_subscriptions(event: &RawValue) -> bool {
    json::text(event).is_none_or(|event| !event.eq_ignore_ascii_case("missed"))
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
        judge(&json!({ "value": value }).to_string(), &keys(), None, |feed| {
            ["users", "groups"].contains(&feed)
        })
    }

    fn feeds(feeds: &[&str]) -> BTreeSet<String> {
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
        let delivery = judge(&body, &keys(), None, |feed| feed == "messages/u1").unwrap();
        let named = feeds(&["messages/u1"]);
        assert_eq!(delivery, Delivery { feeds: named.clone(), below: named, ..Delivery::default() });
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
            (
                format!(r#"{{"TenantId":"{TENANT}","ClientState":"{state}","LifecycleEvent":"Missed"}}"#),
                false,
            ),
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
            let is_feed = |feed: &str| feed == "users";
            let wanted = Delivery { subscriptions, ..ours.clone() };
            for body in [format!("\u{feff}{{\"value\":[{one}],\"validationTokens\":null}}"), one.clone()] {
                assert_eq!(judge(&body, &keys(), Some(TENANT), is_feed), Ok(wanted.clone()), "{body}");
            }
        }
    }

    #[test]
    fn what_is_no_delivery_is_refused() {
        for body in ["", "<html>", "[]", "{}", r#"{"value":{}}"#, r#"{"value":"x"}"#] {
            assert_eq!(judge(body, &keys(), None, |_| true), Err(NotADelivery::Odd), "{body}");
        }
        assert_eq!(judged(json!(vec![0; MOST + 1])), Err(NotADelivery::TooMany));
    }

    proptest::proptest! {
        /// No text requests a run without the secret, and none makes the reader panic.
        #[test]
        fn nobody_starts_a_run_without_the_secret(text in ".{0,200}", feed in "[a-z]{1,10}") {
            let _ = judge(&text, &keys(), None, |_| true);
            let state = format!("v1.{feed}.{text}");
            let delivery = judged(json!([{"tenantId": TENANT, "clientState": state}])).unwrap();
            proptest::prop_assert!(delivery.feeds.is_empty());
        }
    }
}
