//! What can go wrong with Cosmos DB, as far as a caller branches on it.

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use azure_core::error::ErrorKind;
use azure_core::http::StatusCode;
use azure_data_cosmos::CosmosError;

use super::cause::{self, Kind};
use super::remedy::{Account, ROLE};
use super::unfit::Unfit;
use crate::json::shown_id;
use crate::protocol::Unreadable;
use crate::trust::distrusted;

/// A request to Cosmos DB that did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Throttled (429) or asked to retry (449): a definite refusal, nothing was written.
    #[error("Cosmos DB throttles: try again in {} ms", after.as_millis())]
    Throttled {
        /// How long Cosmos asked us to wait.
        after: Duration,
    },
    /// The document changed since it was read (412), or was there already (409).
    #[error("another writer was faster")]
    Overtaken,
    /// Database or document is not there (404).
    #[error("not found in Cosmos DB: {0}")]
    Missing(String),
    /// A container is not as it has to be.
    #[error("{0}")]
    Container(Box<Unfit>),
    /// The container of the request is not there (404/1003); callers of the store see [`StoreError::Container`].
    #[error("the container is not there: {0}")]
    NoContainer(String),
    /// The container has another partition key than the request (400/1001); callers see [`StoreError::Container`].
    #[error("the container has another partition key: {0}")]
    OtherKey(String),
    /// A container is another one than this process opened: it was dropped and created anew.
    #[error(
        "a container was created anew (`{container}`, {said}); the next turn looks at it and begins a generation"
    )]
    Recreated {
        /// Which.
        container: String,
        /// What Cosmos said.
        said: String,
    },
    /// The container is another one than the request is for (400/1024, 410/1000); callers see [`StoreError::Recreated`].
    #[error("the container is another one: {0}")]
    OtherContainer(String),
    /// Cosmos will never take this document (400, 413, a full logical partition).
    #[error("Cosmos DB refuses the document: {0}")]
    Refused(String),
    /// The token or the key is not accepted (401).
    #[error("Cosmos DB refuses the token or key ({0}); `graph-mirror doctor` says which, and what to do")]
    Unauthorized(String),
    /// The identity lacks the data-plane role (403).
    #[error("Cosmos DB refuses access ({}); the identity needs the role `{ROLE}`: {}", .0, .0.command())]
    Forbidden(Box<Unassigned>),
    /// The network rules of the account refuse the address that the request came from (403).
    #[error(
        "the network rules of the Cosmos DB account refuse this address ({0}); \
         `graph-mirror doctor` has the command that lets it in"
    )]
    Blocked(String),
    /// Cosmos refuses for another reason, which has nothing to do with the identity's role (403).
    #[error("Cosmos DB refuses the request ({0})")]
    Denied(String),
    /// No token, so nothing was sent; in the words of the credential.
    #[error("no access token for Azure Cosmos DB: {0}")]
    NoToken(String),
    /// Nobody knows whether the request was carried out: a timeout, a broken connection, a 5xx.
    #[error("Cosmos DB gave no certain answer: {0}")]
    Unknown(String),
    /// What answers there cannot prove to be the account; nothing was sent.
    #[error("Cosmos DB is not spoken to: {0}")]
    Distrusted(String),
    /// A document of the container `mirror` that this version cannot read.
    #[error("the document `{id}` in the container `mirror` cannot be read: {unreadable}")]
    Unreadable {
        /// Which.
        id: String,
        /// Why.
        unreadable: Unreadable,
    },
    /// The lease on the feed ended or went to somebody else: nothing more may be written.
    #[error("the lease on this feed is lost; the next turn carries on")]
    LeaseLost,
}

/// A refusal for want of the data-plane role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unassigned {
    said: String,
    /// Who lacks it, where Cosmos says so.
    principal: Option<String>,
    /// The account, where the request is known.
    account: Option<Account>,
}

impl Unassigned {
    /// Of an answer that said this, and of which nothing else is known.
    pub fn new(said: impl Into<String>) -> Box<Self> {
        Box::new(Self { said: said.into(), principal: None, account: None })
    }

    /// The command that assigns the role, as far as names are known.
    pub fn command(&self) -> String {
        let unknown = || Account::unknown().assign_role(self.principal.as_deref());
        self.account.as_ref().map_or_else(unknown, |account| account.assign_role(self.principal.as_deref()))
    }
}

impl fmt::Display for Unassigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said)
    }
}

impl StoreError {
    /// The same of a request to this account.
    #[must_use]
    pub(super) fn of_account(self, account: impl FnOnce() -> Account) -> Self {
        match self {
            Self::Forbidden(lacks) => {
                Self::Forbidden(Box::new(Unassigned { account: Some(account()), ..*lacks }))
            }
            other => other,
        }
    }

