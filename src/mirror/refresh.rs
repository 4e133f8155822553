//! Refresh: single objects, read by their ids on request (rule 10).
//!
//! Every id is looked up, whatever became of the others, and each write is answered before the turn goes on:
//! what was written by id stays doubtful until the feed or a later look settles it (rule 11). Links come with
//! the feed only.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use serde::Serialize;
use tracing::Instrument as _;

use super::drive::{Driver, by_id};
use super::error::SyncError;
use super::outcome::Outcome;
use super::sync::turn;
use super::write::Wrote;
use super::{Mirror, Reader};
use crate::catalogue::Row;
use crate::graph::GraphError;
use crate::protocol::change::{self, Kind};
use crate::protocol::content::Content;
use crate::protocol::document::Stamp;
use crate::protocol::machine::{Event, Task};
use crate::protocol::plan;
use crate::protocol::{Checkpoint, Counts, Kept, Source, document_id};

/// Looks under way at a time.
const LOOKS: usize = 4;

/// How a refresh ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Refreshed {
    /// The turn.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Ids of which there is an object neither in Graph nor, living, in the copy.
    #[serde(rename = "notFound", skip_serializing_if = "Vec::is_empty")]
    pub nowhere: Vec<String>,
}

/// What one look came to.
enum Seen {
    /// The copy says what Graph says, now at the latest.
    Copied(Wrote),
    /// There is nothing with this id.
    Nowhere(String),
}

/// Brings the copies of single objects up to date, for at most about `budget`.
///
/// # Errors
/// [`SyncError`]; some of the objects may have been written.
pub async fn refresh(
    mirror: &Mirror,
    row: &'static Row,
    reader: &Reader,
    ids: &[String],
    budget: Duration,
) -> Result<Refreshed, SyncError> {
    let span = tracing::info_span!("turn", resource = row.resource);
    let looked = Box::pin(turn(Task::Look, mirror, row, reader, budget, ids)).instrument(span).await;
    let (outcome, nowhere) = looked?;
    Ok(Refreshed { outcome, nowhere })
}

impl Driver<'_> {
    /// Looks up what was asked for.
    pub async fn look(&mut self, checkpoint: &Checkpoint) -> Result<Event, SyncError> {
        let asked = self.asked;
        // By place, since a closure over borrowed ids would not be general enough for `Send`.
        let looks = (0..asked.len()).map(|place| self.look_at(&asked[place], checkpoint));
        // All of them to their ends: a write that nobody waits for would be one without an answer.
        let seen: Vec<_> = stream::iter(looks).buffer_unordered(LOOKS).collect().await;
        let (mut all, mut throttled, mut failed) = (Wrote::default(), None, None);
        for one in seen {
            match one {
                Ok(Seen::Copied(wrote)) => all = all + wrote,
                Ok(Seen::Nowhere(id)) => self.nowhere.push(id),
                Err(SyncError::Graph(GraphError::Throttled { after })) => {
                    throttled = throttled.max(Some(after));
                }
                Err(error) => failed = Some(error),
            }
        }
        self.charge += all.charge;
        match (failed, throttled) {
            (Some(error), _) => Err(error),
            (None, Some(after)) => Ok(Event::Throttled(after)),
            (None, None) => Ok(Event::Looked(all.counts)),
        }
    }

    /// The copy is read before Graph, so that what is compared is never newer than what it is compared with.
    async fn look_at(&self, id: &str, checkpoint: &Checkpoint) -> Result<Seen, SyncError> {
        let (container, key) = (self.row.container, document_id(id));
        let kept = self.mirror.store.kept(container, &key, &key).await?;
        let living = kept.filter(|kept| !kept.marks.removed);
        let object = self.mirror.graph.object(&by_id(self.row, id), self.deadline).await;
        let object = object.map_err(|error| self.explain(error))?;
        let marks = living.as_ref().map(|kept| plan::marks(&kept.marks));
        let generation = plan::refreshed(checkpoint, marks);
        let stamp = Stamp { generation, source: Source::ById, ..self.stamp(checkpoint) };
        match (object, living) {
            (None, None) => Ok(Seen::Nowhere(id.to_owned())),
            (None, Some(kept)) => Ok(Seen::Copied(self.remove(kept.marks, &stamp).await?)),
            (Some(object), living) => {
                let change = change::of_response(&object);
                // Graph also finds a user by another name; what is copied is found by its id.
                if !matches!(change.kind, Kind::Put { .. }) || change.id.as_deref() != Some(id) {
                    return Ok(Seen::Nowhere(id.to_owned()));
                }
                if living.is_some_and(|kept| is_unchanged(&change, &kept)) {
                    let counts = Counts { unchanged: 1, ..Counts::default() };
                    return Ok(Seen::Copied(Wrote { counts, charge: 0.0 }));
                }
                Ok(Seen::Copied(self.write_change(&change, &stamp, None, self.give_up()).await?))
            }
        }
    }
}

fn is_unchanged(change: &change::Change<'_>, kept: &Kept) -> bool {
    !kept.set_aside && Content::of(change).is_some_and(|content| Content::stored(&kept.text) == Some(content))
}
