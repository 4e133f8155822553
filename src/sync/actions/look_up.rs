//! Looks up single objects by id (rule 10).
//!
//! Every id is looked up even if another look-up fails, and each write has its answer before the turn continues.
//! Objects written by id stay doubtful until the feed or a later look-up settles them (rule 11). Links come with the
//! feed only.

use futures_util::{StreamExt as _, stream};

use super::write::{Wrote, remove, write_change};
use crate::graph::GraphError;
use crate::protocol::change::{self, Kind};
use crate::protocol::content::Content;
use crate::protocol::document::Stamp;
use crate::protocol::machine::Event;
use crate::protocol::{Checkpoint, Counts, Existing, Source, document_id, doubt};
use crate::report::SyncError;
use crate::store::documents;
use crate::sync::turn::Turn;

/// Look-ups in parallel.
const LOOKS: usize = 4;

/// The result of the look-ups.
pub struct LookedUp {
    pub event: Event,
    /// Ids for which Graph has no object and the copy has no current object.
    pub not_found: Vec<String>,
    pub charge: f64,
}

/// The result of one look-up.
enum Seen {
    /// The copy now matches Graph.
    Copied(Wrote),
    /// There is no object with this id.
    NotFound(String),
}

/// Looks up these ids.
///
/// # Errors
/// [`SyncError`] if a look-up failed; all other look-ups were completed.
pub async fn look_up(
    turn: &Turn<'_>,
    ids: &[String],
    checkpoint: &Checkpoint,
) -> Result<LookedUp, SyncError> {
    // By index, since a closure over borrowed ids would not be general enough for `Send`.
    let looks = (0..ids.len()).map(|place| look_up_one(turn, &ids[place], checkpoint));
    // Complete all of them: a write that is not awaited would have no known outcome.
    let seen: Vec<_> = stream::iter(looks).buffer_unordered(LOOKS).collect().await;
    let (mut all, mut not_found, mut throttled, mut failed) = (Wrote::default(), Vec::new(), None, None);
    for one in seen {
        match one {
            Ok(Seen::Copied(wrote)) => all = all + wrote,
            Ok(Seen::NotFound(id)) => not_found.push(id),
            Err(SyncError::Graph(GraphError::Throttled { after })) => {
                throttled = throttled.max(Some(after));
            }
            Err(error) => failed = Some(error),
        }
    }
    let event = match (failed, throttled) {
        (Some(error), _) => return Err(error),
        (None, Some(after)) => Event::Throttled(after),
        (None, None) => Event::LookedUp(all.counts),
    };
    Ok(LookedUp { event, not_found, charge: all.charge })
}

/// Reads the copy before Graph, so that the copy is never newer than the object that it is compared with.
async fn look_up_one(turn: &Turn<'_>, id: &str, checkpoint: &Checkpoint) -> Result<Seen, SyncError> {
    let kept = documents::read(turn.store(), turn.objects(), &document_id(id)).await?;
    let living = kept.filter(|kept| !kept.marks.removed);
    let marks = living.as_ref().map(|kept| doubt::marks(&kept.marks));
    let object = turn.source().object(id, doubt::range(checkpoint, marks), turn.deadline()).await;
    let object = object.map_err(|error| turn.explain(error))?;
    let generation = doubt::refreshed(checkpoint, marks);
    let stamp = Stamp { generation, source: Source::ById, ..turn.stamp(checkpoint) };
    match (object, living) {
        (None, None) => Ok(Seen::NotFound(id.to_owned())),
        (None, Some(kept)) => Ok(Seen::Copied(remove(turn, kept.marks, &stamp).await?)),
        (Some(object), living) => {
            let change = change::of_response(&object);
            // Graph also finds a user by user principal name; only an object with exactly this id may be copied.
            if !matches!(change.kind, Kind::Put { .. }) || change.id.as_deref() != Some(id) {
                return Ok(Seen::NotFound(id.to_owned()));
            }
            if living.is_some_and(|kept| is_unchanged(&change, &kept)) {
                let counts = Counts { unchanged: 1, ..Counts::default() };
                return Ok(Seen::Copied(Wrote { counts, charge: 0.0 }));
            }
            Ok(Seen::Copied(write_change(turn, &change, &stamp, None, turn.give_up()).await?))
        }
    }
}

fn is_unchanged(change: &change::Change<'_>, kept: &Existing) -> bool {
    !kept.set_aside && Content::of(change).is_some_and(|content| Content::stored(&kept.text) == Some(content))
}
