//! Taking a lease, or requesting a rerun from the turn that holds it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use time::OffsetDateTime;

use super::clock::Clock;
use super::until::Until;
use super::{Held, ID, Lease, TRIES};
use crate::protocol::lease::{self, Entry};
use crate::protocol::{Purpose, Terms};
use crate::store::control::{Control, Saved};
use crate::store::error::StoreError;

/// How an acquisition ended.
#[derive(Debug)]
pub enum Acquired {
    /// The feed is ours.
    Held {
        /// The lease.
        lease: Arc<Lease>,
        /// Whether the turn before us ended cleanly; if not, its save number must be abandoned.
        clean: bool,
    },
    /// Somebody else holds it, and a rerun is requested; or a sync has waited for it longer than this look.
    Busy {
        /// When that lease ends, unless it is renewed.
        until: OffsetDateTime,
    },
}

/// Takes the lease of a feed for `holder`, a name unique to this turn, or requests a rerun. A look gives way to a
/// sync that waits for the lease.
///
/// # Errors
/// [`StoreError`], when the lease could not be read or written for certain.
pub async fn acquire(
    control: &Control,
    holder: &str,
    purpose: Purpose,
    life: Duration,
) -> Result<Acquired, StoreError> {
    let (mut was_clean, mut is_newest, started) = (false, false, Instant::now());
    for _ in 0..TRIES {
        let (begun, now) = (Instant::now(), OffsetDateTime::now_utc());
        let deadline = begun + life / 2;
        let found: Option<Saved<Terms>> = control.read(ID).await?;
        let etag = found.as_ref().map(|found| found.etag.clone());
        let entry = match found {
            Some(found) => {
                let terms = match found.document.is_new() {
                    true => found.document.before_first(control.checkpoint_epoch().await?, now),
                    false => found.document,
                };
                lease::enter(terms, holder, purpose, now, life)
            }
            None => Entry::Create(Terms::created(control.feed())),
        };
        let written = match entry {
            // The answer to our own write was lost: `was_clean` still holds what we replaced.
            Entry::Ours(terms) => etag.map(|etag| (terms, etag)).ok_or(StoreError::Overtaken),
            Entry::AlreadyRequested(terms) if is_newest => return Ok(Acquired::Busy { until: terms.end() }),
            Entry::GiveWay(_) if is_newest => return Ok(Acquired::Busy { until: now + life }),
            // An old lease may say so, of a holder who has answered the request, or a sync that came, long ago.
            Entry::AlreadyRequested(terms) | Entry::GiveWay(terms) => {
                is_newest = true;
                control.reach_newest(ID, &terms, deadline).await?;
                Err(StoreError::Overtaken)
            }
            // It is taken in the next try, when Cosmos has said at what time it was created.
            Entry::Create(terms) => match control.write(ID, terms, None, deadline).await {
                Ok(_) => Err(StoreError::Overtaken),
                Err(error) => Err(error),
            },
            Entry::RequestRerun(terms) => match control.write(ID, terms, etag.as_ref(), deadline).await {
                Ok(saved) => return Ok(Acquired::Busy { until: saved.document.end() }),
                Err(error) => Err(error),
            },
            Entry::Take { terms, clean } => {
                was_clean = clean;
                let saved = control.write_and_see(ID, &terms, etag.as_ref(), deadline).await;
                saved.map(|saved| (saved.document, saved.etag))
            }
        };
        match written {
            Ok((terms, etag)) => {
                let (until, clock) = (Until::of(&terms, begun, now), Clock::set(terms.written, started));
                let lease = Lease::new(control.clone(), life, Held { terms, etag }, until, clock);
                return Ok(Acquired::Held { lease: Arc::new(lease), clean: was_clean });
            }
            Err(StoreError::Overtaken | StoreError::Unknown(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Err(StoreError::Unknown("the lease is contended".into()))
}
