//! A list of all objects, cut into shards by the time at which they were created (rule 16).
//!
//! Graph filters users and groups by `createdDateTime` with `ge` and `le`, and counts what a filter leaves
//! (<https://learn.microsoft.com/graph/aad-advanced-queries>). How the times are spread is not known, so Graph is asked: ranges
//! with many objects are cut again. Objects without such a time are in no shard, and the counts of an index are behind: that
//! does no harm, since a delta query confirms the list.

use std::time::Instant;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime, UtcOffset};

use crate::graph::{self, Client, Get, GraphError, Manner, Request};
use crate::json::without_mark;
use crate::protocol::{Link, Next, Shard, Shards};

/// Most objects in a page of a list: <https://learn.microsoft.com/graph/paging>.
const PAGE: &str = "999";
/// About so many shards are wanted.
const SHARDS: u64 = 8;
/// More objects than this are never too few for a shard: a page has no more.
const FEWEST: u64 = 999;
/// Into so many ranges all time is cut first, …
const FIRST: u32 = 16;
/// … and a range with many objects, …
const AGAIN: u32 = 8;
/// … so many times: from sixteen years to three quarters of a day.
const CUTS: u32 = 3;
/// Counts in flight.
const AT_ONCE: usize = 16;
/// No directory has older objects that know when they were created.
const OLDEST: i64 = 1_262_304_000;

/// What is listed.
pub(super) struct List<'a> {
    pub graph: &'a Client,
    /// The path of the collection.
    pub path: String,
    /// The property by which it is cut.
    pub property: &'a str,
    /// No list is read of so many objects or fewer, and no shard has less than half of that.
    pub above: u64,
}

/// A range of time and how many objects it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    from: OffsetDateTime,
    until: OffsetDateTime,
    objects: u64,
}

/// See [`super::Source::shards`]. `first`: the request for the first page of the delta query.
pub(super) async fn shards(
    list: &List<'_>,
    first: &Request,
    deadline: Instant,
) -> Result<Option<Shards>, GraphError> {
    let found = async {
        let ranges = counts(list, cut(all_time(), FIRST), deadline);
        let (token, counted, ranges) =
            tokio::try_join!(latest(list, first, deadline), count(list, None, deadline), ranges)?;
        let Some(token) = token.filter(|_| counted > list.above) else { return Ok::<_, GraphError>(None) };
        let wanted = (counted / SHARDS).max((list.above / 2).min(FEWEST)).max(1);
        let open = in_shards(&cut_again(list, ranges, wanted, deadline).await?, wanted);
        Ok(Some(Shards { token, counted, shown: 0, open }))
    };
    match found.await {
        // The delta query may do better, or says more clearly what is wrong.
        Err(error) if error.blames_link() || error.is_server_error() => {
            tracing::warn!(event = "list_refused", path = list.path, %error);
            Ok(None)
        }
        found => found,
    }
}

/// The request for the next page of a shard.
pub(super) fn request(shard: &Shard, path: String, property: &str, select: &[String]) -> Request {
    if let Some(link) = &shard.link {
        return Request::Follow(link.clone());
    }
    let filter = filter(property, shard.from, shard.until).map(|filter| ("$filter".to_owned(), filter));
    let query = filter.into_iter().chain([("$top".to_owned(), PAGE.to_owned())]).collect();
    Request::Initial { path, select: select.to_vec(), query }
}

/// The delta link of this moment: <https://learn.microsoft.com/graph/delta-query-overview#use-delta-query-to-track-changes-in-a-resource-collection>.
async fn latest(list: &List<'_>, first: &Request, deadline: Instant) -> Result<Option<Link>, GraphError> {
    let Request::Initial { path, select, query } = first else { return Ok(None) };
    let latest = ("$deltatoken".to_owned(), "latest".to_owned());
    let query = query.iter().cloned().chain([latest]).collect();
    let request = Request::Initial { path: path.clone(), select: select.clone(), query };
    let page = list.graph.page(&request, &Manner::delta(), deadline).await?;
    Ok(match page.next {
        Next::DeltaLink(link) if page.objects.is_empty() => Some(link),
        _ => None,
    })
}

/// How many objects there are, in a range of time or in all: <https://learn.microsoft.com/graph/query-parameters#count>.
async fn count(
    list: &List<'_>,
    range: Option<(OffsetDateTime, OffsetDateTime)>,
    deadline: Instant,
) -> Result<u64, GraphError> {
    let get = Get::path(format!("{}/$count", list.path)).header("ConsistencyLevel", "eventual");
    let filter = range.and_then(|(from, until)| filter(list.property, Some(from), Some(until)));
    let get = filter.iter().fold(get, |get, filter| get.filter(filter));
    let answer = graph::answer(list.graph, &get, deadline).await?;
    let text = std::str::from_utf8(without_mark(&answer.body)).ok();
    let number = text.and_then(|text| text.trim().parse().ok());
    number.ok_or_else(|| GraphError::Nonsense("a count that is no number".into()))
}

/// From the oldest object to now.
fn all_time() -> Range {
    let now = OffsetDateTime::now_utc().replace_nanosecond(0).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let oldest = OffsetDateTime::from_unix_timestamp(OLDEST).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    Range { from: oldest, until: now.max(oldest + Duration::DAY), objects: 0 }
}

