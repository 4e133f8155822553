//! The API versions, and what is wrong with a [`super::Get`].

use std::fmt;

/// A version of the API: <https://learn.microsoft.com/graph/versioning-and-support>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// What Microsoft supports for production.
    V1,
    /// What may change at any time.
    Beta,
}

impl Version {
    pub(super) const ALL: [Self; 2] = [Self::V1, Self::Beta];

    pub(super) const fn segment(self) -> &'static str {
        match self {
            Self::V1 => "v1.0",
            Self::Beta => "beta",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.segment())
    }
}

/// What is wrong with a [`super::Get`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadGet {
    /// The path cannot be one of Graph.
    #[error("the path {0}")]
    Path(&'static str),
    /// An address that is not on the configured origin: the token goes nowhere else.
    #[error(
        "the address leads to `{host}`; requests go to the configured Microsoft Graph endpoint, `{configured}`, only"
    )]
    OtherHost {
        /// The host of the address.
        host: String,
        /// The configured one.
        configured: String,
    },
    /// The path names one version and the caller another.
    #[error("the path begins with the version `{0}`, and another version is asked for")]
    OtherVersion(Version),
    /// A query option is there twice.
    #[error("the query option `{0}` is given twice")]
    Twice(String),
    /// A header that cannot be sent.
    #[error("the header `{name}` {why}")]
    Header {
        /// Its name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
}
