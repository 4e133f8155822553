//! A first copy that is read as a list, in shards (rule 16). Pure, plain data.
//!
//! Graph's delta query has pages of about 200 objects, one after another. Its lists have pages of 999, and a list can be cut
//! by the time at which objects were created. So a first copy can be there much sooner.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::Link;

/// How the first copy of a feed is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstCopy {
    /// By the delta query.
    Delta,
    /// As a list, which shows all that the delta query does.
    List,
    /// As a list, which shows no links.
    ListOfObjects,
}

/// How far a first copy is that is read as a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Listing {
    /// It has not begun. If Graph refuses it, the delta query is read.
    Due,
    /// It is under way.
    Open(Shards),
    /// It is complete, and no delta query has confirmed it yet.
    #[serde(rename_all = "camelCase")]
    Done {
        /// It has shown fewer objects than Graph has counted.
        is_short: bool,
    },
}

/// The shards of a list that are still to be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shards {
    /// The delta link of a moment before the list began.
    pub token: Link,
    /// So many objects there were then.
    pub counted: u64,
    /// So many objects were on the pages that are saved.
    pub shown: u64,
    /// The shards of which there is more.
    pub open: Vec<Shard>,
}

/// The objects that were created in a range of time. Shards that follow each other share its end: an object of that very
/// second is shown by at least one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shard {
    /// The earliest time, included; none: since ever.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub from: Option<OffsetDateTime>,
    /// The latest time, included; none: for ever.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub until: Option<OffsetDateTime>,
    /// The next page; none: the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// So many times its page token has died, and it has begun anew.
    #[serde(default)]
    pub restarts: u32,
}

/// What became of a page of a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turned {
    /// It showed so many objects, and is followed by this page.
    Page(u64, Option<Link>),
    /// Its token is dead.
    Dead,
}

/// Times that a shard may begin anew: a list whose tokens die faster than they can be followed does not end.
const RESTARTS: u32 = 3;

impl Shard {
    /// The objects of a range of time.
    pub fn between(from: Option<OffsetDateTime>, until: Option<OffsetDateTime>) -> Self {
        Self { from, until, link: None, restarts: 0 }
    }
}

impl Shards {
    /// What is left after a page of each of the first shards; none if one of them cannot be read to its end.
    pub fn after(&self, pages: &[Turned]) -> Option<Self> {
        let (mut next, mut shown) = (Vec::new(), self.shown);
        for (shard, page) in self.open.iter().zip(pages) {
            match page {
                Turned::Page(objects, link) => {
                    shown += objects;
                    next.extend(
                        link.as_ref().map(|link| Shard { link: Some(link.clone()), ..shard.clone() }),
                    );
                }
                Turned::Dead if shard.link.is_none() || shard.restarts == RESTARTS => return None,
                Turned::Dead => {
                    next.push(Shard { link: None, restarts: shard.restarts + 1, ..shard.clone() });
                }
            }
        }
        next.extend(self.open.iter().skip(pages.len()).cloned());
        Some(Self { shown, open: next, ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shards(open: usize) -> Shards {
        let at = |day: usize| Some(OffsetDateTime::UNIX_EPOCH + time::Duration::days(day as i64));
        let open = (0..open).map(|day| Shard::between(at(day), at(day + 1))).collect();
        Shards { token: Link::new("https://g/d"), counted: 5, shown: 1, open }
    }

    #[test]
    fn a_shard_ends_with_its_last_page_and_the_others_wait() {
        let (all, link) = (shards(3), Link::new("https://g/2"));
        let next = all.after(&[Turned::Page(3, None), Turned::Page(2, Some(link.clone()))]).unwrap();
        assert_eq!((next.shown, next.open.len()), (6, 2));
        assert_eq!((&next.open[0].link, next.open[0].from), (&Some(link), all.open[1].from));
        assert_eq!(next.open[1], all.open[2]);
        let text = serde_json::to_string(&Listing::Open(next.clone())).unwrap();
        assert_eq!(serde_json::from_str::<Listing>(&text).unwrap(), Listing::Open(next.clone()));
        assert!(!format!("{next:?}").contains("https"));
    }

    #[test]
    fn a_shard_whose_page_token_is_dead_begins_anew_within_bounds() {
        let link = || Turned::Page(1, Some(Link::new("https://g/2")));
        let mut all = shards(2);
        for _ in 0..RESTARTS {
            all = all.after(&[link(), link()]).unwrap().after(&[Turned::Dead, link()]).unwrap();
            assert!(all.open[0].link.is_none() && all.open[1].link.is_some());
        }
        assert_eq!(all.after(&[Turned::Dead]), None, "a first page has no token");
        assert_eq!(all.after(&[link()]).unwrap().after(&[Turned::Dead]), None);
    }
}
