//! What follows a page: a next link, a delta link (<https://learn.microsoft.com/graph/delta-query-overview>), or, at the
//! end of a list (<https://learn.microsoft.com/graph/paging>), nothing.
//!
//! A link is opaque text from Graph and is not parsed here. It carries a token, so it is stored in the checkpoint and
//! never shown. This module does not check whether a link may be followed; `graph` decides that at each request.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Shards;

/// A link from Graph: a next link, a delta link, or the `Location` of an expired token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Link(String);

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

impl Link {
    /// Wraps a link as Graph or the checkpoint contains it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text of the link. It is a secret: never log or show it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_stored_as_it_is_and_never_shown() {
        let link = Link::new("https://g/?$deltatoken=secret");
        assert_eq!(serde_json::to_string(&link).unwrap(), r#""https://g/?$deltatoken=secret""#);
        assert_eq!(format!("{link:?}"), "Link(…)");
        assert_eq!(format!("{:?}", Next::DeltaLink(link)), "DeltaLink(Link(…))");
    }
}
