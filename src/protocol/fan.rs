//! Which feeds below parents are due. Pure.
//!
//! A resource such as the messages of mail folders has one feed below each parent. A fan-out compares the parents with
//! the checkpoints of these feeds, and names those that a turn has to look at, a bounded slice at a time. A parent that is
//! not meant any more gets a note beside the checkpoint of its feed; the turn that finds it removes what lies below.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::Refused;

/// The id of the document that keeps how far a fan-out is.
pub const FAN_OUT: &str = "fanOut";
/// The id of the note that a parent is not meant any more.
pub const LEFT: &str = "left";
/// How long a parent that Graph refused to show is left alone.
const REFUSED: Duration = Duration::DAY;
/// A round through all parents does not begin earlier after the one before than this, or than a parent is due.
const ROUND: Duration = Duration::HOUR;

/// How far a fan-out is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Position {
    /// Always [`FAN_OUT`].
    pub id: String,
    /// The resource; also the partition key.
    pub feed: String,
    /// When the round through all parents began.
    #[serde(with = "time::serde::rfc3339")]
    pub began: OffsetDateTime,
    /// The last parent that the round has reached; none: it is complete.
    pub last: Option<String>,
}

/// A note beside the checkpoint of a feed: its parent is not meant any more, or is so again, or was not
/// listed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// Always [`LEFT`].
    pub id: String,
    /// The key of the feed; also the partition key.
    pub feed: String,
    /// Whether the parent left.
    pub left: bool,
    /// Since when.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The parent was not listed, and is not known to have left.
    #[serde(default)]
    pub missing: bool,
    /// The second in which Cosmos DB wrote the first version that says so, since 1970; none in that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    /// The second in which Cosmos DB wrote this version, from its `_ts`.
    #[serde(rename = "_ts", default, skip_serializing)]
    pub written: i64,
}

impl Note {
    /// A note of `at`; `left`: the parent is not meant any more.
    pub fn new(feed: &str, left: bool, at: OffsetDateTime) -> Self {
        let (id, feed) = (LEFT.to_owned(), feed.to_owned());
        Self { id, feed, left, at, missing: false, since: None, written: 0 }
    }
}

/// A parent, by the path of its ids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Parent {
    /// The ids, percent-encoded and joined by `/`.
    pub path: String,
    /// Whether it is there.
    pub standing: Standing,
}

/// Whether a parent is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It is, and what lies below it is copied.
    Living,
    /// It was removed, and its own copy says so.
    Gone,
    /// The deployment does not choose it any more, or Graph has it no more.
    Left,
}

/// What the checkpoint of a feed below a parent says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Child {
    /// What its copy is as of.
    pub as_of: Option<OffsetDateTime>,
    /// Its parent is gone, and its documents went too.
    pub ended: bool,
    /// Graph refused to show it.
    pub refused: Option<Refused>,
    /// A note says that its parent left.
    pub left: bool,
    /// The second in which it was noted that its parent was not listed, since 1970.
    pub missing: Option<i64>,
}

/// A slice of the parents below which a feed is due.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Slice {
    /// The parents, in the order of their paths.
    pub due: Vec<String>,
    /// The last one, if there are more.
    pub last: Option<String>,
}

/// Whether a look at the second `now` decides that a parent has left that was not listed at the second `since`. A replica may
/// not know yet that it was created. It was, before `since`, since something was copied below it; and `doubt` later each
/// replica knows. If it was restored after that, it had left. Seconds are those in which Cosmos DB wrote.
pub fn is_settled(since: i64, now: i64, doubt: std::time::Duration) -> bool {
    let waits = i64::try_from(doubt.as_secs_f64().ceil() as u64).unwrap_or(i64::MAX);
    now.saturating_sub(since).saturating_sub(1) >= waits
}

/// Whether a round may begin now.
pub fn may_begin(position: Option<&Position>, every: Duration, now: OffsetDateTime) -> bool {
    position.is_none_or(|position| {
        let pause = ROUND.min(every);
        // A clock that was ahead must not stop the rounds.
        position.last.is_some() || now - position.began >= pause || position.began > now
    })
}

/// The next `most` parents after `last` below which a feed is due.
pub fn slice(
    mut parents: Vec<Parent>,
    children: &HashMap<String, Child>,
    every: Duration,
    now: OffsetDateTime,
    (last, most): (Option<&str>, usize),
) -> Slice {
    parents.sort_unstable();
    let after = parents.into_iter().filter(|parent| last.is_none_or(|last| *parent.path > *last));
    let mut due = after.filter(|parent| is_due(parent, children.get(&parent.path), every, now));
    let some: Vec<_> = due.by_ref().take(most).map(|parent| parent.path).collect();
    let last = due.next().and_then(|_| some.last().cloned());
    Slice { due: some, last }
}

/// How many parents leave now, and of how many: both are counted where something is copied below them.
pub fn leaving(parents: &[Parent], children: &HashMap<String, Child>) -> (u64, u64) {
    let is_copied = |path: &str| children.get(path).filter(|child| !child.ended);
    let leaves = |parent: &&Parent| {
        parent.standing == Standing::Left && is_copied(&parent.path).is_some_and(|child| !child.left)
    };
    let of = children.values().filter(|child| !child.ended).count();
    (parents.iter().filter(leaves).count() as u64, of as u64)
}

