//! The page as a whole: what a browser is given for every state, and what it must never be given.

use time::{Duration, OffsetDateTime};

use super::page::{self, Address};
use crate::app::{ResourceStatus, Subscription};
use crate::protocol::Counts;
use crate::protocol::{Ending, Hold};
use crate::report::{Cost, Ended, Failed, Held, Run, State, Status, Unclean};

const ADDRESS: Address = Address { has_key: false, resource: None };
const HOSTILE: &str = "</style><script>alert(1)</script><img src=x onerror='alert(2)'>\"&\u{202e}";

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap()
}

fn ago(minutes: i64) -> OffsetDateTime {
    now() - Duration::minutes(minutes)
}

fn counts(upserted: u64) -> Counts {
    Counts {
        upserted,
        removed: upserted / 9,
        links: upserted * 2,
        pages: 1 + upserted / 100,
        ..Counts::default()
    }
}

/// A copy that has been followed for thirty runs, the last of which ended so.
fn known(resource: &'static str, state: State, last: Ended) -> ResourceStatus {
    let run = |number: i64, ended| Run {
        at: ago(number * 5),
        ended,
        counts: counts((number * number * 7 % 23) as u64),
        cost: Cost {
            request_charge: 4.2 + (number * 31 % 17) as f64,
            seconds: 0.3 + (number * 13 % 7) as f64 / 10.0,
        },
        as_of: Some(ago(number * 5) - Duration::SECOND),
    };
    let mut runs = vec![run(0, last)];
    runs.extend((1..30).map(|number| run(number, Ended::Well(Ending::Complete))));
    let last_error = match &runs[0].ended {
        Ended::Failed(Failed { error }) | Ended::Unclean(Unclean { error }) => Some(error.clone()),
        Ended::Well(_) => None,
    };
    let held = (state == State::Held).then_some(Held { missing: 30, of: 50, reason: Hold::RemovalLimit });
    let status = Status {
        resource: resource.to_owned(),
        parent: None,
        state,
        as_of: (state != State::Start).then(|| ago(1)),
        lag_seconds: Some(60),
        counts: counts(12_345),
        set_aside: 2,
        checkpoint_age_days: Some(0.04),
        held,
        parents: None,
        not_before: (state == State::Throttled).then(|| ago(-5)),
        last_error,
        unclean: None,
        last_run: runs.first().cloned(),
        runs,
    };
    let subscription = Subscription {
        id: Some("id".into()),
        alive: state != State::Failed,
        expires: Some(ago(-3 * 1440)),
        problem: (state == State::Failed).then(|| HOSTILE.to_owned()),
        notifications: None,
    };
    ResourceStatus { status, subscription: Some(subscription) }
}

fn every_state() -> Vec<ResourceStatus> {
    let until = ago(-5);
    vec![
        known("users", State::Tracking, Ended::Well(Ending::Complete)),
        known("groups", State::Failed, Ended::Failed(Failed { error: HOSTILE.into() })),
        known(
            "devices",
            State::Held,
            Ended::Well(Ending::Held { missing: 30, of: 50, reason: Hold::RemovalLimit }),
        ),
        known("applications", State::Throttled, Ended::Well(Ending::Throttled { until })),
        known("teams", State::Enumerating, Ended::Well(Ending::Continued)),
    ]
}

#[test]
fn every_state_says_what_it_means_and_what_to_do() {
    let page = page::render(&every_state(), ADDRESS, now());
    for words in [
        "5 resources: 1 failed, 1 held, 1 throttled, 1 enumerating, 1 tracking",
        "follows the changes",
        "The last run failed",
        "30 of 50 documents would be removed",
        "graph-mirror sync devices --accept-removals",
        "Microsoft Graph throttles until",
        "13,716 objects on 124 pages so far",
        "used 57 min ago",
    ] {
        assert!(page.contains(words), "{words} is not on the page");
    }
}

#[test]
fn what_others_sent_is_text_and_nothing_else() {
    let page = page::render(&every_state(), ADDRESS, now());
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x"));
    assert!(!page.contains("<script") && !page.contains("<img") && !page.contains(" style="));
    assert_eq!(page.matches("</style>").count(), 1);
    let problem = page::problem(HOSTILE, HOSTILE);
    assert!(!problem.contains("<script") && problem.matches("</style>").count() == 1);
}

#[test]
fn the_policy_allows_the_one_style_sheet_and_nothing_else() {
    use base64::Engine as _;
    use sha2::Digest as _;
    let page = page::render(&every_state(), ADDRESS, now());
    let style = page.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    let hash = base64::prelude::BASE64_STANDARD.encode(sha2::Sha256::digest(style));
    let policy = page::policy();
    assert!(
        policy.starts_with("default-src 'none'; ") && policy.contains(&format!("style-src 'sha256-{hash}'"))
    );
    assert!(!style.contains("url(") && !style.contains("@import"));
}

#[test]
fn the_key_is_named_where_it_is_in_the_address_and_only_there() {
    let named = "The address of this page is a secret.";
    assert!(page::render(&[], Address { has_key: true, ..ADDRESS }, now()).contains(named));
    assert!(!page::render(&[], ADDRESS, now()).contains(named));
}

#[test]
fn the_only_links_lead_away_from_the_page() {
    let page = page::render(&every_state(), Address { has_key: true, resource: Some("users") }, now());
    let links: Vec<_> = page.split("href=\"").skip(1).collect();
    assert!(!links.is_empty());
    // A link without an origin, also one to a place on the page, would be completed with the page's query.
    assert!(links.iter().all(|link| link.starts_with("https://learn.microsoft.com/")), "{links:?}");
}

#[test]
fn a_copy_that_never_began_is_told_as_such() {
    let mut blank = known("users", State::Start, Ended::Well(Ending::Complete));
    let status = &mut blank.status;
    (status.runs, status.last_run, status.lag_seconds, status.checkpoint_age_days) =
        (Vec::new(), None, None, None);
    blank.subscription = None;
    let page = page::render(&[blank], Address { resource: Some("users"), ..ADDRESS }, now());
    for words in ["Nothing is copied yet", "never complete so far", "No run has ended", "NOTIFICATION_SECRET"]
    {
        assert!(page.contains(words), "{words} is not on the page");
    }
    assert!(!page.contains("Overview"), "one resource needs none");
    assert!(page::render(&[], ADDRESS, now()).contains("No resource is mirrored"));
}

#[test]
fn tables_have_headings_and_plots_have_titles() {
    let page = page::render(&every_state(), ADDRESS, now());
    let count = |what: &str| page.matches(what).count();
    assert_eq!(count("<table"), count("<caption"));
    assert_eq!(count("<svg"), 5 * 5);
    assert_eq!(count("role=\"img\""), count("<svg"));
    assert!(page.split("<svg").skip(1).all(|svg| svg.split_once('>').unwrap().1.starts_with("<title>")));
    assert_eq!(count("<th>"), 0, "every heading says what it is over");
}
