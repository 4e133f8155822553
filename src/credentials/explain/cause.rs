//! What the identity server, or the way to it, told.

use std::fmt;

use azure_core::http::StatusCode;

/// What the identity server, or the way to it, told.
#[derive(Debug, PartialEq, Eq)]
pub enum Cause {
    /// An answer without a token, and what it says.
    Status(StatusCode, Refused),
    /// There was no answer.
    NoConnection { untrusted: bool },
    /// The connection broke before the answer.
    Broken,
    /// An answer that is not what the protocol says.
    Nonsense,
    /// The SDK's words about a credential that it cannot build, or the cache's about one that takes too long.
    Words(String),
    /// Our own words, next step included.
    Problem(String),
}

/// What an answer without a token says, as far as it can be read.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// The number of Entra's AADSTS code.
    pub code: Option<u32>,
    /// The `error` of OAuth.
    pub error: Option<String>,
}

impl Cause {
    /// It, in words.
    pub fn sentence(&self) -> String {
        match self {
            Self::Status(status, refused) => format!("the identity server answered status {status}{refused}"),
            Self::NoConnection { untrusted: true } => {
                "the certificate of the identity server is not trusted".into()
            }
            Self::NoConnection { untrusted: false } => "there is no connection to the identity server".into(),
            Self::Broken => "the connection to the identity server broke".into(),
            Self::Nonsense => "the identity server's answer cannot be read".into(),
            Self::Words(words) | Self::Problem(words) => words.clone(),
        }
    }
}

impl Refused {
    /// As [`crate::credentials::refusal`] leaves it: `<error>:<number>`, either of which may be missing.
    pub fn read(text: Option<&str>) -> Self {
        let (error, code) = text.unwrap_or_default().split_once(':').unwrap_or_default();
        Self { code: code.parse().ok(), error: Some(error.to_owned()).filter(|error| !error.is_empty()) }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { code: Some(code), error: Some(error) } => write!(f, ", AADSTS{code} ({error})"),
            Self { code: Some(code), error: None } => write!(f, ", AADSTS{code}"),
            Self { code: None, error: Some(error) } => write!(f, " ({error})"),
            Self { code: None, error: None } => Ok(()),
        }
    }
}
