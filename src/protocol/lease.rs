//! The lease document and the decisions about it: who may take it, until when, and with which epoch (rule 1).

use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

mod clock;
mod state;

pub use self::clock::{Span, borne_out};
pub use self::state::{LeaseState, Released};

/// Leases of earlier versions do not contain their duration, but none lasts longer than this.
const LONGEST: Duration = Duration::from_secs(600);
/// How long lookups give way to a waiting sync: two periods of the sync timer. A sync that has not started by then is
/// no longer expected.
const WAITS: Duration = Duration::from_secs(600);

/// Why a turn acquires the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To read the feed.
    Sync,
    /// To read some objects by their ids. Any number of callers may do this in sequence, so a lookup gives way to a
    /// waiting sync.
    LookUp,
}

/// The lease document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Terms {
    id: String,
    feed: String,
    /// The turn that holds it.
    pub holder: Option<String>,
    /// A number that grows with every acquisition.
    pub epoch: u64,
    /// When the lease ends, unless it is renewed.
    #[serde(with = "time::serde::rfc3339")]
    pub expires: OffsetDateTime,
    /// How many seconds the lease lasts from each renewal, so that no reader has to trust the clock that wrote its end.
    #[serde(default)]
    life_seconds: Option<u64>,
    /// Whether another run requested that the holder check for changes again.
    pub rerun_requested: bool,
    /// Whether the last turn ended with every write answered and saved.
    pub clean: bool,
    /// Whether the last turn that gave it back found no document that is doubtful, and left none (rule 15).
    #[serde(default)]
    pub settled: bool,
    /// Whether the holder only reads objects by id.
    #[serde(default)]
    looks: bool,
    /// Since when a sync has been waiting for lookups to end.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    sync_waits: Option<OffsetDateTime>,
    /// The second in which Cosmos wrote the document, from its `_ts`.
    #[serde(rename = "_ts", default, skip_serializing)]
    pub written: i64,
}

/// What a turn does about the lease document that it read.
#[derive(Debug, PartialEq, Eq)]
pub enum Entry {
    /// There is no lease document: create it with these terms.
    Create(Terms),
    /// This turn already holds the lease.
    Ours(Terms),
    /// Take the lease by writing these terms.
    Take {
        /// The terms to write.
        terms: Terms,
        /// Whether the previous turn ended cleanly.
        clean: bool,
    },
    /// Request a rerun by writing these terms.
    RequestRerun(Terms),
    /// Another turn holds the lease, and a rerun is already requested.
    AlreadyRequested(Terms),
    /// The lease is free, but a waiting sync goes first.
    GiveWay(Terms),
}

/// The epoch of the first turn that takes a lease whose document was missing. It is above the epoch of the checkpoint
/// and derived from time (microseconds since 1970), so that a turn that still holds the lost lease has a lower one. The
/// second is the one in which Cosmos wrote the new document; within it, the machine's own clock is precise enough to
/// distinguish two losses.
pub fn first_epoch(checkpoint: Option<u64>, written: i64, own: OffsetDateTime) -> u64 {
    let from_time = u64::try_from(written).unwrap_or(0) * 1_000_000 + u64::from(own.microsecond());
    from_time.max(checkpoint.map_or(0, |epoch| epoch + 1))
}

/// Decides what to do about the lease document that was read.
pub fn enter(found: Terms, holder: &str, purpose: Purpose, now: OffsetDateTime, life: Duration) -> Entry {
    let looks = purpose == Purpose::LookUp;
    match &found.holder {
        Some(name) if name == holder => Entry::Ours(found),
        Some(_) if now < found.end() => {
            match (found.looks && !looks && !found.is_awaited(now), found.rerun_requested) {
                (true, _) => Entry::RequestRerun(Terms { sync_waits: Some(now), ..found.requesting_rerun() }),
                (false, true) if found.expires == found.end() => Entry::AlreadyRequested(found),
                (false, _) => Entry::RequestRerun(found.requesting_rerun()),
            }
        }
        _ if looks && found.is_awaited(now) => Entry::GiveWay(found),
        _ => {
            let clean = found.clean;
            let (epoch, holder) = (found.epoch + 1, Some(holder.to_owned()));
            // A lookup does not carry out a requested rerun.
            let rerun_requested = found.rerun_requested && looks;
            let terms =
                Terms { holder, epoch, rerun_requested, clean: false, looks, sync_waits: None, ..found };
            Entry::Take { terms: terms.renewed(now, life), clean }
        }
    }
}

