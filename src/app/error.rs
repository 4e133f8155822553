//! Why a verb failed, and whose fault that is.

use std::time::Duration;

use crate::mirror::SyncError;
use crate::store::StoreError;
use crate::subscriptions::KeepError;

/// A verb that failed.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// No such resource.
    #[error("unknown resource `{name}`; known are: {known}")]
    UnknownResource {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// Something that cannot be the id of an object, or too many ids.
    #[error("{0}")]
    BadIds(String),
    /// No token.
    #[error("no access token for {service}: {why}")]
    NoToken {
        /// What it is for.
        service: &'static str,
        /// Why, and what to do.
        why: String,
    },
    /// Nobody says which tenant this is.
    #[error("the tenant is unknown: set AZURE_TENANT_ID to the tenant's id")]
    NoTenant,
    /// The token is of another tenant than the settings say.
    #[error("AZURE_TENANT_ID is {stated}, but the identity is of tenant {found}")]
    AnotherTenant {
        /// As set.
        stated: String,
        /// As the token says.
        found: String,
    },
    /// The database or a container could not be created.
    #[error("init failed at {what}: {source}")]
    Init {
        /// `database`, or the name of the container.
        what: &'static str,
        /// Why.
        source: StoreError,
    },
    /// Nobody could look after the subscriptions.
    #[error("the subscriptions could not be looked after: {source}")]
    Subscriptions {
        /// Why.
        source: KeepError,
    },
    /// The turn failed.
    #[error("{verb} of {feed} failed: {source}")]
    Turn {
        /// What it was to do.
        verb: &'static str,
        /// The feed.
        feed: &'static str,
        /// Why.
        source: SyncError,
    },
}

/// Whose fault a failure is, for whoever has to answer a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The caller names something that there is not.
    Unknown,
    /// The caller asks for something that cannot be.
    Caller,
    /// A service wants to be left alone for this long.
    Throttled(Duration),
    /// A service cannot be reached, or gave no certain answer; later it may.
    Unavailable,
    /// Graph answered what its contract does not know, or refused what it should not.
    Graph,
    /// We, or how we are set up.
    Ours,
}

impl AppError {
    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Self::UnknownResource { .. } => Fault::Unknown,
            Self::BadIds(_) => Fault::Caller,
            Self::NoToken { .. } | Self::Subscriptions { .. } => Fault::Unavailable,
            Self::NoTenant | Self::AnotherTenant { .. } | Self::Init { .. } => Fault::Ours,
            Self::Turn { source, .. } => match source.throttled_for() {
                Some(wait) => Fault::Throttled(wait),
                None if source.is_passing() => Fault::Unavailable,
                None if source.blames_graph() => Fault::Graph,
                None => Fault::Ours,
            },
        }
    }
}
