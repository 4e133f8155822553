//! A link from Graph.
//!
//! It is opaque text and is not parsed here. It carries a token, so it is stored in the checkpoint and never shown. This module
//! does not check whether a link may be followed; `graph` decides that at each request.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A link from Graph: a next link, a delta link, or the `Location` of an expired token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Link(String);

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
    }
}
