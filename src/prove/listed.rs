//! What a first copy that is read as a list relies on (rule 16): a fresh delta link, a count, and a filter by time.

use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::asker::{Asker, deadline};
use super::ledger::counted;
use super::single::id;
use super::walk::Walked;
use crate::graph::{Answer, Get, Request, answer};
use crate::json::{Members, without_mark};
use crate::protocol::{Link, Next};

/// How often a fresh link is asked again while the tenant changes.
const MOST_TRIES: usize = 3;
/// Before any directory: a filter from then on leaves out nothing that has a time.
const LONG_AGO: &str = "2000-01-01T00:00:00Z";

/// A delta link of this moment, which is asked again: G-13 of a resource that a first copy may list, and G-17 of any.
pub(super) async fn fresh(asker: &Asker<'_>, walked: &Walked) {
    let latest = match &asker.row.list_by {
        Some(_) => latest(asker).await,
        None => None,
    };
    match latest.or_else(|| walked.delta.clone()) {
        Some(link) => again(asker, link).await,
        None => asker.ledger.not_testable("G-17", asker.says("no delta link came within the first pages")),
    }
}

/// The delta link of this moment: G-13.
async fn latest(asker: &Asker<'_>) -> Option<Link> {
    let Request::Initial { path, select, mut query } = asker.source.first(None) else { return None };
    query.push(("$deltatoken".to_owned(), "latest".to_owned()));
    let request = Request::Initial { path, select, query };
    let page = match asker.source.page(&request, deadline()).await {
        Ok(page) => page,
        Err(error) => {
            asker.note("G-13", "`$deltatoken=latest` with `$select`", &error);
            return None;
        }
    };
    match (page.next, page.objects.len()) {
        (Next::DeltaLink(link), 0) => {
            let what = "`$deltatoken=latest` with `$select` gives a delta link and no object";
            asker.ledger.confirmed("G-13", asker.says(what));
            Some(link)
        }
        (Next::DeltaLink(_), objects) => {
            let what = format!("`$deltatoken=latest` with `$select` gives {}", counted(objects, "object"));
            asker.ledger.refuted("G-13", asker.says(what));
            None
        }
        _ => {
            let what = "`$deltatoken=latest` with `$select` gives a page without a delta link";
            asker.ledger.refuted("G-13", asker.says(what));
            None
        }
    }
}

/// A count under a filter: G-14.
pub(super) async fn count(asker: &Asker<'_>) {
    let Some(property) = &asker.row.list_by else { return };
    let get = Get::path(format!("{}/$count", asker.collection()))
        .header("ConsistencyLevel", "eventual")
        .filter(&format!("{property} ge {LONG_AGO}"));
    let asked = format!("`$count` with `$filter` by {property}");
    match answer(&asker.graph, &get, deadline()).await {
        Ok(answer) if number(&answer).is_some() => {
            asker.ledger.confirmed("G-14", asker.says(format!("{asked} gives a number")));
        }
        Ok(_) => asker.ledger.refuted("G-14", asker.says(format!("{asked} gives no number"))),
        Err(error) => asker.note("G-14", &asked, &error),
    }
}

fn number(answer: &Answer) -> Option<u64> {
    std::str::from_utf8(without_mark(&answer.body)).ok()?.trim().parse().ok()
}

/// A list of the objects of one second, among them one that the delta query has shown: G-15.
pub(super) async fn filter(asker: &Asker<'_>, objects: &[Box<RawValue>]) {
    let Some(property) = &asker.row.list_by else { return };
    let timed = |object: &RawValue| Some((id(object)?, moment(object, property)?));
    let known = objects.iter().find_map(|object| timed(object));
    let (from, to) = match &known {
        Some((_, at)) => (at.truncate_to_second(), at.truncate_to_second() + time::Duration::SECOND),
        None => (
            OffsetDateTime::now_utc().truncate_to_second() - time::Duration::DAY,
            OffsetDateTime::now_utc().truncate_to_second(),
        ),
    };
    let text = |at: OffsetDateTime| at.format(&Rfc3339).unwrap_or_default();
    let filter = format!("{property} ge {} and {property} le {}", text(from), text(to));
    let request = Request::Initial {
        path: asker.collection().to_owned(),
        select: asker.row.properties.clone(),
        query: vec![("$filter".into(), filter), ("$top".into(), "999".into())],
    };
    let asked = format!("a list with `$filter` by {property} with `ge` and `le`");
    let page = match asker.graph.page(&request, &asker.list_manner(), deadline()).await {
        Ok(page) => page,
        Err(error) => return asker.note("G-15", &asked, &error),
    };
    let is_outside = |object: &RawValue| moment(object, property).is_none_or(|at| at < from || at > to);
    let outside = page.objects.iter().filter(|object| is_outside(object)).count();
    let is_shown = |wanted: &str| page.objects.iter().any(|object| id(object).as_deref() == Some(wanted));
    let is_missing = page.next == Next::End && known.as_ref().is_some_and(|(wanted, _)| !is_shown(wanted));
    if outside > 0 {
        asker.ledger.refuted(
            "G-15",
            asker.says(format!("{asked} gives {} outside of the range", counted(outside, "object"))),
        );
    } else if is_missing {
        asker.ledger.refuted("G-15", asker.says(format!("{asked} does not give an object of that second")));
    } else {
        let objects = counted(page.objects.len(), "object");
        let what = format!("{asked} gives {objects}, all within the range");
        asker.ledger.confirmed("G-15", asker.says(what));
    }
}

fn moment(object: &RawValue, property: &str) -> Option<OffsetDateTime> {
    Members::of(object.get())?.moment(property)
}

/// A delta link that was given a moment ago: G-17.
async fn again(asker: &Asker<'_>, link: Link) {
    let mut link = link;
    for _ in 0..MOST_TRIES {
        let page = match asker.source.page(&Request::Follow(link), deadline()).await {
            Ok(page) => page,
            Err(error) => return asker.note("G-17", "a delta link that is a moment old", &error),
        };
        match page.next {
            Next::DeltaLink(_) if page.objects.is_empty() => {
                let what = "a delta link that is a moment old gives an empty page with a delta link";
                return asker.ledger.confirmed("G-17", asker.says(what));
            }
            Next::NextLink(next) | Next::DeltaLink(next) => link = next,
            Next::End | Next::Shards(_) => break,
        }
    }
    let why = "the tenant changes all the time, so no page was empty; run it at a quiet hour";
    asker.ledger.not_testable("G-17", asker.says(why));
}
