//! The checkpoint: how far the copy of one feed is. Plain data; what follows from it is decided by the
//! mirror's plan.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Ids, Link, Listing, Window};

/// The id of every checkpoint.
pub const CHECKPOINT: &str = "checkpoint";

/// How far the copy of one feed is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Checkpoint {
    /// Always `checkpoint`.
    pub id: String,
    /// The feed; also the partition key.
    pub feed: String,
    /// Where in the feed we are.
    #[serde(flatten)]
    pub state: State,
    /// The next page is asked for at the `Location` of a dead token, or by a time in its place. Graph may refuse it.
    #[serde(default)]
    pub at_location: bool,
    /// The token is dead: what changed since this time is read, and then a new generation begins (rule 7).
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub changes_since: Option<OffsetDateTime>,
    /// A round is under way, and tells how things were when it began.
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub open_since: Option<OffsetDateTime>,
    /// Number of the enumeration that the copy rests on.
    pub generation: u64,
    /// When that enumeration began.
    #[serde(with = "time::serde::rfc3339")]
    pub generation_began: OffsetDateTime,
    /// A generation whose sweep has not been finished.
    pub pending_sweep: Option<u64>,
    /// The sweep that is pending takes doubtful links too, and another generation follows it.
    #[serde(default)]
    pub reenumerate: bool,
    /// This generation writes only what differs from the copy: what its enumeration found as it was stored carries an
    /// earlier generation (rule 13).
    #[serde(default, skip_serializing_if = "is_false")]
    pub compares: bool,
    /// So many pages of the enumeration are saved for which the ids of what was left as it was are kept beside the
    /// checkpoint (rule 13).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub seen_pages: u32,
    /// This generation is a first copy that is read as a list, or was (rule 16).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listing: Option<Listing>,
    /// When a save last covered writes of documents.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub wrote_at: Option<OffsetDateTime>,
    /// [`Checkpoint::wrote_at`], as it was when this generation began.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub written_before: Option<OffsetDateTime>,
    /// The range of time that is being read, of a feed that is read by time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// For a feed that is read by time: all objects up to this time were read, and none of them can still arrive late.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub read_until: Option<OffsetDateTime>,
    /// Since when the parent of the feed is gone, and all its documents with it.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<OffsetDateTime>,
    /// Graph refused to show what lies under the parent of the feed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refused>,
    /// So many objects that the enumeration of the generation whose sweep is pending did not show are still shown by their ids: the sweep is held.
    #[serde(default)]
    pub hidden: u64,
    /// This generation began because an object lives that the enumeration before did not show.
    #[serde(default)]
    pub unseen: bool,
    /// Number of this save; every document names the save that covers it.
    pub save: u64,
    /// Since when Graph answers the stored link with server errors only.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<OffsetDateTime>,
    /// Generations that began since a round was complete.
    #[serde(default)]
    pub unfinished_generations: u32,
    /// Generations that began for another shape, each within a day of the one before.
    #[serde(default)]
    pub shape_changes: u32,
    /// The turns that did not end cleanly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unclean: Option<Unclean>,
    /// Save numbers below this one were given by a checkpoint that is lost: nobody knows which of them were confirmed
    /// (rule 7).
    #[serde(default)]
    pub first_save: u64,
    /// Epoch of the lease under which it was saved.
    pub epoch: u64,
    /// Save numbers of turns that did not end cleanly.
    pub abandoned: Vec<Abandoned>,
    /// Hash of what decides what the feed delivers.
    pub shape: String,
    /// The tenant this copy is of.
    pub tenant_id: String,
    /// Resource ids of the containers that the copy lies in, or depends on (rule 14).
    #[serde(default)]
    pub containers: Ids,
    /// Graph asked to be left alone until then.
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub not_before: Option<OffsetDateTime>,
    /// What the copy is as of: when the last complete round began.
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub as_of: Option<OffsetDateTime>,
    /// Until when the links of objects that are gone for good have been removed.
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub links_removed_until: Option<OffsetDateTime>,
    /// What this generation has brought so far.
    pub counts: Counts,
    /// What the turn that saved this had done by then.
    #[serde(default)]
    pub last_run: Option<LastRun>,
}

fn is_false(compares: &bool) -> bool {
    !*compares
}

fn is_zero(pages: &u32) -> bool {
    *pages == 0
}

/// Numbers that no document of a feed carries, nor any higher one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// Of generations.
    pub generation: u64,
    /// Of saves.
    pub save: u64,
}

impl Numbers {
    /// What a feed without a checkpoint starts from, as far as the clock knows: seconds and milliseconds since 1970. No
    /// feed begins a generation a second or saves a thousand times a second, so whatever an earlier checkpoint gave
    /// lies below, unless a clock was wrong.
    pub fn from_time(now: OffsetDateTime) -> Self {
        let seconds = u64::try_from(now.unix_timestamp()).unwrap_or(0);
        let milliseconds = u64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or(0);
        Self { generation: seconds, save: milliseconds }
    }
}

