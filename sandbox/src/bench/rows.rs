//! What an account that keeps no document knows of those that it took: as much as the queries of an enumeration read that
//! compares (rule 13).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::value::RawValue;

/// How the condition of a query for living documents begins.
const LIVING: &str = "NOT IS_DEFINED(c._mirror.removed) AND c._mirror.generation";

/// Documents by their ids: the generation, and the row that a query finds.
#[derive(Default)]
pub struct Rows(BTreeMap<String, (u64, String)>);

#[derive(Deserialize)]
struct Document<'a> {
    id: &'a str,
    #[serde(borrow, rename = "_mirror")]
    mirror: Marks<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Marks<'a> {
    generation: u64,
    save: u64,
    source: &'a str,
    synced_at: &'a str,
    hash: Option<&'a str>,
}

/// A query, as a client sends it.
#[derive(Deserialize)]
struct Query<'a> {
    #[serde(borrow)]
    query: Cow<'a, str>,
    #[serde(borrow, default)]
    parameters: Vec<Parameter<'a>>,
}

#[derive(Deserialize)]
struct Parameter<'a> {
    #[serde(borrow)]
    value: &'a RawValue,
}

/// An answer to a query.
pub struct Answer {
    /// Its body.
    pub body: String,
    /// So many documents are in it.
    pub rows: usize,
    /// Where the next page begins, if there is one.
    pub continuation: Option<String>,
}

impl Rows {
    /// Takes a document.
    ///
    /// # Errors
    /// When it is none of the mirror's.
    pub fn take(&mut self, document: &[u8], second: u64) -> Result<()> {
        let Document { id, mirror } = serde_json::from_slice(document).context("a document of the mirror")?;
        let Marks { generation, save, source, synced_at, hash } = mirror;
        let hash = hash.map_or(String::new(), |hash| format!(r#","hash":"{hash}""#));
        let row = format!(
            r#"{{"id":"{id}","etag":"\"taken\"","generation":{generation},"save":{save},"source":"{source}","syncedAt":"{synced_at}","removed":false,"written":{second}{hash},"setAside":false}}"#
        );
        self.0.insert(id.to_owned(), (generation, row));
        Ok(())
    }

    /// The answer to a query, if it is one of an enumeration: so many rows, `after` the continuation of the page before.
    ///
    /// # Errors
    /// When it is no query.
    pub fn answer(&self, query: &[u8], most: usize, after: Option<&str>) -> Result<Option<Answer>> {
        let Query { query, parameters } = serde_json::from_slice(query).context("a query")?;
        if query.contains("c.id IN (") {
            let ids = parameters.iter().filter_map(|one| serde_json::from_str::<&str>(one.value.get()).ok());
            return Ok(Some(page(ids.filter_map(|id| self.0.get(id)).map(|(_, row)| row.as_str()), None)));
        }
        let (older, living) =
            (query.ends_with(&format!("{LIVING} < @generation")), format!("{LIVING} >= @generation"));
        let counts = query.starts_with("SELECT VALUE 1 ") && query.ends_with(&living);
        let (true, Some(bound)) = (older || counts, parameters.first()) else { return Ok(None) };
        let bound: u64 = serde_json::from_str(bound.value.get()).context("a generation")?;
        let from = std::ops::Bound::Excluded(after.unwrap_or_default());
        let found = self.0.range::<str, _>((from, std::ops::Bound::Unbounded));
        let mut found = found.filter(|(_, (generation, _))| (*generation < bound) == older).peekable();
        let some: Vec<_> = found.by_ref().take(most).collect();
        let continuation = found.peek().and(some.last()).map(|(id, _)| (*id).clone());
        let rows = some.into_iter().map(|(_, (_, row))| if older { row.as_str() } else { "1" });
        Ok(Some(page(rows, continuation)))
    }
}

fn page<'a>(rows: impl Iterator<Item = &'a str>, continuation: Option<String>) -> Answer {
    let (mut body, mut count) = (String::from(r#"{"_rid":"","Documents":["#), 0);
    for row in rows {
        let comma = if count == 0 { "" } else { "," };
        let _ = write!(body, "{comma}{row}");
        count += 1;
    }
    let _ = write!(body, r#"],"_count":{count}}}"#);
    Answer { body, rows: count, continuation }
}
