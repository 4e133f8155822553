//! The feeds of a resource below its parents, in numbers. Pure.

use serde::Serialize;
use time::OffsetDateTime;

use crate::protocol::fan::Child;

/// The feeds below parents.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Below {
    /// The parents below which something is followed.
    pub feeds: u64,
    /// Those of them whose copy is not complete yet.
    pub incomplete: u64,
    /// Those of them that Graph refuses to show (403, 404): they are tried again once a day.
    pub refused: u64,
    /// Parents that are gone or not chosen any more; what lay below them is removed.
    pub ended: u64,
    /// What the copy of the feed that was read least recently is as of.
    #[serde(with = "time::serde::rfc3339::option")]
    pub oldest: Option<OffsetDateTime>,
}

impl Below {
    /// The numbers of these feeds.
    pub fn of<'c>(children: impl Iterator<Item = &'c Child>) -> Self {
        let mut all = Self::default();
        for child in children {
            match child {
                Child { ended: true, .. } => all.ended += 1,
                Child { refused: Some(_), .. } => (all.feeds, all.refused) = (all.feeds + 1, all.refused + 1),
                Child { as_of: None, .. } => {
                    (all.feeds, all.incomplete) = (all.feeds + 1, all.incomplete + 1)
                }
                Child { as_of: Some(as_of), .. } => {
                    all.feeds += 1;
                    all.oldest = Some(all.oldest.map_or(*as_of, |oldest| oldest.min(*as_of)));
                }
            }
        }
        all
    }
}

impl std::fmt::Display for Below {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { feeds, incomplete, refused, ended, .. } = self;
        write!(
            f,
            "{feeds} parents, {incomplete} of them not complete yet, {refused} refused by Microsoft Graph; {ended} ended"
        )
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;
    use crate::protocol::Refused;

    #[test]
    fn each_feed_is_counted_for_what_it_is() {
        let now = OffsetDateTime::UNIX_EPOCH + Duration::days(1000);
        let whole = Child { as_of: Some(now), ..Child::default() };
        let old = now - Duration::HOUR;
        let children = [
            whole,
            Child { as_of: Some(old), ..whole },
            Child { as_of: None, ..whole },
            Child { refused: Some(Refused { at: now, status: 404 }), as_of: None, ..whole },
            Child { ended: true, as_of: Some(old - Duration::DAY), ..whole },
        ];
        let below = Below { feeds: 4, incomplete: 1, refused: 1, ended: 1, oldest: Some(old) };
        assert_eq!(Below::of(children.iter()), below);
    }
}
