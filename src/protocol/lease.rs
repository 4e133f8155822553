//! The lease document and the decisions about it: who may take it, until when, and with which epoch (rule 1).

use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

mod clock;
mod state;

pub use self::clock::{Span, borne_out};
pub use self::state::{LeaseState, Released};

/// Leases of earlier versions do not say how long they last, but none lasts longer.
const LONGEST: Duration = Duration::from_secs(600);
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
    /// How many seconds it lasts from each renewal, so that nobody has to believe the clock by which it ends.
    #[serde(default)]
    life_seconds: Option<u64>,
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
    /// The second in which Cosmos wrote it, as Cosmos says.
    #[serde(rename = "_ts", default, skip_serializing)]
    pub written: i64,
}

/// What somebody who wants the feed does about the lease that it found.
#[derive(Debug, PartialEq, Eq)]
pub enum Entry {
    /// There is none: create it, by writing this.
    Create(Terms),
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

/// The epoch of the first turn that takes a lease whose document was missing: above that of the checkpoint, and from time
/// (microseconds since 1970), so that a turn that still holds the lost lease has a lower one. The second is the one in
/// which Cosmos wrote the new document; within it, the machine's own clock is good enough to tell two losses apart.
pub fn first_epoch(checkpoint: Option<u64>, written: i64, own: OffsetDateTime) -> u64 {
    let from_time = u64::try_from(written).unwrap_or(0) * 1_000_000 + u64::from(own.microsecond());
    from_time.max(checkpoint.map_or(0, |epoch| epoch + 1))
}

/// Decides about the lease that was found.
pub fn enter(found: Terms, holder: &str, purpose: Purpose, now: OffsetDateTime, life: Duration) -> Entry {
    let looks = purpose == Purpose::Look;
    match &found.holder {
        Some(name) if name == holder => Entry::Ours(found),
        Some(_) if now < found.end() => match (found.looks && !looks && !found.is_awaited(now), found.rung) {
            (true, _) => Entry::Ring(Terms { walk_waits: Some(now), ..found.ringing() }),
            (false, true) if found.expires == found.end() => Entry::AlreadyRung(found),
            (false, _) => Entry::Ring(found.ringing()),
        },
        _ if looks && found.is_awaited(now) => Entry::GiveWay(found),
        _ => {
            let clean = found.clean;
            let (epoch, holder) = (found.epoch + 1, Some(holder.to_owned()));
            // A look does not do what somebody rang for.
            let rung = found.rung && looks;
            let terms = Terms { holder, epoch, rung, clean: false, looks, walk_waits: None, ..found };
            Entry::Take { terms: terms.renewed(now, life), clean }
        }
    }
}

impl Terms {
    /// The lease of a feed that has none, or has lost it: free, and not clean, since nobody knows how the last turn ended,
    /// and whether it has ended at all. Whoever takes it gives it its first epoch.
    pub fn created(feed: &str) -> Self {
        Self {
            id: "lease".into(),
            feed: feed.into(),
            holder: None,
            epoch: 0,
            expires: OffsetDateTime::UNIX_EPOCH,
            life_seconds: None,
            rung: false,
            clean: false,
            looks: false,
            walk_waits: None,
            written: 0,
        }
    }

    /// Whether nobody has taken it since it was created.
    pub fn is_new(&self) -> bool {
        self.epoch == 0
    }

    /// With the epoch before that of whoever takes it first.
    pub fn before_first(self, checkpoint: Option<u64>, own: OffsetDateTime) -> Self {
        Self { epoch: first_epoch(checkpoint, self.written, own) - 1, ..self }
    }

    /// When it ends: as it says, but not later than what it lasts after Cosmos wrote it. A clock that is ahead must not
    /// lock a feed.
    pub fn end(&self) -> OffsetDateTime {
        let life = self.life_seconds.map_or(LONGEST, Duration::from_secs);
        match OffsetDateTime::from_unix_timestamp(self.written + 1) {
            Ok(written) if self.written > 0 => self.expires.min(written + life),
            _ => self.expires,
        }
    }

    /// With a ring. Its end is said as it is believed, since this write moves the time from which it would be reckoned.
    fn ringing(self) -> Self {
        Self { rung: true, expires: self.end(), ..self }
    }

    /// The same turn's lease, whatever else changed.
    pub fn is_same_turn(&self, other: &Self) -> bool {
        self.epoch == other.epoch && self.holder == other.holder
    }

    /// With a new end.
    pub fn renewed(&self, now: OffsetDateTime, life: Duration) -> Self {
        let life_seconds = Some(life.as_secs_f64().ceil() as u64);
        Self { expires: now + life, life_seconds, ..self.clone() }
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
    fn unrung(&self) -> Self {
        Self { rung: false, ..self.clone() }
    }

    /// How much is left of it for the turn that wrote it, by a clock that somebody may have set since: never more than it
    /// lasts.
    pub fn left(&self, now: OffsetDateTime) -> Duration {
        let life = self.life_seconds.map_or(LONGEST, Duration::from_secs);
        Duration::try_from(self.expires - now).unwrap_or(Duration::ZERO).min(life)
    }

    /// What its holder writes to give it back. Where somebody rang, and the holder would `stay` for that and has ended
    /// cleanly, it keeps the lease with the ring cleared, and looks again.
    pub fn given_back(&self, clean: bool, stay: bool, checkpoint: u64) -> (Self, Released) {
        match self.rung && clean && stay {
            true => (self.unrung(), Released::Rung),
            false => (self.returned(clean, checkpoint), Released::Done),
        }
    }

    /// Given back, with an epoch that is not below that of the checkpoint.
    fn returned(&self, clean: bool, checkpoint: u64) -> Self {
        Self { holder: None, clean, epoch: self.epoch.max(checkpoint), ..self.clone() }
    }
}

#[cfg(test)]
mod tests;