impl Terms {
    /// The lease of a feed that has none or has lost it: free, and not clean, because it is unknown how the last turn
    /// ended and whether it has ended. The first turn that takes the lease sets its first epoch.
    pub fn created(feed: &str) -> Self {
        Self {
            id: "lease".into(),
            feed: feed.into(),
            holder: None,
            epoch: 0,
            expires: OffsetDateTime::UNIX_EPOCH,
            life_seconds: None,
            rerun_requested: false,
            clean: false,
            settled: false,
            looks: false,
            sync_waits: None,
            written: 0,
        }
    }

    /// Whether no turn has taken the lease since it was created.
    pub fn is_new(&self) -> bool {
        self.epoch == 0
    }

    /// Sets the epoch to the one before that of the first turn.
    pub fn before_first(self, checkpoint: Option<u64>, own: OffsetDateTime) -> Self {
        Self { epoch: first_epoch(checkpoint, self.written, own) - 1, ..self }
    }

    /// When the lease ends: at its written end, but no later than its duration after Cosmos wrote it. A clock that is
    /// ahead must not lock a feed.
    pub fn end(&self) -> OffsetDateTime {
        let life = self.life_seconds.map_or(LONGEST, Duration::from_secs);
        match OffsetDateTime::from_unix_timestamp(self.written + 1) {
            Ok(written) if self.written > 0 => self.expires.min(written + life),
            _ => self.expires,
        }
    }

    /// These terms with a rerun requested. The effective end is written, because this write changes the `_ts` from
    /// which it would be computed.
    fn requesting_rerun(self) -> Self {
        Self { rerun_requested: true, expires: self.end(), ..self }
    }

    /// Whether both leases belong to the same turn, whatever else changed.
    pub fn is_same_turn(&self, other: &Self) -> bool {
        self.epoch == other.epoch && self.holder == other.holder
    }

    /// These terms with a new end.
    pub fn renewed(&self, now: OffsetDateTime, life: Duration) -> Self {
        let life_seconds = Some(life.as_secs_f64().ceil() as u64);
        Self { expires: now + life, life_seconds, ..self.clone() }
    }

    /// Whether a sync is waiting and still expected to start.
    fn is_awaited(&self, now: OffsetDateTime) -> bool {
        self.sync_waits.is_some_and(|since| (now - since).unsigned_abs() < WAITS)
    }

    /// These terms with the requests of other turns from `other`.
    pub fn with_request_of(self, other: &Self) -> Self {
        Self { rerun_requested: other.rerun_requested, sync_waits: other.sync_waits, ..self }
    }

    /// These terms with the rerun request cleared.
    fn without_request(&self) -> Self {
        Self { rerun_requested: false, ..self.clone() }
    }

    /// How much of the lease is left for the turn that wrote it. The clock may have been set since, so the result is
    /// never more than the duration of the lease.
    pub fn left(&self, now: OffsetDateTime) -> Duration {
        let life = self.life_seconds.map_or(LONGEST, Duration::from_secs);
        Duration::try_from(self.expires - now).unwrap_or(Duration::ZERO).min(life)
    }

    /// The terms that the holder writes to release the lease. `settled`: what it knows of doubtful documents; none if it
    /// knows nothing new. If a rerun was requested, and the holder would `stay` for it and has ended cleanly, the holder keeps
    /// the lease, clears the request and checks for changes again.
    pub fn given_back(
        &self,
        clean: bool,
        stay: bool,
        settled: Option<bool>,
        checkpoint: u64,
    ) -> (Self, Released) {
        match self.rerun_requested && clean && stay {
            true => (self.without_request(), Released::RerunRequested),
            false => (self.returned(clean, settled, checkpoint), Released::Done),
        }
    }

    /// The terms of the released lease, with an epoch that is not below that of the checkpoint.
    fn returned(&self, clean: bool, settled: Option<bool>, checkpoint: u64) -> Self {
        let settled = settled.unwrap_or(self.settled);
        Self { holder: None, clean, settled, epoch: self.epoch.max(checkpoint), ..self.clone() }
    }
}

#[cfg(test)]
mod tests;
