//! The lease document and the decisions about it, without I/O.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// However far away the end of a lease says it is, it is not later than this after its last write: a
/// clock gone wrong must not lock a feed for years.
const LONGEST: Duration = Duration::from_secs(900);
/// How long looks give way to a walk that waits: two periods of its timer. A walk that does not come by then will not.
const WAITS: Duration = Duration::from_secs(600);

/// What somebody wants the lease for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To follow the feed.
    Walk,
    /// To read some objects by their ids. There may be any number of callers who want that, one after the other, so
    /// whoever does gives way to a walk that waits.
    Look,
}

/// The lease document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Terms {
    id: String,
    feed: String,
    /// The turn that holds it.
    pub holder: Option<String>,
    /// Grows with every acquisition.
    pub epoch: u64,
    /// When it ends, unless it is renewed.
    #[serde(with = "time::serde::rfc3339")]
    pub expires: OffsetDateTime,
    /// Somebody wants the holder to look again.
    pub rung: bool,
    /// The last turn ended with every write answered and saved.
    pub clean: bool,
    /// The holder only looks at objects.
    #[serde(default)]
    looks: bool,
    /// Since when a walk waits for looks to end.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    walk_waits: Option<OffsetDateTime>,
    /// Cosmos' own time stamp of the last write, in seconds.
    #[serde(rename = "_ts", default, skip_serializing)]
    written: i64,
}

/// What somebody who wants the feed does about the lease that it found.
#[derive(Debug, PartialEq, Eq)]
pub enum Entry {
    /// It is this turn's already.
    Ours(Terms),
    /// Take it, by writing this.
    Take {
        /// What to write.
        terms: Terms,
        /// Whether the turn before ended cleanly.
        clean: bool,
    },
    /// Ring, by writing this.
    Ring(Terms),
    /// It is taken, and rung already.
    AlreadyRung(Terms),
    /// It is free, and a walk is due first.
    GiveWay(Terms),
}

/// The epoch of a lease whose document is missing: above that of the checkpoint, and from time (microseconds since 1970),
/// so that a turn that still holds the lost lease has another one.
pub fn first_epoch(checkpoint: Option<u64>, now: OffsetDateTime) -> u64 {
    let from_time = u64::try_from(now.unix_timestamp_nanos() / 1000).unwrap_or(0);
    from_time.max(checkpoint.map_or(0, |epoch| epoch + 1))
}

/// Decides about the lease that was found.
pub fn enter(found: Terms, holder: &str, purpose: Purpose, now: OffsetDateTime, life: Duration) -> Entry {
    let looks = purpose == Purpose::Look;
    match &found.holder {
        Some(name) if name == holder => Entry::Ours(found),
        Some(_) if now < found.end() => match (found.looks && !looks && !found.is_awaited(now), found.rung) {
            (true, _) => Entry::Ring(Terms { rung: true, walk_waits: Some(now), ..found }),
            (false, true) => Entry::AlreadyRung(found),
            (false, false) => Entry::Ring(Terms { rung: true, ..found }),
        },
        _ if looks && found.is_awaited(now) => Entry::GiveWay(found),
        _ => {
            let clean = found.clean;
            let (epoch, holder) = (found.epoch + 1, Some(holder.to_owned()));
            let (expires, walk_waits) = (now + life, None);
            // A look does not do what somebody rang for.
            let rung = found.rung && looks;
            let terms = Terms { holder, epoch, expires, rung, clean: false, looks, walk_waits, ..found };
            Entry::Take { terms, clean }
        }
    }
}

impl Terms {
    /// The lease of a feed that has none, or has lost it.
    pub fn first(feed: &str, holder: &str, purpose: Purpose, epoch: u64, expires: OffsetDateTime) -> Self {
        Self {
            id: "lease".into(),
            feed: feed.into(),
            holder: Some(holder.into()),
            epoch,
            expires,
            rung: false,
            clean: false,
            looks: purpose == Purpose::Look,
            walk_waits: None,
            written: 0,
        }
    }

    /// When it ends: as it says, but never absurdly long after it was written.
    pub fn end(&self) -> OffsetDateTime {
        match OffsetDateTime::from_unix_timestamp(self.written) {
            Ok(written) if self.written > 0 => self.expires.min(written + LONGEST),
            _ => self.expires,
        }
    }

    /// The same turn's lease, whatever else changed.
    pub fn is_same_turn(&self, other: &Self) -> bool {
        self.epoch == other.epoch && self.holder == other.holder
    }

    /// With a new end.
    pub fn renewed(&self, now: OffsetDateTime, life: Duration) -> Self {
        Self { expires: now + life, ..self.clone() }
    }

    /// Whether a walk waits, and is still to be expected.
    fn is_awaited(&self, now: OffsetDateTime) -> bool {
        self.walk_waits.is_some_and(|since| (now - since).unsigned_abs() < WAITS)
    }

    /// With what others have asked for in `other`.
    pub fn ringing_as(self, other: &Self) -> Self {
        Self { rung: other.rung, walk_waits: other.walk_waits, ..self }
    }

    /// With the ring cleared.
    pub fn unrung(&self) -> Self {
        Self { rung: false, ..self.clone() }
    }

    /// Given back, with an epoch that is not below that of the checkpoint.
    pub fn returned(&self, clean: bool, checkpoint: u64) -> Self {
        Self { holder: None, clean, epoch: self.epoch.max(checkpoint), ..self.clone() }
    }
}

#[cfg(test)]
mod tests;