    /// What an answer with this status means; none where the status has no cause of its own.
    pub(super) fn of_status(status: u16, sub: Option<u32>, sentence: &str, said: &str) -> Option<Self> {
        let cause = cause::of(status, sub, sentence)?;
        let words = cause.sentence(said);
        Some(match cause.kind {
            Kind::Unauthorized => Self::Unauthorized(words),
            Kind::Role => {
                let principal = cause::principal(sentence);
                Self::Forbidden(Box::new(Unassigned { said: words, principal, account: None }))
            }
            Kind::Network => Self::Blocked(said.to_owned()),
            Kind::Passing => Self::Unknown(words),
            Kind::Document => Self::Refused(words),
            Kind::Denied => Self::Denied(words),
        })
    }
}

/// Waits where Cosmos names none.
const DEFAULT_WAIT: Duration = Duration::from_millis(100);
/// Sub-status of a 404 when the container, or the database, is not there: "owner resource does not exist"
/// (<https://learn.microsoft.com/azure/cosmos-db/nosql/troubleshoot-not-found>).
pub(super) const NO_CONTAINER: u32 = 1003;
/// Sub-status of a 400 when the partition key of the document is not that of the request
/// (<https://learn.microsoft.com/azure/cosmos-db/nosql/troubleshoot-bad-request>).
pub(super) const OTHER_KEY: u32 = 1001;
/// Whether the container is another one than the request is for: the SDK names the one that it opened in each request, and
/// opens the other one when it is told so. It lets the refusal through where that fails.
pub(super) fn is_other_container(status: u16, sub: Option<u32>) -> bool {
    matches!((status, sub), (400, Some(1024)) | (410, Some(1000)))
}

impl StoreError {
    /// The error of a request that needs no document, such as an upsert or a query: a 404 is about the container then,
    /// whatever its sub-status.
    pub(super) fn of_container(self) -> Self {
        match self {
            Self::Missing(text) => Self::NoContainer(text),
            other => other,
        }
    }
}

impl From<CosmosError> for StoreError {
    fn from(error: CosmosError) -> Self {
        let status = error.status();
        let code = status.status_code();
        let sub = status.sub_status().map(|sub| u32::from(sub.value()));
        // The SDK's own messages may carry addresses and ids; numbers and names are enough to look up.
        let name = status.name().unwrap_or("no name");
        let text = match sub {
            Some(sub) => format!("status {}/{sub}, {name}", u16::from(code)),
            None => format!("status {}, {name}", u16::from(code)),
        };
        let text = match activity(&error) {
            Some(id) => format!("{text}, activity id {id}"),
            None => text,
        };
        let from_service = error.is_from_wire();
        if let Some(why) = no_token(&error) {
            return Self::NoToken(why);
        }
        if let Some(why) = distrusted(&error) {
            return Self::Distrusted(why);
        }
        match code {
            _ if from_service && is_other_container(code.into(), sub) => Self::OtherContainer(text),
            StatusCode::TooManyRequests => Self::Throttled { after: wait(&error) },
            _ if status.is_retry_with() => Self::Throttled { after: wait(&error) },
            StatusCode::PreconditionFailed | StatusCode::Conflict if from_service => Self::Overtaken,
            StatusCode::NotFound if from_service && sub == Some(NO_CONTAINER) => Self::NoContainer(text),
            StatusCode::BadRequest if from_service && sub == Some(OTHER_KEY) => Self::OtherKey(text),
            StatusCode::NotFound if from_service => Self::Missing(text),
            StatusCode::BadRequest | StatusCode::PayloadTooLarge if from_service => Self::Refused(text),
            _ => Self::of_status(code.into(), sub, &sentence(&error), &text).unwrap_or(Self::Unknown(text)),
        }
    }
}

/// What the service said in words; they are looked at, and never repeated.
fn sentence(error: &CosmosError) -> String {
    let body =
        error.response().and_then(|response| response.body().clone().single().ok()).unwrap_or_default();
    String::from_utf8_lossy(&body).into_owned()
}

/// By what a support case finds the request.
fn activity(error: &CosmosError) -> Option<String> {
    let id = error.response()?.headers().activity_id.as_ref()?.as_str();
    (shown_id(id) == id).then(|| id.to_owned())
}

/// Why the credential had no token, if that is what it is: the SDK calls it a 401 too.
fn no_token(error: &CosmosError) -> Option<String> {
    let mut source = error.source();
    while let Some(cause) = source {
        let found = cause.downcast_ref::<azure_core::Error>();
        if let Some(found) = found.filter(|found| *found.kind() == ErrorKind::Credential) {
            return Some(found.to_string());
        }
        source = cause.source();
    }
    None
}

fn wait(error: &CosmosError) -> Duration {
    let wait = error.response().and_then(|response| response.headers().retry_after_ms);
    wait.map_or(DEFAULT_WAIT, Duration::from_millis)
}
