//! Status: what the control partition of a feed says of it. Nothing is asked of Graph, and nothing counted.

use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;

use super::Mirror;
use super::error::SyncError;
use super::outcome::{Ending, Hold};
use super::run::{self, Ended, Failed, Run};
use crate::catalogue::Row;
use crate::protocol::plan;
use crate::protocol::{CHECKPOINT, Checkpoint, Counts, State as Place, Unclean, Unreadable};
use crate::store::StoreError;

/// Run records that are read beyond those that are asked for.
const SPARE: u32 = 3;

/// How the copy of one feed is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The catalogue's name.
    pub resource: &'static str,
    /// In short.
    pub state: State,
    /// The copy holds what Graph told then, at the latest.
    #[serde(with = "time::serde::rfc3339::option")]
    pub as_of: Option<OffsetDateTime>,
    /// Seconds since then.
    pub lag_seconds: Option<i64>,
    /// What the generation under way has written.
    pub counts: Counts,
    /// Objects of it that could not be stored.
    pub set_aside: u64,
    /// Days since the link in the checkpoint was used: a delta token dies after seven
    /// (<https://learn.microsoft.com/graph/delta-query-overview#token-duration>).
    pub checkpoint_age_days: Option<f64>,
    /// Documents that the sweep's brake holds back, if it does.
    pub held: Option<Held>,
    /// When Graph may be asked again, if it throttles.
    #[serde(with = "time::serde::rfc3339::option")]
    pub not_before: Option<OffsetDateTime>,
    /// Why the last turn failed, if it did.
    pub last_error: Option<String>,
    /// Turns that did not end cleanly, if there were any.
    pub unclean: Option<Unclean>,
    /// The last turn that ended one way or the other.
    pub last_run: Option<Run>,
    /// The last turns that ended one way or the other, the last one first: for people, who see them drawn.
    #[serde(skip)]
    pub runs: Vec<Run>,
}

/// The state of a feed, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nothing was read yet, or all of it is to be read anew.
    Start,
    /// A full walk is under way.
    Enumerating,
    /// The copy is complete and follows the changes.
    Tracking,
    /// Graph asked to be left alone.
    Throttled,
    /// The copy is complete, but removals are held back by the brake.
    Held,
    /// The last turn failed.
    Failed,
}

/// What the brake holds back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Held {
    /// So many documents would go …
    pub missing: u64,
    /// … of so many.
    pub of: u64,
    /// Why they are held.
    pub reason: Hold,
}

/// How the copy of a feed is, with its last `most` runs, of which there is at least one, if there are any.
///
/// # Errors
/// [`StoreError`], when the control partition cannot be read.
pub async fn status(mirror: &Mirror, row: &'static Row, most: u32) -> Result<Status, StoreError> {
    let control = mirror.store.control(row.resource).await?;
    let checkpoint = control.read::<Checkpoint>(CHECKPOINT).await?;
    // Some may be of a later version, and are left out.
    let mut runs = control.last(run::PREFIX, most.max(1) + SPARE).await?;
    runs.truncate(most.max(1) as usize);
    let checkpoint = checkpoint.map(|found| found.document);
    Ok(of(row.resource, checkpoint.as_ref(), runs, OffsetDateTime::now_utc()))
}

/// A checkpoint as it lies there, for people.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// What it says, but for its link, and with its feed named as everywhere else.
    pub document: Value,
    /// Why a turn cannot go on from it, if it cannot.
    pub problem: Option<String>,
}

/// The checkpoint of a feed as it lies there.
///
/// # Errors
/// As [`status`], also when a newer version wrote it: nobody knows then where it has its link.
pub async fn checkpoint(mirror: &Mirror, row: &'static Row) -> Result<Option<Shown>, SyncError> {
    let control = mirror.store.control(row.resource).await?;
    let Some(found) = control.read_any::<Value>(CHECKPOINT).await? else { return Ok(None) };
    let unreadable = |why| SyncError::unreadable(row.resource, why);
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

/// Links are secrets, wherever they stand.
fn hide_links(value: &mut Value) {
    match value {
        Value::String(text) if text.contains("://") => *value = "(a secret)".into(),
        Value::Array(all) => all.iter_mut().for_each(hide_links),
        Value::Object(all) => all.values_mut().for_each(hide_links),
        _ => {}
    }
}

fn of(
    resource: &'static str,
    checkpoint: Option<&Checkpoint>,
    runs: Vec<Run>,
    now: OffsetDateTime,
) -> Status {
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
        Some(Place::Tracking { .. }) => State::Tracking,
    };
    Status {
        resource,
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
        last_run,
        runs,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::mirror::run::Cost;
    use crate::protocol::plan::Definition;
    use crate::protocol::{Ids, LastRun, Numbers, Opaque};

    fn now() -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap()
    }

    fn tracking() -> Checkpoint {
        let definition = Definition {
            feed: "users".into(),
            shape: "s".into(),
            tenant_id: "t".into(),
            containers: Ids::new(),
        };
        let then = now() - time::Duration::hours(12);
        Checkpoint {
            state: Place::Tracking { link: Opaque::new("secret") },
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
        let state = |checkpoint: Option<&Checkpoint>, run| of("users", checkpoint, run, now()).state;
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
            "users",
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
