//! The status of a feed, as its control partition shows it. It sends no request to Graph and counts no documents.

use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;

use super::below::Below;
use super::error::SyncError;
use super::quiet;
use super::run::{self, Ended, Failed, Run};
use crate::protocol::plan;
use crate::protocol::{
    CHECKPOINT, Checkpoint, Counts, Ending, Feed, Hold, State as Place, Unclean, Unreadable,
};
use crate::store::{Control, Store, StoreError, children};

/// Run records to read beyond the requested number.
const SPARE: u32 = 3;

/// The status of the copy of one feed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The name of the resource.
    pub resource: String,
    /// The id of the parent, if the feed is part of a resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The state in one word.
    pub state: State,
    /// The copy contains all changes that Graph had reported at this time.
    #[serde(with = "time::serde::rfc3339::option")]
    pub as_of: Option<OffsetDateTime>,
    /// Seconds since `as_of`.
    pub lag_seconds: Option<i64>,
    /// Documents that the current generation has written.
    pub counts: Counts,
    /// Objects of the current generation that could not be stored.
    pub set_aside: u64,
    /// Days since the link in the checkpoint was used: a delta token dies after seven
    /// (<https://learn.microsoft.com/graph/delta-query-overview#token-duration>).
    pub checkpoint_age_days: Option<f64>,
    /// Documents that the removal limit holds back, if it does.
    pub held: Option<Held>,
    /// The time at which Graph may be asked again, if it throttles.
    #[serde(with = "time::serde::rfc3339::option")]
    pub not_before: Option<OffsetDateTime>,
    /// The error of the last turn, if it failed or did not end cleanly.
    pub last_error: Option<String>,
    /// Turns that did not end cleanly, if any.
    pub unclean: Option<Unclean>,
    /// The feeds below parents, if the resource has parents and the status is that of all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parents: Option<Below>,
    /// The last turn with a record.
    pub last_run: Option<Run>,
    /// The last turns with a record, newest first: for display to people.
    #[serde(skip)]
    pub runs: Vec<Run>,
}

/// The state of a feed in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nothing was read yet, or the next turn reads everything again.
    Start,
    /// A full enumeration is in progress.
    Enumerating,
    /// The copy is complete and follows the changes.
    Tracking,
    /// Graph throttles, and the next turn waits.
    Throttled,
    /// The copy is complete, but the removal limit holds removals.
    Held,
    /// The last turn failed.
    Failed,
}

/// The removals that the removal limit holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Held {
    /// The number of documents that would be removed.
    pub missing: u64,
    /// The number of documents that the removals are measured against.
    pub of: u64,
    /// The reason for holding them.
    pub reason: Hold,
}

/// Reads the status of a feed with its last `most` runs; at least one run, if there are any.
///
/// # Errors
/// [`StoreError`] if the control partition cannot be read.
pub async fn status(store: &Store, feed: &Feed, most: u32) -> Result<Status, StoreError> {
    let control = Control::open(store, &feed.key()).await?;
    let checkpoint = control.read::<Checkpoint>(CHECKPOINT).await?;
    // Records of a later version may be among them, and are skipped.
    let mut runs = control.last(run::PREFIX, most.max(1) + SPARE).await?;
    runs.truncate(most.max(1) as usize);
    let checkpoint = checkpoint.map(|found| found.document);
    let as_of = quiet::as_of(&control, checkpoint.as_ref()).await?;
    let checkpoint = checkpoint.map(|checkpoint| Checkpoint { as_of, ..checkpoint });
    Ok(of(feed, checkpoint.as_ref(), runs, OffsetDateTime::now_utc()))
}