/// The same ranges, of which those with many more objects than are wanted are cut as far as it goes.
async fn cut_again(
    list: &List<'_>,
    mut ranges: Vec<Range>,
    wanted: u64,
    deadline: Instant,
) -> Result<Vec<Range>, GraphError> {
    for _ in 0..CUTS {
        let (mut cuts, mut is_cut) = (Vec::new(), false);
        for range in ranges {
            let parts = if range.objects > 2 * wanted { cut(range, AGAIN) } else { vec![range] };
            is_cut |= parts.len() > 1;
            match parts.len() {
                1 => cuts.push(range),
                _ => cuts.extend(counts(list, parts, deadline).await?),
            }
        }
        ranges = cuts;
        if !is_cut {
            break;
        }
    }
    Ok(ranges)
}

async fn counts(list: &List<'_>, ranges: Vec<Range>, deadline: Instant) -> Result<Vec<Range>, GraphError> {
    let counted = stream::iter(ranges).map(|range| async move {
        let objects = count(list, Some((range.from, range.until)), deadline).await?;
        Ok(Range { objects, ..range })
    });
    counted.buffered(AT_ONCE).try_collect().await
}

/// A range in equal parts of whole seconds, if it is long enough.
fn cut(range: Range, parts: u32) -> Vec<Range> {
    let part = (range.until - range.from).whole_seconds() / i64::from(parts);
    if part < 1 {
        return vec![range];
    }
    let edge = |number: u32| match number {
        number if number == parts => range.until,
        number => range.from + Duration::seconds(part * i64::from(number)),
    };
    (0..parts).map(|number| Range { from: edge(number), until: edge(number + 1), ..range }).collect()
}

/// Shards of ranges that follow each other, each with about as many objects as are wanted. The first one has no beginning and
/// the last one no end: what is older than old, or created in the meantime, is in one of them.
fn in_shards(ranges: &[Range], wanted: u64) -> Vec<Shard> {
    let mut edges = Vec::new();
    let mut objects = 0;
    for range in ranges {
        if objects > 0 && objects + range.objects > wanted {
            edges.push(range.from);
            objects = 0;
        }
        objects += range.objects;
    }
    let froms = std::iter::once(None).chain(edges.iter().copied().map(Some));
    let untils = edges.iter().copied().map(Some).chain([None]);
    froms.zip(untils).map(|(from, until)| Shard::between(from, until)).collect()
}

fn filter(property: &str, from: Option<OffsetDateTime>, until: Option<OffsetDateTime>) -> Option<String> {
    let text = |at: OffsetDateTime| at.to_offset(UtcOffset::UTC).format(&Rfc3339).ok();
    let bound = |operator: &str, at: OffsetDateTime| Some(format!("{property} {operator} {}", text(at)?));
    let bounds = [from.and_then(|at| bound("ge", at)), until.and_then(|at| bound("le", at))];
    let bounds: Vec<_> = bounds.into_iter().flatten().collect();
    (!bounds.is_empty()).then(|| bounds.join(" and "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + Duration::seconds(seconds)
    }

    fn range(from: i64, until: i64, objects: u64) -> Range {
        Range { from: at(from), until: at(until), objects }
    }

    #[test]
    fn a_range_is_cut_into_parts_that_share_their_ends_and_leave_no_gap() {
        let parts = cut(range(0, 83, 5), 8);
        assert_eq!((parts.len(), parts[0].from, parts[7].until), (8, at(0), at(83)));
        assert!(parts.windows(2).all(|pair| pair[0].until == pair[1].from));
        assert_eq!(cut(range(0, 7, 5), 8), [range(0, 7, 5)], "a part has a second at least");
    }

    #[test]
    fn shards_have_about_as_many_objects_each_and_cover_all_time() {
        let ranges: Vec<_> = [0, 3000, 200, 0, 9000, 100, 700, 900]
            .iter()
            .zip(0..)
            .map(|(n, day)| range(day, day + 1, *n))
            .collect();
        let shards = in_shards(&ranges, 1700);
        assert_eq!((shards[0].from, shards.last().unwrap().until), (None, None));
        assert!(shards.windows(2).all(|pair| pair[0].until == pair[1].from && pair[0].until.is_some()));
        assert_eq!(shards.iter().filter_map(|shard| shard.from).collect::<Vec<_>>(), [at(2), at(4), at(5)]);
        assert_eq!(in_shards(&[], 5), [Shard::between(None, None)]);
    }

    #[test]
    fn a_shard_asks_for_its_range_with_both_ends() {
        let select = ["id".to_owned()];
        let query = |shard| match request(&shard, "/users".into(), "createdDateTime", &select) {
            Request::Initial { query, .. } => query.into_iter().map(|(_, value)| value).collect::<Vec<_>>(),
            _ => Vec::new(),
        };
        let both = Shard::between(Some(at(0)), Some(at(60)));
        let filter = "createdDateTime ge 1970-01-01T00:00:00Z and createdDateTime le 1970-01-01T00:01:00Z";
        assert_eq!(query(both), [filter, "999"]);
        assert_eq!(query(Shard::between(None, None)), ["999"]);
    }
}
