//! What an account that keeps no document knows of those that it took: as much as the queries of an enumeration read that
//! compares (rule 13).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Rows in one answer to a query.
const PAGE: usize = 1000;

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

    /// The answer to a query, if it is one of an enumeration. `after`: the continuation of the page before.
    ///
    /// # Errors
    /// When it is no query.
    pub fn answer(&self, query: &[u8], after: Option<&str>) -> Result<Option<Answer>> {
        let Query { query, parameters } = serde_json::from_slice(query).context("a query")?;
        if query.contains("c.id IN (") {
            let ids = parameters.iter().filter_map(|one| serde_json::from_str::<&str>(one.value.get()).ok());
            return Ok(Some(page(ids.filter_map(|id| self.0.get(id)).map(|(_, row)| row), None)));
        }
        let older = "NOT IS_DEFINED(c._mirror.removed) AND c._mirror.generation < @generation";
        let (true, Some(bound)) = (query.ends_with(older), parameters.first()) else { return Ok(None) };
        let bound: u64 = serde_json::from_str(bound.value.get()).context("a generation")?;
        let from = std::ops::Bound::Excluded(after.unwrap_or_default());
        let found = self.0.range::<str, _>((from, std::ops::Bound::Unbounded));
        let mut found = found.filter(|(_, (generation, _))| *generation < bound).peekable();
        let some: Vec<_> = found.by_ref().take(PAGE).collect();
        let continuation = found.peek().and(some.last()).map(|(id, _)| (*id).clone());
        Ok(Some(page(some.into_iter().map(|(_, (_, row))| row), continuation)))
    }
}

fn page<'a>(rows: impl Iterator<Item = &'a String>, continuation: Option<String>) -> Answer {
    let (mut body, mut count) = (String::from(r#"{"_rid":"","Documents":["#), 0);
    for row in rows {
        let comma = if count == 0 { "" } else { "," };
        let _ = write!(body, "{comma}{row}");
        count += 1;
    }
    let _ = write!(body, r#"],"_count":{count}}}"#);
    Answer { body, rows: count, continuation }
}
