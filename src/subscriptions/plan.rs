//! Wanted against actual. Pure.

use std::collections::HashSet;

use time::{Duration, OffsetDateTime};

use super::record::Record;
use crate::graph::Subscription;

/// Between two extensions of one subscription, however often Graph asks:
/// <https://learn.microsoft.com/graph/change-notifications-lifecycle-events>.
const APART: Duration = Duration::minutes(10);
/// Lives that are tried where Graph refuses a longer one, in minutes: what pages and services differ about.
const SHORTER: [u32; 3] = [10_000, 4_230, 1_440];

/// What is to be done about the subscription to one feed.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Keep,
    /// Its end is to be put off.
    Extend(String),
    /// Nobody knows whether the one that is recorded lives: nothing is done, so that none is created beside it.
    Doubt,
    /// It is to be created, once these have ended.
    Create {
        /// Subscriptions to the same that we cannot tell the state of.
        instead_of: Vec<String>,
    },
}

/// The subscription that a feed should have.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// What it is to.
    pub resource: &'a str,
    /// Where its notifications go.
    pub url: &'a str,
    /// A hash of its client state.
    pub state_hash: &'a str,
    /// How often somebody looks.
    pub period: Duration,
}

/// What is to be done next. `actual`: those of a list, and the recorded one, wherever it was found; none of it when Graph
/// says that it is gone for certain. `doubt`: Graph did not say whether it lives. `urgent`: Graph says that some
/// subscription needs it.
pub fn next(
    wanted: Wanted<'_>,
    record: Option<&Record>,
    actual: &[Subscription],
    doubt: bool,
    urgent: bool,
    now: OffsetDateTime,
) -> Step {
    if doubt {
        return Step::Doubt;
    }
    let is_recorded =
        |one: &Subscription| record.is_some_and(|record| record.subscription_id.as_ref() == Some(&one.id));
    let sends_here = |one: &Subscription| one.notification_url == wanted.url;
    // One that we created goes also where the address has changed since.
    let ours = actual.iter().filter(|one| {
        is_same(&one.resource, wanted.resource) && (sends_here(one) || is_recorded(one)) && one.expires > now
    });
    let known = record.filter(|record| record.state_hash == wanted.state_hash);
    let is_known = |one: &&Subscription| known.is_some() && sends_here(one) && is_recorded(one);
    match ours.clone().find(is_known) {
        Some(one) if one.expires - now < wanted.period * 2 => Step::Extend(one.id.clone()),
        Some(one) if is_due(known.and_then(|known| known.since), one.expires, urgent, now) => {
            Step::Extend(one.id.clone())
        }
        Some(_) => Step::Keep,
        None => Step::Create { instead_of: ours.map(|one| one.id.clone()).collect() },
    }
}

/// Subscriptions that send to us, but to which no row belongs.
pub fn unwanted<'a>(
    wanted: &'a HashSet<String>,
    url: &'a str,
    actual: &'a [Subscription],
) -> impl Iterator<Item = &'a str> {
    let is_unwanted =
        move |one: &&Subscription| one.notification_url == url && !wanted.contains(&path(&one.resource));
    actual.iter().filter(is_unwanted).map(|one| one.id.as_str())
}

/// The next shorter life to try, in minutes.
pub fn shorter(minutes: u32) -> Option<u32> {
    SHORTER.into_iter().find(|&shorter| shorter < minutes)
}

/// Whether two name the same resource: Graph gives it back with or without the first slash.
pub fn is_same(one: &str, other: &str) -> bool {
    path(one) == path(other)
}

/// A resource in one spelling.
pub fn path(resource: &str) -> String {
    resource.trim_start_matches('/').to_ascii_lowercase()
}

