//! Errors of a turn, in messages that name the cause and the next step.

use std::time::Duration;

use crate::graph::{GraphError, Loop};
use crate::protocol::Unreadable;
use crate::source::{Forbidden, SourceError};
use crate::store::{StoreError, Unfit};

use crate::protocol::machine::Stop;
use crate::protocol::plan::AnotherTenant;

/// The error of a failed turn. Nothing is lost: the checkpoint keeps the position of the last saved page.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// A request to Graph failed.
    #[error("{0}")]
    Graph(GraphError),
    /// Graph refuses (403). The cause is a missing permission unless the token has a sufficient one.
    #[error("{0}")]
    Forbidden(Box<Forbidden>),
    /// A request to Cosmos DB failed.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The checkpoint exists, but not in the format of this version.
    #[error(
        "the checkpoint of `{feed}` in the container `mirror` cannot be read ({unreadable}); \
         `graph-mirror checkpoint reset {feed}` has the next turn read everything anew, and loses nothing"
    )]
    Unreadable {
        /// The key of the feed.
        feed: String,
        /// The reason.
        unreadable: Unreadable,
    },
    /// The copy belongs to another tenant.
    #[error(
        "the copy is of tenant {}, but our token is of tenant {}; use another database for another tenant",
        .0.stored, .0.ours
    )]
    AnotherTenant(AnotherTenant),
    /// The parents that the row chooses do not exist.
    #[error("`parents` in {file} names nobody: {what}; name others, or \"all\"")]
    NobodyChosen {
        /// The file with the row.
        file: String,
        /// What was looked for and is not there.
        what: String,
    },
    /// Another turn with a later lease has saved, so this turn no longer holds the lease.
    #[error("a later turn has taken over this feed")]
    Overtaken,
    /// Graph's pages lead round in circles. Nothing of the page that shows this is saved.
    #[error("Microsoft Graph goes round in circles: {0}; the pages before are saved")]
    Loop(#[from] Loop),
    /// Graph keeps answering with a server error.
    #[error("Microsoft Graph fails; the next turn tries again")]
    Failing,
    /// Graph refused tokens that it has just issued.
    #[error("Microsoft Graph refused its own fresh tokens {0} times in this turn; the next turn starts anew")]
    Restarts(u32),
}

/// A service that requires a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Microsoft Graph.
    Graph,
    /// Azure Cosmos DB.
    Cosmos,
}

impl From<SourceError> for SyncError {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Forbidden(forbidden) => Self::Forbidden(forbidden),
            SourceError::Graph(error) => Self::Graph(error),
        }
    }
}

impl SyncError {
    /// The error for a stop of the machine; `unfit` describes the container that failed its inspection.
    pub fn stopped(stop: Stop, unfit: Option<Box<Unfit>>) -> Self {
        match (stop, unfit) {
            (Stop::AnotherTenant(both), _) => Self::AnotherTenant(both),
            (Stop::Unfit, Some(unfit)) => Self::Store(StoreError::Container(unfit)),
            (Stop::Unfit, None) => unreachable!("the machine knows of it from the look"),
            (Stop::Overtaken, _) => Self::Overtaken,
            (Stop::Restarts(times), _) => Self::Restarts(times),
            (Stop::Failing, _) => Self::Failing,
        }
    }

    /// The error for an unreadable checkpoint of `feed`.
    pub fn unreadable(feed: &str, unreadable: Unreadable) -> Self {
        Self::Unreadable { feed: feed.to_owned(), unreadable }
    }

    /// The time that the throttling service asked to wait.
    pub fn throttled_for(&self) -> Option<Duration> {
        match self {
            Self::Graph(GraphError::Throttled { after }) | Self::Store(StoreError::Throttled { after }) => {
                Some(*after)
            }
            _ => None,
        }
    }

    /// Whether the failure may end without any action by an operator.
    pub fn is_passing(&self) -> bool {
        let graph = matches!(self, Self::Failing)
            || matches!(
                self,
                Self::Graph(GraphError::Failing { .. } | GraphError::Unreachable(_) | GraphError::NoToken(_))
            );
        let store = matches!(
            self,
            Self::Store(
                StoreError::Unknown(_)
                    | StoreError::LeaseLost
                    | StoreError::NoToken(_)
                    | StoreError::Recreated { .. }
            )
        );
        graph || store || matches!(self, Self::Overtaken)
    }

    /// The container that was deleted, or deleted and created again under the same name.
    pub fn container(&self) -> Option<&str> {
        match self {
            Self::Store(StoreError::Container(unfit)) => unfit.is_missing().then_some(&*unfit.container),
            Self::Store(StoreError::Recreated { container, .. }) => Some(container),
            _ => None,
        }
    }

    /// Whether Graph refuses what a person asks for.
    pub fn is_of_person(&self) -> bool {
        matches!(self, Self::Forbidden(forbidden) if forbidden.is_of_person())
    }

    /// Whether Graph gave an answer outside its contract, or refused a request that it should accept.
    pub fn blames_graph(&self) -> bool {
        let ours = matches!(self, Self::Graph(GraphError::Unauthorized(_)));
        !ours && matches!(self, Self::Graph(_) | Self::Loop(_) | Self::Restarts(_))
    }

    /// The service that refused our token or its claims, if one did: a new token may succeed.
    pub fn refused_by(&self) -> Option<Service> {
        match self {
            Self::Forbidden(_) | Self::Graph(GraphError::Unauthorized(_)) => Some(Service::Graph),
            Self::Store(StoreError::Forbidden(_) | StoreError::Unauthorized(_)) => Some(Service::Cosmos),
            _ => None,
        }
    }
}
