//! A problem of our own finding, before or beside what an identity server answers: it is told as it is.

use azure_core::error::ErrorKind;

/// Why there is no token, in words that name the setting and the next step, and carry no secret.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Problem(pub String);

impl From<Problem> for azure_core::Error {
    fn from(problem: Problem) -> Self {
        Self::new(ErrorKind::Credential, problem)
    }
}
