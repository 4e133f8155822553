//! Looks up single objects by id (rule 10).
//!
//! Several ids take one request to Graph. Every id is looked up even if another look-up fails, and each write has its answer
//! before the turn continues.
//! Objects written by id stay doubtful until the feed or a later look-up settles them (rule 11). Links come with the
//! feed only.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::write::{remove, write_change};
use crate::graph::GraphError;
use crate::protocol::change::{self, Kind};
use crate::protocol::content::Content;
use crate::protocol::document::Stamp;
use crate::protocol::machine::Event;
use crate::protocol::{Checkpoint, Counts, Existing, Source, document_id, doubt};
use crate::report::SyncError;
use crate::source::{Answered, objects};
use crate::store::documents;
use crate::sync::turn::Turn;

/// Reads of the copy, and writes, in parallel.
const LOOKS: usize = 4;

/// The result of the look-ups.
pub struct LookedUp {
    pub event: Event,
    /// Ids for which Graph has no object and the copy has no current object.
    pub not_found: Vec<String>,
}

/// The result of one look-up.
enum Seen {
    /// The copy now matches Graph.
    Copied(Counts),
    /// There is no object with this id.
    NotFound(String),
}

/// Looks up these ids. Reads the copy before Graph, so that the copy is never newer than the objects that it is compared
/// with.
///
/// # Errors
/// [`SyncError`] if a look-up failed; all other look-ups were completed.
pub async fn look_up(
    turn: &Turn<'_>,
    ids: &[String],
    checkpoint: &Checkpoint,
) -> Result<LookedUp, SyncError> {
    // By index, since a closure over borrowed ids would not be general enough for `Send`.
    let copies = (0..ids.len()).map(|place| living(turn, &ids[place]));
    let copies: Vec<_> = stream::iter(copies).buffered(LOOKS).try_collect().await?;
    let range = |copy: &Option<Existing>| doubt::range(checkpoint, marks(copy, checkpoint));
    let asked: Vec<_> = ids.iter().zip(&copies).map(|(id, copy)| (&**id, range(copy))).collect();
    let objects = match objects(turn.source(), &asked, turn.deadline()).await {
        Ok(objects) => objects,
        Err(GraphError::Throttled { after }) => return Ok(LookedUp::new(Event::Throttled(after))),
        Err(error) => return Err(turn.explain(error)),
    };
    let looks = ids.iter().cloned().zip(copies.into_iter().zip(objects));
    let looks = looks.map(|(id, (copy, object))| write_one(turn, id, copy, object, checkpoint));
    // Complete all of them: a write that is not awaited would have no known outcome.
    let seen: Vec<_> = stream::iter(looks).buffer_unordered(LOOKS).collect().await;
    let (mut all, mut not_found, mut failed) = (Counts::default(), Vec::new(), None);
    for one in seen {
        match one {
            Ok(Seen::Copied(wrote)) => all += wrote,
            Ok(Seen::NotFound(id)) => not_found.push(id),
            Err(error) => failed = Some(error),
        }
    }
    match failed {
        Some(error) => Err(error),
        None => Ok(LookedUp { event: Event::LookedUp(all), not_found }),
    }
}

impl LookedUp {
    fn new(event: Event) -> Self {
        Self { event, not_found: Vec::new() }
    }
}

/// The current document of an object, if there is one.
async fn living(turn: &Turn<'_>, id: &str) -> Result<Option<Existing>, SyncError> {
    let kept = documents::read(turn.store(), turn.objects(), &document_id(id)).await?;
    Ok(kept.filter(|kept| !kept.marks.removed))
}

fn marks(copy: &Option<Existing>, checkpoint: &Checkpoint) -> Option<doubt::Marks> {
    copy.as_ref().map(|copy| doubt::delivered(checkpoint, doubt::marks(&copy.marks), false))
}

/// Writes what Graph says of one object.
async fn write_one(
    turn: &Turn<'_>,
    id: String,
    living: Option<Existing>,
    object: Answered,
    checkpoint: &Checkpoint,
) -> Result<Seen, SyncError> {
    let object = object.map_err(|error| turn.explain(error))?;
    let generation = doubt::refreshed(checkpoint, marks(&living, checkpoint));
    let stamp = Stamp { generation, source: Source::ById, ..turn.stamp(checkpoint) };
    match (object, living) {
        (None, None) => Ok(Seen::NotFound(id)),
        (None, Some(kept)) => Ok(Seen::Copied(remove(turn, kept.marks, &stamp).await?)),
        (Some(object), living) => {
            let change = change::of_response(&object);
            // Graph also finds a user by user principal name; only an object with exactly this id may be copied.
            if !matches!(change.kind, Kind::Put { .. }) || change.id.as_deref() != Some(&*id) {
                return Ok(Seen::NotFound(id));
            }
            if living.is_some_and(|kept| is_unchanged(&change, &kept)) {
                let counts = Counts { unchanged: 1, ..Counts::default() };
                return Ok(Seen::Copied(counts));
            }
            Ok(Seen::Copied(write_change(turn, &change, &stamp, None, turn.give_up()).await?))
        }
    }
}

fn is_unchanged(change: &change::Change<'_>, kept: &Existing) -> bool {
    !kept.set_aside && Content::of(change).is_some_and(|content| Content::stored(&kept.text) == Some(content))
}