/// A refusal of Graph to show what lies under a parent, such as a user without a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The status of the answer.
    pub status: u16,
}

/// Where in the feed we are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum State {
    /// Nothing was read yet.
    Start,
    /// A full round is under way; no link yet means its first page.
    Enumerating {
        /// The next page.
        link: Option<Link>,
    },
    /// The copy is complete; the link brings what changed since.
    Tracking {
        /// The delta link, or the next page of a round of changes.
        link: Link,
    },
    /// The feed has no delta query, and its last enumeration is complete.
    Listed,
}

impl State {
    /// Whether the last enumeration is complete.
    pub fn is_complete(&self) -> bool {
        matches!(self, Self::Tracking { .. } | Self::Listed)
    }
}

/// Turns that did not end cleanly: they were killed or frozen, or a write of theirs had no certain answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unclean {
    /// How many, since there is a checkpoint.
    pub turns: u64,
    /// When the turn after the last of them noticed it.
    #[serde(with = "time::serde::rfc3339")]
    pub noticed_at: OffsetDateTime,
}

/// A range of abandoned save numbers, both ends included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abandoned {
    /// First.
    pub from: u64,
    /// Last.
    pub to: u64,
    /// When the last of them was abandoned.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// Documents written, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Living documents.
    pub upserted: u64,
    /// Tombstones.
    pub removed: u64,
    /// Objects that were looked up and are as their documents say.
    #[serde(default)]
    pub unchanged: u64,
    /// Objects whose content Cosmos refused.
    pub set_aside: u64,
    /// Links, living ones and tombstones.
    #[serde(default)]
    pub links: u64,
    /// Pages read and saved.
    pub pages: u64,
}

/// A turn, as of its last save.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastRun {
    /// When it saved.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// What it had written.
    pub counts: Counts,
}

impl Counts {
    /// Objects of whose copies it is known how they are.
    pub fn objects(&self) -> u64 {
        self.upserted + self.removed + self.unchanged + self.set_aside
    }

    /// Documents written.
    pub fn written(&self) -> u64 {
        self.upserted + self.removed + self.set_aside + self.links
    }

    /// Whether nothing was there to be written.
    pub fn is_nothing(&self) -> bool {
        self.objects() == 0 && self.links == 0
    }
}

impl std::ops::Add for Counts {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.upserted += other.upserted;
        self.removed += other.removed;
        self.unchanged += other.unchanged;
        self.set_aside += other.set_aside;
        self.links += other.links;
        self.pages += other.pages;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_survives_its_own_json() {
        let checkpoint = Checkpoint {
            id: "checkpoint".into(),
            feed: "users".into(),
            state: State::Enumerating { link: Some(Link::new("https://g/?$skiptoken=x")) },
            at_location: true,
            changes_since: Some(OffsetDateTime::UNIX_EPOCH),
            open_since: Some(OffsetDateTime::UNIX_EPOCH),
            generation: 3,
            generation_began: OffsetDateTime::UNIX_EPOCH,
            pending_sweep: Some(3),
            reenumerate: false,
            compares: true,
            seen_pages: 3,
            listing: Some(Listing::Due),
            wrote_at: Some(OffsetDateTime::UNIX_EPOCH),
            written_before: Some(OffsetDateTime::UNIX_EPOCH),
            window: Some(Window {
                from: OffsetDateTime::UNIX_EPOCH,
                to: OffsetDateTime::UNIX_EPOCH,
                last: true,
            }),
            read_until: Some(OffsetDateTime::UNIX_EPOCH),
            ended: Some(OffsetDateTime::UNIX_EPOCH),
            refused: Some(Refused { at: OffsetDateTime::UNIX_EPOCH, status: 404 }),
            hidden: 2,
            unseen: true,
            save: 17,
            failing_since: Some(OffsetDateTime::UNIX_EPOCH),
            unfinished_generations: 1,
            shape_changes: 0,
            unclean: Some(Unclean { turns: 1, noticed_at: OffsetDateTime::UNIX_EPOCH }),
            first_save: 2,
            epoch: 5,
            abandoned: vec![Abandoned { from: 4, to: 6, at: OffsetDateTime::UNIX_EPOCH }],
            shape: "s".into(),
            tenant_id: "t".into(),
            containers: Ids::from([("users".to_owned(), "rid".to_owned())]),
            not_before: None,
            as_of: Some(OffsetDateTime::UNIX_EPOCH),
            links_removed_until: None,
            counts: Counts::default(),
            last_run: None,
        };
        let json = serde_json::to_string(&checkpoint).unwrap();
        assert!(json.contains(r#""state":"enumerating","link":"https://g/?$skiptoken=x""#), "{json}");
        assert_eq!(serde_json::from_str::<Checkpoint>(&json).unwrap(), checkpoint);
        assert!(!format!("{checkpoint:?}").contains("skiptoken"));
        let start = Checkpoint { state: State::Start, ..checkpoint };
        assert_eq!(
            serde_json::from_str::<Checkpoint>(&serde_json::to_string(&start).unwrap()).unwrap(),
            start
        );
    }
}
