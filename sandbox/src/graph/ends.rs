//! Pages of directory objects of several collections, as they stand at the ends of links: `members`, `memberOf`, `manager`.
//!
//! Each object says its type. `$select` takes the properties that a type has and passes over the others; `$count` needs
//! `ConsistencyLevel: eventual`; the last segment of a path may ask for objects of one type. A page link says in plain text
//! where it goes on. Sources: <https://learn.microsoft.com/graph/api/group-list-members>,
//! <https://learn.microsoft.com/graph/aad-advanced-queries>. Left out: `$filter`, `$search`, `$orderby`, `$expand`.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{
    answer::Answer,
    collection::Object,
    request::{Record, version},
    route::cast,
    row::Row,
    select::Select,
    world::World,
};

/// Objects of a page where nothing else is asked for, and at most: <https://learn.microsoft.com/graph/paging>.
const PAGE: (usize, usize) = (100, 999);

/// The object at the end of a link.
#[derive(Clone, Debug)]
pub(super) struct End {
    pub(super) row: &'static Row,
    pub(super) id: String,
}

impl PartialEq for End {
    fn eq(&self, other: &Self) -> bool {
        (&self.row.name, &self.id) == (&other.row.name, &other.id)
    }
}

/// What a request asks of objects at the ends of links.
pub(super) struct Wanted {
    names: Option<String>,
    kind: Option<String>,
    top: usize,
    from: usize,
    counts: bool,
    /// The options as a page link repeats them.
    options: String,
}

impl Wanted {
    pub(super) fn of(record: &Record) -> Result<Self, Answer> {
        let (path, query) = record.path.split_once('?').unwrap_or((&record.path, ""));
        let kind = path.rsplit('/').next().and_then(cast).map(str::to_owned);
        let mut options: HashMap<_, _> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let from = options.remove("$skiptoken").and_then(|token| token.parse().ok()).unwrap_or_default();
        let repeated = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&options).finish();
        let names = options.remove("$select");
        let top = options.remove("$top").map_or(Ok(PAGE.0), |top| top.parse());
        let Some(top) = top.ok().filter(|top| (1..=PAGE.1).contains(top)) else {
            return Err(Answer::error(400, "Request_BadRequest", "Invalid page size specified: $top."));
        };
        let counts = options.remove("$count").is_some_and(|count| count == "true");
        let is_eventual = record.consistency_level.as_deref() == Some("eventual");
        if counts && !is_eventual {
            return Err(Answer::error(400, "Request_BadRequest", "$count is not currently supported."));
        }
        match options.keys().next() {
            None => Ok(Self { names, kind, top, from, counts, options: repeated }),
            Some(option) => {
                let message = format!("The query option '{option}' is not known to this stand-in.");
                Err(Answer::error(400, "BadRequest", &message))
            }
        }
    }

    /// An object with its type and what was selected of it.
    pub(super) fn shown(&self, world: &World, end: &End) -> Result<Value, Answer> {
        let object = world.tenant.collection(&end.row.name).entry(&end.id).map(|entry| &entry.properties);
        typed(end.row, object.unwrap_or(&Object::new()), self.names.as_deref())
    }

    /// One page of these.
    pub(super) fn page(&self, world: &World, record: &Record, mut all: Vec<End>) -> Result<Answer, Answer> {
        if let Some(kind) = &self.kind {
            all.retain(|end| end.row.kind == *kind);
        }
        let shown = all.iter().skip(self.from).take(self.top).map(|end| self.shown(world, end));
        let value = shown.collect::<Result<Vec<_>, _>>()?;
        let mut page = json!({"@odata.context": self.context(world, record), "value": value});
        if self.counts {
            page["@odata.count"] = json!(all.len());
        }
        if self.from + self.top < all.len() {
            let path = record.path.split('?').next().unwrap_or_default();
            let and = if self.options.is_empty() { "" } else { "&" };
            let token = self.from + self.top;
            let next = format!("{}{path}?{}{and}$skiptoken={token}", world.origin, self.options);
            page["@odata.nextLink"] = json!(next);
        }
        Ok(Answer::json(page))
    }

    /// What the answer says of itself.
    pub(super) fn context(&self, world: &World, record: &Record) -> String {
        let names = self.names.as_ref().map(|names| format!("({names})")).unwrap_or_default();
        format!("{}/{}/$metadata#directoryObjects{names}", world.origin, version(&record.path))
    }
}

/// An object with its type, and of these properties those that its type has.
pub(super) fn typed(row: &'static Row, object: &Object, names: Option<&str>) -> Result<Value, Answer> {
    let known = names.map(|names| {
        let known = names.split(',').map(str::trim).filter(|name| row.has(name));
        known.collect::<Vec<_>>().join(",")
    });
    let mut shown =
        Select::parse(row, known.filter(|known| !known.is_empty()).as_deref(), false)?.whole(object);
    shown.insert("@odata.type".into(), json!(format!("#microsoft.graph.{}", row.kind)));
    Ok(Value::Object(shown))
}