fn is_due(since: Option<OffsetDateTime>, expires: OffsetDateTime, urgent: bool, now: OffsetDateTime) -> bool {
    // A clock that was wrong when it was written must not keep anything from being extended.
    let Some(since) = since.filter(|since| *since <= now) else { return true };
    (urgent && now - since >= APART) || now >= since + (expires - since) * 2 / 3
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: Wanted<'static> = Wanted {
        resource: "/users",
        url: "https://us.example/api/notifications",
        state_hash: "h",
        period: Duration::minutes(15),
    };

    fn now() -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap()
    }

    fn actual(id: &str) -> Subscription {
        Subscription {
            id: id.into(),
            resource: "users".into(),
            notification_url: WANTED.url.into(),
            expires: now() + Duration::minutes(300),
        }
    }

    fn record(id: &str, minutes_ago: i64) -> Record {
        Record {
            subscription_id: Some(id.into()),
            state_hash: "h".into(),
            since: Some(now() - Duration::minutes(minutes_ago)),
            ..Record::blank("users")
        }
    }

    fn next(record: Option<&Record>, actual: &[Subscription], urgent: bool) -> Step {
        super::next(WANTED, record, actual, false, urgent, now())
    }

    #[test]
    fn what_is_known_is_kept_and_extended_at_two_thirds_of_its_life() {
        let there = [actual("1")];
        assert_eq!(next(Some(&record("1", 100)), &there, false), Step::Keep);
        assert_eq!(next(Some(&record("1", 599)), &there, false), Step::Keep);
        assert_eq!(next(Some(&record("1", 600)), &there, false), Step::Extend("1".into()));
        assert_eq!(next(Some(&record("1", -5)), &there, false), Step::Extend("1".into()));
    }

    #[test]
    fn what_would_end_before_somebody_has_looked_twice_is_extended() {
        let ends = |minutes| [Subscription { expires: now() + Duration::minutes(minutes), ..actual("1") }];
        assert_eq!(next(Some(&record("1", 1)), &ends(30), false), Step::Keep);
        assert_eq!(next(Some(&record("1", 1)), &ends(29), false), Step::Extend("1".into()));
        assert_eq!(next(Some(&record("1", 1)), &ends(1), false), Step::Extend("1".into()));
    }

    #[test]
    fn beside_one_that_may_live_nothing_is_done() {
        for actual in [vec![], vec![actual("2")]] {
            let step = super::next(WANTED, Some(&record("1", 5)), &actual, true, true, now());
            assert_eq!(step, Step::Doubt);
        }
    }

    #[test]
    fn graph_may_ask_for_it_but_not_twice_in_ten_minutes() {
        let there = [actual("1")];
        assert_eq!(next(Some(&record("1", 9)), &there, true), Step::Keep);
        assert_eq!(next(Some(&record("1", 10)), &there, true), Step::Extend("1".into()));
    }

    #[test]
    fn what_is_gone_or_cannot_be_ours_any_more_is_created_anew() {
        let create = |instead_of: &[&str]| Step::Create {
            instead_of: instead_of.iter().map(|&id| id.to_owned()).collect(),
        };
        assert_eq!(next(None, &[], false), create(&[]));
        assert_eq!(next(Some(&record("1", 5)), &[], false), create(&[]));
        assert_eq!(next(None, &[actual("1")], false), create(&["1"]), "nobody knows its client state");
        let rotated = Record { state_hash: "other".into(), ..record("1", 5) };
        assert_eq!(next(Some(&rotated), &[actual("1")], false), create(&["1"]));
        let elsewhere = |id| Subscription { notification_url: "https://other.example".into(), ..actual(id) };
        assert_eq!(
            next(Some(&record("1", 5)), &[elsewhere("1")], false),
            create(&["1"]),
            "our address changed"
        );
        assert_eq!(next(Some(&record("1", 5)), &[elsewhere("2")], false), create(&[]), "none of ours");
        let over = Subscription { expires: now(), ..actual("1") };
        assert_eq!(next(Some(&record("1", 5)), &[over], false), create(&[]));
    }

    #[test]
    fn only_what_sends_to_us_is_ended() {
        let elsewhere = Subscription { notification_url: "https://other.example".into(), ..actual("2") };
        let groups = Subscription { resource: "/groups".into(), ..actual("3") };
        let all = [actual("1"), elsewhere, groups];
        let wanted = |all: &[&str]| all.iter().map(|one| path(one)).collect::<HashSet<_>>();
        assert_eq!(unwanted(&wanted(&["/users"]), WANTED.url, &all).collect::<Vec<_>>(), ["3"]);
        assert_eq!(unwanted(&wanted(&[]), WANTED.url, &all).collect::<Vec<_>>(), ["1", "3"]);
    }

    #[test]
    fn lives_get_shorter_and_end() {
        assert_eq!(
            [41_000, 10_000, 4_230, 1_440].map(shorter),
            [Some(10_000), Some(4_230), Some(1_440), None]
        );
    }
}
