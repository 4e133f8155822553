//! One delivery: the body of a POST of Graph's, as far as it matters here.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::value::RawValue;

use super::keys::Keys;
use crate::json::{self, Members};

/// Most notifications of one delivery. Graph sends a handful; each costs us a few microseconds.
const MOST: usize = 1000;
/// Longest client state and tenant that are looked at; ours are shorter.
const LONGEST: usize = 128;
/// Longest id and path of an object that are looked at.
const LONGEST_PATH: usize = 2048;
/// Most objects of one feed that a delivery names: where there are more, the feed as a whole is cheaper.
const MOST_OBJECTS: usize = 100;
/// Spellings and places of one member that are looked at.
const FEW: usize = 4;
/// What services call the tenant of a notification, there or in its `resourceData`.
const TENANT: [&str; 2] = ["tenantId", "organizationId"];

/// What a delivery has us do.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Feeds that are to be looked at, each once.
    pub feeds: BTreeMap<String, Wanted>,
    /// A subscription is about to end, or has ended.
    pub subscriptions: bool,
    /// The feeds below parents of whose subscriptions that is true.
    pub below: BTreeSet<String>,
    /// What was dropped.
    pub dropped: Dropped,
}

/// What of a feed is to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// All that is new.
    Feed,
    /// The objects with these ids.
    Objects(BTreeSet<String>),
}

/// What a genuine notification says that it is about. It says where to look, never what is true.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct About<'a> {
    /// The path of the object, such as `teams('…')/channels('…')`.
    pub resource: Option<&'a str>,
    /// The id of the object.
    pub id: Option<&'a str>,
}

/// Where a notification leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meant {
    /// The key of the feed.
    pub feed: String,
    /// The object of the feed, if only that is to be looked at.
    pub id: Option<String>,
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
    /// The path of the object, and its id.
    about: [Option<Cow<'a, str>>; 2],
    /// What may be the tenant; the client state says which one is.
    tenants: Vec<Cow<'a, str>>,
    client_states: Vec<Cow<'a, str>>,
    concerns_subscriptions: bool,
}

/// Judges a body. A genuine notification requests a run of its feed, whatever changed there: also `missed`, since all that helps
/// is to look, and an event that is not known yet. `tenant` is ours, as far as it is known: services leave it out. `meant` says
/// where a notification leads to, given the feed that its client state names; none if that is no feed.
///
/// # Errors
/// [`NotADelivery`].
pub fn judge(
    body: &str,
    keys: &Keys,
    tenant: Option<&str>,
    meant: impl Fn(&str, About<'_>) -> Option<Meant>,
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
        let feed = one.feed(keys);
        match feed.and_then(|feed| Some((feed, meant(feed, one.about())?))) {
            Some((feed, meant)) => {
                let is_below = feed.contains('/');
                delivery.subscriptions |= one.concerns_subscriptions && !is_below;
                if one.concerns_subscriptions && is_below {
                    delivery.below.insert(feed.to_owned());
                }
                delivery.add(meant);
            }
            None => delivery.dropped.foreign += 1,
        }
    }
    Ok(delivery)
}

impl Delivery {
    fn add(&mut self, meant: Meant) {
        let wanted = self.feeds.entry(meant.feed).or_insert_with(|| Wanted::Objects(BTreeSet::new()));
        match (&mut *wanted, meant.id) {
            (Wanted::Objects(ids), Some(id)) if ids.len() < MOST_OBJECTS || ids.contains(&id) => {
                ids.insert(id);
            }
            _ => *wanted = Wanted::Feed,
        }
    }
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
        // What is there twice names nothing for certain; nor does an event in the life of the subscription.
        let object = |name: &str, of: Option<&Members<'a>>| {
            let mut all = of?.called(name);
            let only = all.next().filter(|_| all.next().is_none() && event.is_none())?;
            json::text(only).filter(|text| text.len() <= LONGEST_PATH)
        };
        (has_state && !tenants.is_empty()).then(|| Self {
            about: [object("resource", Some(one)), object("id", inner.as_ref())],
            tenants,
            client_states: texts(one, "clientState"),
            concerns_subscriptions: event.is_some_and(concerns_subscriptions),
        })
    }

    fn about(&self) -> About<'_> {
        let [resource, id] = &self.about;
        About { resource: resource.as_deref(), id: id.as_deref() }
    }

    /// The feed that its client state names, if it is genuine.
    fn feed(&self, keys: &Keys) -> Option<&str> {
        let both = self
            .tenants
            .iter()
            .flat_map(|tenant| self.client_states.iter().map(move |state| (tenant, state)));
        both.filter_map(|(tenant, state)| keys.feed(tenant, state)).next()
    }
}

/// <https://learn.microsoft.com/graph/change-notifications-lifecycle-events>
fn concerns_subscriptions(event: &RawValue) -> bool {
    json::text(event).is_none_or(|event| !event.eq_ignore_ascii_case("missed"))
}

#[cfg(test)]
mod tests;