fn is_due(parent: &Parent, child: Option<&Child>, every: Duration, now: OffsetDateTime) -> bool {
    let is_old = |at: OffsetDateTime, age: Duration| now - at >= age || at > now + Duration::HOUR;
    let is_there = parent.standing == Standing::Living;
    match child {
        None => is_there,
        Some(child) if !is_there => !child.ended,
        // The note has to go before anybody looks at the feed.
        Some(child) if child.ended || child.left => true,
        Some(Child { refused: Some(refused), .. }) => is_old(refused.at, REFUSED),
        Some(child) => child.as_of.is_none_or(|as_of| is_old(as_of, every)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + Duration::days(1000)
    }

    fn named(children: &[(&str, Child)], gone: &[&str], all: &[&str]) -> Slice {
        let children = children.iter().map(|(path, child)| ((*path).to_owned(), *child)).collect();
        let standing = |path| if gone.contains(path) { Standing::Gone } else { Standing::Living };
        let parents = all.iter().map(|path| Parent { path: (*path).into(), standing: standing(path) });
        slice(parents.collect(), &children, Duration::DAY, now(), (None, 10))
    }

    #[test]
    fn what_is_new_old_back_or_gone_is_due() {
        let read = |hours| Child {
            as_of: Some(now() - Duration::hours(hours)),
            ended: false,
            refused: None,
            left: false,
            missing: None,
        };
        let refused = |hours| {
            let refused = Some(Refused { at: now() - Duration::hours(hours), status: 404 });
            Child { refused, ..read(1) }
        };
        let ended = Child { ended: true, ..read(1) };
        let children = [
            ("fresh", read(1)),
            ("old", read(25)),
            ("refused", refused(3)),
            ("refused-old", refused(30)),
            ("gone", read(1)),
            ("gone-for-long", ended),
            ("back", ended),
            ("of-a-wrong-clock", read(-2000)),
        ];
        let all = ["new", "never", "fresh", "old", "refused", "refused-old", "gone", "gone-for-long", "back"];
        let slice = named(
            &children,
            &["gone", "gone-for-long", "never"],
            &[&all[..], &["of-a-wrong-clock"]].concat(),
        );
        assert_eq!(slice.due, ["back", "gone", "new", "of-a-wrong-clock", "old", "refused-old"]);
        assert_eq!(slice.last, None);
    }

    #[test]
    fn a_parent_has_left_when_no_replica_can_be_behind_the_note_any_more() {
        let doubt = std::time::Duration::from_millis(900_500);
        assert!(!is_settled(1000, 1000, doubt) && !is_settled(1000, 1901, doubt));
        assert!(is_settled(1000, 1902, doubt));
        let none = std::time::Duration::ZERO;
        assert!(!is_settled(1000, 1000, none) && is_settled(1000, 1001, none));
        assert!(!is_settled(1000, 10, none) && !is_settled(i64::MAX, i64::MIN, doubt));
    }

    #[test]
    fn slices_cover_all_parents_once() {
        let parents: Vec<_> =
            (0..25).map(|n| Parent { path: format!("{n:02}"), standing: Standing::Living }).collect();
        let (mut last, mut all): (Option<String>, Vec<String>) = (None, Vec::new());
        loop {
            let next = slice(parents.clone(), &HashMap::new(), Duration::DAY, now(), (last.as_deref(), 10));
            all.extend(next.due);
            last = next.last;
            if last.is_none() {
                break;
            }
        }
        assert_eq!(all, (0..25).map(|n| format!("{n:02}")).collect::<Vec<_>>());
    }

    #[test]
    fn a_parent_leaves_once_and_only_where_something_is_copied() {
        let child = Child { as_of: Some(now()), ended: false, refused: None, left: false, missing: None };
        let children: HashMap<_, _> = [
            ("leaves", child),
            ("noted", Child { left: true, ..child }),
            ("ended", Child { ended: true, left: true, ..child }),
            ("stays", child),
        ]
        .map(|(path, child)| (path.to_owned(), child))
        .into();
        let parent = |path: &str| {
            let standing = if path == "stays" { Standing::Living } else { Standing::Left };
            Parent { path: path.into(), standing }
        };
        let parents = ["leaves", "noted", "ended", "stays", "never"].map(parent);
        assert_eq!(leaving(&parents, &children), (1, 3));
        let due = slice(parents.to_vec(), &children, Duration::DAY, now(), (None, 10)).due;
        assert_eq!(due, ["leaves", "noted"], "until what lies below is removed");
        let back = Parent { path: "noted".into(), standing: Standing::Living };
        let due = slice(vec![back], &children, Duration::DAY, now(), (None, 10)).due;
        assert_eq!(due, ["noted"], "a parent that is meant again, however new its copy is");
    }

    #[test]
    fn a_round_that_goes_on_does_not_wait() {
        let position = |hours: i64, last: Option<&str>| Position {
            id: FAN_OUT.into(),
            feed: "messages".into(),
            began: now() - Duration::hours(hours),
            last: last.map(str::to_owned),
        };
        let may = |position: &Position| may_begin(Some(position), Duration::DAY, now());
        assert!(
            may_begin(None, Duration::DAY, now()) && may(&position(2, None)) && may(&position(0, Some("a")))
        );
        assert!(!may(&position(0, None)), "each timer would queue the same feeds again");
        assert!(may(&position(-5, None)), "a clock was ahead");
    }
}
