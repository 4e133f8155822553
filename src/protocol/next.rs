//! What follows a page: a next link, a delta link (<https://learn.microsoft.com/graph/delta-query-overview>), or, at the
//! end of a list (<https://learn.microsoft.com/graph/paging>), nothing.

use super::{Link, Shards};

/// What follows a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// The link to the next page of the same round.
    NextLink(Link),
    /// The round is complete. The link starts the next round.
    DeltaLink(Link),
    /// The list is complete.
    End,
    /// A list that is read in shards: what is left of it.
    Shards(Shards),
}

impl Next {
    /// The next link, if there is another page of the same round.
    pub fn next_link(&self) -> Option<&Link> {
        match self {
            Self::NextLink(link) => Some(link),
            Self::DeltaLink(_) | Self::End | Self::Shards(_) => None,
        }
    }

    /// The link, of either kind, if there is one.
    pub fn link(&self) -> Option<&Link> {
        match self {
            Self::NextLink(link) | Self::DeltaLink(link) => Some(link),
            Self::End | Self::Shards(_) => None,
        }
    }

    /// Whether the round or the list is complete.
    pub fn ends_round(&self) -> bool {
        match self {
            Self::NextLink(_) => false,
            Self::DeltaLink(_) | Self::End => true,
            Self::Shards(shards) => shards.open.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_page_shows_no_link() {
        let next = Next::DeltaLink(Link::new("https://g/?$deltatoken=secret"));
        assert_eq!(format!("{next:?}"), "DeltaLink(Link(…))");
    }
}
