//! Lists of all objects: `GET /users`, `GET /groups`, and their number, `/users/$count`.
//!
//! A page shows what lives at the replica that answers, after the last id of the page before it; the last page has no link.
//! Sources: <https://learn.microsoft.com/graph/api/user-list>, <https://learn.microsoft.com/graph/paging>, and for what
//! needs `ConsistencyLevel: eventual`, on every page, <https://learn.microsoft.com/graph/aad-advanced-queries>. Left out:
//! `$orderby`, `$search`, `$expand`, and of `$filter` all but `eq`, `startsWith` and `endsWith` of one property.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{
    World,
    answer::Answer,
    collection::{Life, Object},
    links::Cursor,
    read::{context, version},
    request::Record,
    row::Row,
    select::Select,
};

/// Most objects of a page: <https://learn.microsoft.com/graph/api/user-list#optional-query-parameters>.
const MOST: usize = 999;

/// What is asked for, the same on every page.
struct Query {
    select: Select,
    top: usize,
    filter: Option<Condition>,
    counts: bool,
}

/// Where a page begins.
struct Place<'a> {
    after: String,
    page: usize,
    /// The options before the token of the page link, each with its `&`.
    options: String,
    /// The query of the page link that asked for it, if one did.
    asked: Option<&'a str>,
}

impl World {
    pub(super) fn list(&mut self, feed: &'static Row, record: &Record) -> Result<Answer, Answer> {
        let (path, query) = record.path.split_once('?').unwrap_or((&record.path, ""));
        let is_eventual =
            record.consistency_level.as_deref().is_some_and(|level| level.eq_ignore_ascii_case("eventual"));
        if path.ends_with("/$count") {
            return self.count(feed, is_eventual);
        }
        let place = self.place(query)?;
        let wanted = self.query(feed, &place.options, is_eventual)?;
        let replica = self.replica(feed, 0);
        let all = self.tenant.collection(&feed.name).entries().filter_map(|(id, entry)| {
            match entry.at(replica)? {
                (Life::Living, object) => Some((id, object)),
                _ => None,
            }
        });
        let all = all.filter(|(_, object)| wanted.filter.as_ref().is_none_or(|filter| filter.holds(object)));
        let all: Vec<_> = all.collect();
        let rest: Vec<_> = all.iter().filter(|(id, _)| **id > place.after).collect();
        // An empty page must be followed by one that is not, or a list would never end.
        let every = self.quirks.empty_page_every.filter(|every| *every > 1);
        let is_empty = every.is_some_and(|every| (place.page + 1).is_multiple_of(every));
        let shown = &rest[..if is_empty { 0 } else { wanted.top.min(rest.len()) }];
        let value: Vec<_> = shown.iter().map(|(_, object)| wanted.select.whole(object)).collect();
        let last = shown.last().map(|(id, _)| (*id).clone());
        let goes_on = shown.len() < rest.len() || self.quirks.repeat_link || self.quirks.repeat_page;
        let (origin, version) = (&self.origin, version(path));
        let metadata = format!("{origin}/{version}/$metadata#{}{}", feed.name, context(&wanted.select));
        let mut body = json!({"@odata.context": metadata, "value": value});
        if wanted.counts && place.asked.is_none() {
            body["@odata.count"] = json!(all.len());
        }
        if goes_on {
            let query = match place.asked.filter(|_| self.quirks.repeat_link) {
                Some(asked) => asked.to_owned(),
                None => {
                    let after = last.filter(|_| !self.quirks.repeat_page).unwrap_or(place.after);
                    let cursor = Cursor::List { select: wanted.select, after, page: place.page + 1 };
                    self.links.issue_after(&place.options, cursor)
                }
            };
            body["@odata.nextLink"] = json!(format!("{}/{version}/{}?{query}", self.origin, feed.name));
        }
        Ok(Answer::json(body))
    }