/// Reads the status of all feeds of a resource below its parents, as one. It takes one query.
///
/// # Errors
/// As [`status`].
pub async fn status_below(store: &Store, feed: &Feed) -> Result<Status, StoreError> {
    let (children, now) = (children::of(store, &feed.resource).await?, OffsetDateTime::now_utc());
    let below = Below::of(children.values());
    let state = match &below {
        Below { feeds: 0, .. } => State::Start,
        Below { incomplete: 0, .. } => State::Tracking,
        _ => State::Enumerating,
    };
    let as_of = below.oldest;
    let lag_seconds = as_of.map(|then| (now - then).whole_seconds().max(0));
    Ok(Status { state, as_of, lag_seconds, parents: Some(below), ..of(feed, None, Vec::new(), now) })
}

/// A stored checkpoint, for display to people.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// The content of the checkpoint without its link, and with the usual name of its feed.
    pub document: Value,
    /// The reason why a turn cannot continue from it, if there is one.
    pub problem: Option<String>,
}

/// Reads the stored checkpoint of a feed.
///
/// # Errors
/// As [`status`], and if a newer version wrote the checkpoint: the place of its link is then unknown.
pub async fn checkpoint(store: &Store, feed: &Feed) -> Result<Option<Shown>, SyncError> {
    let control = Control::open(store, &feed.key()).await?;
    let Some(found) = control.read_any::<Value>(CHECKPOINT).await? else { return Ok(None) };
    let unreadable = |why| SyncError::unreadable(&feed.key(), why);
    let mut document = found.document.map_err(unreadable)?;
    let is_readable = serde_json::from_value::<Checkpoint>(document.clone()).is_ok();
    hide_links(&mut document);
    if let Some(checkpoint) = document.as_object_mut()
        && let Some(feed) = checkpoint.remove("feed")
    {
        checkpoint.insert("resource".to_owned(), feed);
    }
    let problem = (!is_readable).then(|| unreadable(Unreadable::Malformed).to_string());
    Ok(Some(Shown { document, problem }))
}

/// Hides all links in a value: links contain secrets.
fn hide_links(value: &mut Value) {
    match value {
        Value::String(text) if text.contains("://") => *value = "(a secret)".into(),
        Value::Array(all) => all.iter_mut().for_each(hide_links),
        Value::Object(all) => all.values_mut().for_each(hide_links),
        _ => {}
    }
}

