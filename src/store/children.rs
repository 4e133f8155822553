//! The checkpoints of all feeds of a resource below its parents.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use azure_data_cosmos::Query;
use futures_util::TryStreamExt as _;
use serde_json::value::RawValue;
use time::OffsetDateTime;

use super::connection::{Store, with};
use super::control::Control;
use super::definition::CONTROL;
use super::error::StoreError;
use super::find::{Row, query};
use crate::json::Members;
use crate::protocol::fan::{Child, LEFT, Note};
use crate::protocol::{CHECKPOINT, Scope};

/// The longest time for writing a note.
const PATIENCE: Duration = Duration::from_secs(10);

/// A checkpoint, or a note that its parent left, and the key of its feed.
struct Keyed {
    feed: String,
    found: Found,
}

enum Found {
    Checkpoint(Child),
    Note(bool),
}

impl Row for Keyed {
    fn read(row: &RawValue) -> Result<Self, &'static str> {
        let row = Members::of(row.get()).ok_or("members")?;
        let feed = row.text("feed").ok_or("feed")?.into_owned();
        if let Some(left) = row.truth("left") {
            return Ok(Self { feed, found: Found::Note(left) });
        }
        let is_there = |name: &str| row.exact(name).is_some_and(|value| value.get() != "null");
        let child = Child {
            as_of: row.moment("asOf"),
            ended: is_there("ended"),
            refused: row.exact("refused").and_then(|refused| serde_json::from_str(refused.get()).ok()),
            left: false,
        };
        Ok(Self { feed, found: Found::Checkpoint(child) })
    }
}

/// What the checkpoints of the feeds of a resource say, and the notes beside them, by the path of the parent. One query,
/// however many there are.
///
/// # Errors
/// [`StoreError`], as the query fails.
pub async fn of(store: &Store, resource: &str) -> Result<HashMap<String, Child>, StoreError> {
    let prefix = format!("{resource}/");
    let asked = with(documents("STARTSWITH(c.feed, @prefix)")?, "@prefix", &prefix)?;
    let found = query(store, Scope::whole(CONTROL.0), asked).await?.try_collect().await?;
    Ok(children(found, &prefix))
}

/// The same of the feed with this key; none if it has no checkpoint.
///
/// # Errors
/// [`StoreError`], as the query fails.
pub async fn one(store: &Store, feed: &str) -> Result<Option<Child>, StoreError> {
    let scope = Scope { container: CONTROL.0, parent: Some(feed) };
    let found = query(store, scope, documents("true")?).await?.try_collect().await?;
    Ok(children(found, "").remove(feed))
}

/// The query of checkpoints and notes under this condition.
fn documents(condition: &str) -> Result<Query, StoreError> {
    let text = format!(
        "SELECT c.feed, c.asOf, c.ended, c.refused, c.left FROM c WHERE c.id IN (@checkpoint, @note) AND {condition}"
    );
    with(with(Query::from(text), "@checkpoint", CHECKPOINT)?, "@note", LEFT)
}

fn children(found: Vec<Keyed>, prefix: &str) -> HashMap<String, Child> {
    let (mut children, mut left) = (HashMap::new(), Vec::new());
    for Keyed { feed, found } in found {
        let Some(path) = feed.strip_prefix(prefix) else { continue };
        match found {
            Found::Checkpoint(child) => drop(children.insert(path.to_owned(), child)),
            Found::Note(true) => left.push(path.to_owned()),
            Found::Note(false) => {}
        }
    }
    for path in left {
        children.entry(path).and_modify(|child: &mut Child| child.left = true);
    }
    children
}

/// Whether a note says that the parent of the feed with this key left.
///
/// # Errors
/// [`StoreError`].
pub async fn has_left(store: &Store, feed: &str) -> Result<bool, StoreError> {
    let found = Control::open(store, feed).await?.read::<Note>(LEFT).await?;
    Ok(found.is_some_and(|found| found.document.left))
}

/// Notes that the parent of the feed with this key left, or is meant again.
///
/// # Errors
/// [`StoreError`]; if another one writes it too, its note stands.
pub async fn note(store: &Store, feed: &str, left: bool, at: OffsetDateTime) -> Result<(), StoreError> {
    let control = Control::open(store, feed).await?;
    let found = control.read_any::<Note>(LEFT).await?.map(|found| found.etag);
    let note = Note { id: LEFT.to_owned(), feed: feed.to_owned(), left, at };
    match control.write(LEFT, note, found.as_ref(), Instant::now() + PATIENCE).await {
        Ok(_) | Err(StoreError::Overtaken) => Ok(()),
        Err(error) => Err(error),
    }
}