    fn place<'a>(&self, query: &'a str) -> Result<Place<'a>, Answer> {
        let Some((options, _)) = query.split_once("$skiptoken=") else {
            let options = if query.is_empty() { String::new() } else { format!("{query}&") };
            return Ok(Place { after: String::new(), page: 0, options, asked: None });
        };
        match self.links.find(query) {
            Some((Cursor::List { after, page, .. }, None)) => {
                Ok(Place { after: after.clone(), page: *page, options: options.into(), asked: Some(query) })
            }
            Some((Cursor::List { .. }, Some(_))) => Err(Answer::error(
                400,
                "Directory_ExpiredPageToken",
                "The specified page token value has expired and can no longer be included in your request.",
            )),
            _ => Err(Answer::error(400, "Request_BadRequest", "The page token is not as it was issued.")),
        }
    }

    fn query(&self, feed: &'static Row, options: &str, is_eventual: bool) -> Result<Query, Answer> {
        let mut options: HashMap<_, _> =
            url::form_urlencoded::parse(options.as_bytes()).into_owned().collect();
        let select = Select::parse(feed, options.remove("$select").as_deref(), false)?;
        let top = options.remove("$top").map_or(Ok(self.page_size), |top| top.parse());
        let Some(top) = top.ok().filter(|top| (1..=MOST).contains(top)) else {
            let message = "Invalid page size specified: it must be between 1 and 999 inclusive.";
            return Err(Answer::error(400, "Request_BadRequest", message));
        };
        let filter = options.remove("$filter").map(|text| Condition::parse(&text)).transpose()?;
        let counts = options.remove("$count").is_some_and(|count| count == "true");
        if filter.as_ref().is_some_and(Condition::is_advanced) && !(is_eventual && counts) {
            return Err(Answer::error(
                400,
                "Request_UnsupportedQuery",
                "Operator 'endsWith' is not supported because the required parameters might be missing. Try adding \
                 $count=true query parameter and ConsistencyLevel:eventual header.",
            ));
        }
        match options.keys().next() {
            None => Ok(Query { select, top, filter, counts }),
            Some(option) => {
                let message = format!("The query option '{option}' is not known to this stand-in.");
                Err(Answer::error(400, "BadRequest", &message))
            }
        }
    }

    /// The number as text, after a byte order mark, as Graph sends it.
    fn count(&self, feed: &'static Row, is_eventual: bool) -> Result<Answer, Answer> {
        match is_eventual {
            true => {
                let number = self.tenant.collection(&feed.name).living().count();
                Ok(Answer::text(200, "text/plain", format!("\u{feff}{number}")))
            }
            false => Err(Answer::error(400, "Request_BadRequest", "$count is not currently supported.")),
        }
    }
}

/// What `$filter` says.
#[derive(Debug, PartialEq)]
enum Condition {
    Is(String, Value),
    Starts(String, String),
    Ends(String, String),
}

impl Condition {
    fn parse(text: &str) -> Result<Self, Answer> {
        let literal =
            |text: &str| Some(text.trim().strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'"));
        let call = |name: &str| {
            let (found, rest) = text.trim().split_once('(')?;
            let (property, value) = rest.strip_suffix(')')?.split_once(',')?;
            let is_named = found.eq_ignore_ascii_case(name);
            is_named.then(|| literal(value)).flatten().map(|value| (property.trim().to_owned(), value))
        };
        let equal = || {
            let (property, value) = text.split_once(" eq ")?;
            let value = match value.trim() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                text => Value::String(literal(text)?),
            };
            Some(Self::Is(property.trim().to_owned(), value))
        };
        let starts = || call("startsWith").map(|(property, value)| Self::Starts(property, value));
        let ends = || call("endsWith").map(|(property, value)| Self::Ends(property, value));
        starts().or_else(ends).or_else(equal).ok_or_else(|| {
            Answer::error(
                400,
                "Request_UnsupportedQuery",
                "Unsupported or invalid query filter clause specified.",
            )
        })
    }

    fn is_advanced(&self) -> bool {
        matches!(self, Self::Ends(..))
    }

    fn holds(&self, object: &Object) -> bool {
        let text =
            |property: &str| object.get(property).and_then(Value::as_str).unwrap_or_default().to_lowercase();
        match self {
            Self::Is(property, Value::String(value)) => text(property) == value.to_lowercase(),
            Self::Is(property, value) => object.get(property).unwrap_or(&Value::Null) == value,
            Self::Starts(property, value) => text(property).starts_with(&value.to_lowercase()),
            Self::Ends(property, value) => text(property).ends_with(&value.to_lowercase()),
        }
    }
}
