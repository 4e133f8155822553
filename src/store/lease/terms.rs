//! The lease document and the decisions about it, without I/O.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// However far away the end of a lease says it is, it is not later than this after its last write: a
/// clock gone wrong must not lock a feed for years.
const LONGEST: Duration = Duration::from_secs(900);

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
}

/// The epoch of a lease whose document is missing: above that of the checkpoint, and from time (microseconds since 1970),
/// so that a turn that still holds the lost lease has another one.
pub fn first_epoch(checkpoint: Option<u64>, now: OffsetDateTime) -> u64 {
    let from_time = u64::try_from(now.unix_timestamp_nanos() / 1000).unwrap_or(0);
    from_time.max(checkpoint.map_or(0, |epoch| epoch + 1))
}

/// Decides about the lease that was found.
pub fn enter(found: Terms, holder: &str, now: OffsetDateTime, life: Duration) -> Entry {
    match &found.holder {
        Some(name) if name == holder => Entry::Ours(found),
        Some(_) if now < found.end() && found.rung => Entry::AlreadyRung(found),
        Some(_) if now < found.end() => Entry::Ring(Terms { rung: true, ..found }),
        _ => {
            let clean = found.clean;
            let epoch = found.epoch + 1;
            let holder = Some(holder.to_owned());
            let terms = Terms { holder, epoch, expires: now + life, rung: false, clean: false, ..found };
            Entry::Take { terms, clean }
        }
    }
}

impl Terms {
    /// The lease of a feed that has none, or has lost it.
    pub fn first(feed: &str, holder: &str, epoch: u64, expires: OffsetDateTime) -> Self {
        Self {
            id: "lease".into(),
            feed: feed.into(),
            holder: Some(holder.into()),
            epoch,
            expires,
            rung: false,
            clean: false,
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

    /// With the ring of `other`.
    pub fn ringing_as(self, other: &Self) -> Self {
        Self { rung: other.rung, ..self }
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
mod tests {
    use super::*;

    const LIFE: Duration = Duration::from_secs(15);

    fn now() -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap()
    }

    fn taken() -> Terms {
        let first = Terms::first("users", "a", 1, now() + LIFE);
        Terms { written: now().unix_timestamp(), ..first }
    }

    #[test]
    fn a_lost_lease_starts_above_the_checkpoint_and_above_whoever_holds_the_lost_one() {
        assert!(first_epoch(Some(12), now()) > first_epoch(Some(12), now() - Duration::from_micros(1)));
        assert!(first_epoch(None, now()) > 1_000_000_000_000);
        assert_eq!(first_epoch(Some(u64::MAX - 1), now()), u64::MAX, "a clock that was ahead");
    }

    #[test]
    fn a_lease_that_is_older_than_the_checkpoint_is_given_back_with_its_epoch() {
        assert_eq!(taken().returned(false, 12).epoch, 12);
        assert_eq!(taken().returned(true, 0).epoch, taken().epoch);
    }

    #[test]
    fn the_first_one_takes_it_and_the_second_one_rings_once() {
        let rung = match enter(taken(), "b", now(), LIFE) {
            Entry::Ring(terms) => terms,
            other => panic!("{other:?}"),
        };
        assert!(rung.rung && rung.is_same_turn(&taken()));
        assert_eq!(enter(rung.clone(), "c", now(), LIFE), Entry::AlreadyRung(rung));
    }

    #[test]
    fn an_expired_lease_is_taken_with_the_next_epoch_and_was_not_clean() {
        match enter(taken(), "b", now() + LIFE, LIFE) {
            Entry::Take { terms, clean } => {
                assert_eq!((terms.epoch, clean, terms.clean, terms.rung), (2, false, false, false))
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_returned_lease_tells_how_its_turn_ended() {
        for ended in [true, false] {
            match enter(taken().returned(ended, 0), "b", now(), LIFE) {
                Entry::Take { clean, .. } => assert_eq!(clean, ended),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_lost_answer_to_our_own_write_is_recognised() {
        assert_eq!(enter(taken(), "a", now(), LIFE), Entry::Ours(taken()));
    }

    #[test]
    fn an_absurd_end_is_capped() {
        let absurd = Terms { expires: now() + Duration::from_secs(86_400 * 365), ..taken() };
        assert!(matches!(enter(absurd.clone(), "b", now() + LONGEST / 2, LIFE), Entry::Ring(_)));
        assert!(matches!(enter(absurd, "b", now() + LONGEST, LIFE), Entry::Take { .. }));
    }
}
