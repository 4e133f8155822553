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
    Note { left: bool, missing: Option<i64> },
}

impl Row for Keyed {
    fn read(row: &RawValue) -> Result<Self, &'static str> {
        let row = Members::of(row.get()).ok_or("members")?;
        let feed = row.text("feed").ok_or("feed")?.into_owned();
        if let Some(left) = row.truth("left") {
            let is_missing = row.truth("missing").unwrap_or_default();
            let since = row.number("since").or_else(|| row.number("written"));
            return Ok(Self { feed, found: Found::Note { left, missing: since.filter(|_| is_missing) } });
        }
        let is_there = |name: &str| row.exact(name).is_some_and(|value| value.get() != "null");
        let child = Child {
            as_of: row.moment("asOf"),
            ended: is_there("ended"),
            refused: row.exact("refused").and_then(|refused| serde_json::from_str(refused.get()).ok()),
            left: false,
            missing: None,
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
        "SELECT c.feed, c.asOf, c.ended, c.refused, c.left, c.missing, c.since, c._ts AS written FROM c \
         WHERE c.id IN (@checkpoint, @note) AND {condition}"
    );
    with(with(Query::from(text), "@checkpoint", CHECKPOINT)?, "@note", LEFT)
}

fn children(found: Vec<Keyed>, prefix: &str) -> HashMap<String, Child> {
    let (mut children, mut notes) = (HashMap::new(), Vec::new());
    for Keyed { feed, found } in found {
        let Some(path) = feed.strip_prefix(prefix) else { continue };
        match found {
            Found::Checkpoint(child) => drop(children.insert(path.to_owned(), child)),
            Found::Note { left, missing } => notes.push((path.to_owned(), left, missing)),
        }
    }
    for (path, left, missing) in notes {
        children.entry(path).and_modify(|child: &mut Child| (child.left, child.missing) = (left, missing));
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
    let note = Note::new(feed, left, at);
    match control.write(LEFT, note, found.as_ref(), Instant::now() + PATIENCE).await {
        Ok(_) | Err(StoreError::Overtaken) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Notes that the parent of the feed with this key is not listed; `since`: the second in which that was noted first, if it
/// was. Returns the second in which Cosmos DB wrote it; none if another one wrote too.
///
/// # Errors
/// [`StoreError`].
pub async fn note_missing(
    store: &Store,
    feed: &str,
    since: Option<i64>,
    at: OffsetDateTime,
) -> Result<Option<i64>, StoreError> {
    let control = Control::open(store, feed).await?;
    let found = control.read_any::<Note>(LEFT).await?.map(|found| found.etag);
    let note = Note { missing: true, since, ..Note::new(feed, false, at) };
    match control.write_and_see(LEFT, &note, found.as_ref(), Instant::now() + PATIENCE).await {
        Ok(saved) => Ok(Some(saved.document.written)),
        Err(StoreError::Overtaken) => Ok(None),
        Err(error) => Err(error),
    }
}
