//! Why there is no token, with the next step.
//!
//! The SDK's own words name neither where it is about a status or a connection, and they may carry an
//! address: so its error is read (status, Entra's code, kind) and told in ours.

use azure_core::error::ErrorKind;

use super::credential::Credential;
use super::problem::Problem;
use cause::{Cause, Refused};

mod cause;
mod next;

/// Why there is no token for `credential`, and what to do.
pub(super) fn explain(error: &azure_core::Error, credential: &Credential) -> String {
    match cause(error) {
        Cause::Problem(words) => words,
        cause => format!("{}; {}", cause.sentence(), next::step(&cause, credential)),
    }
}

/// The outermost error that says something definite.
fn cause(error: &azure_core::Error) -> Cause {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = cause {
        if let Some(Problem(words)) = current.downcast_ref() {
            return Cause::Problem(words.clone());
        }
        match current.downcast_ref::<azure_core::Error>().map(azure_core::Error::kind) {
            Some(ErrorKind::HttpResponse { status, error_code, .. }) => {
                return Cause::Status(*status, Refused::read(error_code.as_deref()));
            }
            Some(ErrorKind::Connection) => return Cause::NoConnection { untrusted: is_untrusted(current) },
            Some(ErrorKind::Io) => return Cause::Broken,
            Some(ErrorKind::DataConversion) => return Cause::Nonsense,
            _ => cause = current.source(),
        }
    }
    Cause::Words(error.to_string())
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

#[cfg(test)]
mod tests;
