//! Why there is no token, with the next step.
//!
//! The SDK's own words name neither where it is about a status or a connection, and they may carry an
//! address: so its error is read (status, Entra's code, kind) and told in ours.

use std::fmt;

use azure_core::error::ErrorKind;
use azure_core::http::StatusCode;

use super::Credential;
use super::problem::Problem;

mod next;

pub(super) use next::of_registration;

/// What the identity server, or the way to it, told.
#[derive(Debug, PartialEq, Eq)]
enum Told {
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
struct Refused {
    /// The number of Entra's AADSTS code.
    code: Option<u32>,
    /// The `error` of OAuth.
    error: Option<String>,
}

/// Why there is no token for `credential`, and what to do.
pub(super) fn explain(error: &azure_core::Error, credential: &Credential) -> String {
    match told(error) {
        Told::Problem(words) => words,
        told => format!("{}; {}", told.sentence(), next::step(&told, credential)),
    }
}

/// The outermost error that says something definite.
fn told(error: &azure_core::Error) -> Told {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = cause {
        if let Some(Problem(words)) = current.downcast_ref() {
            return Told::Problem(words.clone());
        }
        match current.downcast_ref::<azure_core::Error>().map(azure_core::Error::kind) {
            Some(ErrorKind::HttpResponse { status, error_code, .. }) => {
                return Told::Status(*status, Refused::read(error_code.as_deref()));
            }
            Some(ErrorKind::Connection) => return Told::NoConnection { untrusted: is_untrusted(current) },
            Some(ErrorKind::Io) => return Told::Broken,
            Some(ErrorKind::DataConversion) => return Told::Nonsense,
            _ => cause = current.source(),
        }
    }
    Told::Words(error.to_string())
}

/// Whether the connection was given up because of the server's certificate.
fn is_untrusted(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = error.source();
    while let Some(current) = cause {
        if current.to_string().contains("invalid peer certificate") {
            return true;
        }
        cause = current.source();
    }
    false
}

impl Told {
    fn sentence(&self) -> String {
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
    /// As [`super::refusal`] leaves it: `<error>:<number>`, either of which may be missing.
    fn read(text: Option<&str>) -> Self {
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

#[cfg(test)]
mod tests;