fn of(feed: &Feed, checkpoint: Option<&Checkpoint>, runs: Vec<Run>, now: OffsetDateTime) -> Status {
    let last_run = runs.first().cloned();
    let ended = last_run.as_ref().map(|run| &run.ended);
    let last_error = match ended {
        Some(Ended::Failed(Failed { error }) | Ended::Unclean(run::Unclean { error })) => Some(error.clone()),
        _ => None,
    };
    let stuck = checkpoint.and_then(|one| plan::stuck(one, now)).map(|stuck| stuck.to_string());
    let ahead = checkpoint.and_then(|one| plan::is_ahead(one, now)).map(|ahead| {
        let hours = ahead.whole_hours();
        format!("the last turns ran on a machine whose clock is {hours} h ahead of this one's: one of the two is wrong")
    });
    let last_error = last_error.or(stuck).or(ahead);
    let held = match ended {
        Some(Ended::Well(Ending::Held { missing, of, reason })) => {
            Some(Held { missing: *missing, of: *of, reason: *reason })
        }
        _ => None,
    };
    let not_before = checkpoint.and_then(|one| one.not_before).filter(|until| *until > now);
    let as_of = checkpoint.and_then(|one| one.as_of);
    let counts = checkpoint.map(|one| one.counts).unwrap_or_default();
    let used = checkpoint.and_then(|one| one.last_run.as_ref()).map(|run| run.at);
    let state = match checkpoint.map(|one| &one.state) {
        _ if last_error.is_some() => State::Failed,
        _ if not_before.is_some() => State::Throttled,
        None | Some(Place::Start) => State::Start,
        Some(_) if held.is_some() => State::Held,
        Some(Place::Enumerating { .. }) => State::Enumerating,
        Some(Place::Tracking { .. } | Place::Listed) => State::Tracking,
    };
    let Feed { resource, parent } = feed.clone();
    Status {
        resource,
        parent,
        state,
        as_of,
        lag_seconds: as_of.map(|then| (now - then).whole_seconds().max(0)),
        counts,
        set_aside: counts.set_aside,
        checkpoint_age_days: used.map(|then| ((now - then).as_seconds_f64() / 864.0).round() / 100.0),
        held,
        not_before,
        last_error,
        unclean: checkpoint.and_then(|one| one.unclean),
        parents: None,
        last_run,
        runs,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::protocol::plan::Definition;
    use crate::protocol::{FirstCopy, Ids, LastRun, Link, Numbers};
    use crate::report::run::Cost;

    fn now() -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap()
    }

    fn tracking() -> Checkpoint {
        let definition = Definition {
            feed: "users".into(),
            mode: crate::protocol::Mode::Delta,
            shape: "s".into(),
            tenant_id: "t".into(),
            containers: Ids::new(),
            orphaned: false,
            first_copy: FirstCopy::Delta,
        };
        let then = now() - time::Duration::hours(12);
        Checkpoint {
            state: Place::Tracking { link: Link::new("secret") },
            as_of: Some(then),
            last_run: Some(LastRun { at: then, counts: Counts::default() }),
            ..plan::blank(&definition, Numbers::from_time(then), then)
        }
    }

    fn run(ended: Ended) -> Vec<Run> {
        vec![Run { at: now(), ended, counts: Counts::default(), cost: Cost::default(), as_of: None }]
    }

    #[test]
    fn what_went_wrong_last_comes_first() {
        let failed = || run(Ended::Failed(Failed { error: "no access".into() }));
        let held = || run(Ended::Well(Ending::Held { missing: 30, of: 100, reason: Hold::RemovalLimit }));
        let well = || run(Ended::Well(Ending::Complete));
        let throttled = Checkpoint { not_before: Some(now() + time::Duration::SECOND), ..tracking() };
        let past = Checkpoint { not_before: Some(now()), ..tracking() };
        let start = Checkpoint { state: Place::Start, ..tracking() };
        let state =
            |checkpoint: Option<&Checkpoint>, run| of(&Feed::of("users"), checkpoint, run, now()).state;
        assert_eq!(state(None, Vec::new()), State::Start);
        assert_eq!(state(None, failed()), State::Failed);
        assert_eq!(state(Some(&tracking()), failed()), State::Failed);
        assert_eq!(state(Some(&throttled), well()), State::Throttled);
        assert_eq!(state(Some(&past), well()), State::Tracking);
        assert_eq!(state(Some(&tracking()), held()), State::Held);
        let stuck = Checkpoint { open_since: Some(now() - time::Duration::DAY), ..tracking() };
        assert_eq!(state(Some(&stuck), well()), State::Failed, "however well its turns end");
        assert_eq!(state(Some(&start), held()), State::Start, "what is read anew is weighed anew");
    }

    #[test]
    fn a_link_is_hidden_wherever_it_stands() {
        let mut document =
            json!({"link": "https://g/?$skiptoken=x", "state": {"next": ["http://g/y", 1]}, "save": 3});
        hide_links(&mut document);
        assert_eq!(document, json!({"link": "(a secret)", "state": {"next": ["(a secret)", 1]}, "save": 3}));
    }

    #[test]
    fn a_status_tells_ages_and_no_link() {
        let status = of(
            &Feed::of("users"),
            Some(&tracking()),
            run(Ended::Well(Ending::Held { missing: 3, of: 9, reason: Hold::RemovalLimit })),
            now(),
        );
        assert_eq!((status.lag_seconds, status.checkpoint_age_days), (Some(43_200), Some(0.5)));
        assert_eq!(status.held, Some(Held { missing: 3, of: 9, reason: Hold::RemovalLimit }));
        let json = serde_json::to_string(&status).unwrap();
        assert!(
            json.contains(r#""lastRun":{"at":"2027-01-15T08:00:00Z","outcome":"held","missing":3"#),
            "{json}"
        );
        assert!(!json.contains("secret"));
    }
}
