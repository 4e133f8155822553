//! What a list is asked for, the same on every page.

use std::collections::HashMap;

use crate::graph::{
    answer::Answer, condition::Condition, expand::Expanded, request::Record, row::Row, select::Select,
    world::World,
};

/// Most objects of a page: <https://learn.microsoft.com/graph/api/user-list#optional-query-parameters>.
const MOST: usize = 999;

/// What is asked for.
pub(super) struct Wanted {
    pub(super) select: Select,
    pub(super) expanded: Option<Expanded>,
    pub(super) top: usize,
    pub(super) filter: Option<Condition>,
    pub(super) counts: bool,
    /// The oldest first.
    pub(super) ascending: bool,
}

/// The meaning of the options of a query.
pub(super) fn wanted(
    world: &World,
    feed: &'static Row,
    options: &str,
    is_eventual: bool,
    record: &Record,
) -> Result<Wanted, Answer> {
    let mut options: HashMap<_, _> = url::form_urlencoded::parse(options.as_bytes()).into_owned().collect();
    let select = Select::parse(feed, options.remove("$select").as_deref(), false)?;
    let expand = options.remove("$expand");
    let expanded = expand.as_deref().map(|text| Expanded::parse(feed, text)).transpose()?.flatten();
    let select = select.expanding(expand.as_deref().filter(|_| !feed.expand.is_empty()))?;
    let top = top(world, feed, options.remove("$top"), record)?;
    let filter = options.remove("$filter").map(|text| Condition::parse(feed, &text)).transpose()?;
    let counts = options.remove("$count").is_some_and(|count| count == "true");
    if filter.as_ref().is_some_and(Condition::is_advanced) && !(is_eventual && counts) {
        return Err(Answer::error(
            400,
            "Request_UnsupportedQuery",
            "The filter is not supported because the required parameters might be missing. Try adding \
             $count=true query parameter and ConsistencyLevel:eventual header.",
        ));
    }
    let order = feed.window.as_ref().and_then(|_| options.remove("$orderby"));
    let ascending = order.as_ref().is_some_and(|order| !order.trim().ends_with(" desc"));
    let property = order.as_deref().map(|order| order.split_whitespace().next().unwrap_or_default());
    let known = feed.window.as_ref().map(|window| window.property.as_str());
    if property.is_some() && property != known {
        return Err(Answer::error(
            400,
            "BadRequest",
            "Query option 'OrderBy' is not allowed for this property.",
        ));
    }
    match options.keys().next() {
        None => Ok(Wanted { select, expanded, top, filter, counts, ascending }),
        Some(option) => {
            let message = format!("The query option '{option}' is not known to this stand-in.");
            Err(Answer::error(400, "BadRequest", &message))
        }
    }
}

/// How many objects a page has. The lists of directory objects take any number and refuse a wrong one; others give as many
/// as they like.
fn top(world: &World, feed: &Row, text: Option<String>, record: &Record) -> Result<usize, Answer> {
    let preferred = record.preferred("odata.maxpagesize").and_then(|size| size.parse().ok());
    let Some(text) = text else { return Ok(feed.page_size(preferred, world.page_size)) };
    let is_directory = feed.has_deleted_items();
    let top = text.parse().ok().filter(|top| *top > 0 && (*top <= MOST || !is_directory));
    match top {
        Some(top) if is_directory => Ok(top),
        Some(top) => Ok(feed.page_size(Some(top), world.page_size)),
        None => {
            let message = "Invalid page size specified: it must be between 1 and 999 inclusive.";
            Err(Answer::error(400, "Request_BadRequest", message))
        }
    }
}
