//! Why a turn failed, in words that name the thing and the next step.

use std::time::Duration;

use crate::catalogue::Permission;
use crate::graph::{GraphError, Loop};
use crate::protocol::Unreadable;
use crate::store::{StoreError, Unfit};

use super::Reader;
use super::forbidden::Forbidden;
use crate::protocol::machine::Stop;
use crate::protocol::plan::AnotherTenant;

/// A turn that failed. Nothing is lost: the checkpoint stands where its last page was saved.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// Graph.
    #[error("{0}")]
    Graph(GraphError),
    /// Graph refuses (403), for want of a permission unless the token has one that does.
    #[error("{0}")]
    Forbidden(Box<Forbidden>),
    /// Cosmos.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The checkpoint is there, and not as this version writes it.
    #[error(
        "the checkpoint of `{feed}` in the container `mirror` cannot be read ({unreadable}); \
         `graph-mirror checkpoint reset {feed}` has the next turn read everything anew, and loses nothing"
    )]
    Unreadable {
        /// Whose.
        feed: String,
        /// Why.
        unreadable: Unreadable,
    },
    /// The copy is of another tenant.
    #[error(
        "the copy is of tenant {}, but our token is of tenant {}; use another database for another tenant",
        .0.stored, .0.ours
    )]
    AnotherTenant(AnotherTenant),
    /// A turn with a later lease has saved: ours is over.
    #[error("a later turn has taken over this feed")]
    Overtaken,
    /// Graph's pages lead nowhere. Nothing of the page that shows it is kept.
    #[error("Microsoft Graph goes round in circles: {0}; the pages before are saved")]
    Loop(#[from] Loop),
    /// Graph answers with a server error that does not end.
    #[error("Microsoft Graph fails; the next turn tries again")]
    Failing,
    /// Graph refuses its own fresh tokens.
    #[error("Microsoft Graph refused its own fresh tokens {0} times in this turn; the next turn starts anew")]
    Restarts(u32),
}

/// A service that we ask with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Microsoft Graph.
    Graph,
    /// Azure Cosmos DB.
    Cosmos,
}

impl SyncError {
    /// Why the machine stopped; `unfit` is what the look at the containers has shown to be wrong.
    pub(super) fn stopped(stop: Stop, unfit: Option<Box<Unfit>>) -> Self {
        match (stop, unfit) {
            (Stop::AnotherTenant(both), _) => Self::AnotherTenant(both),
            (Stop::Unfit, Some(unfit)) => Self::Store(StoreError::Container(unfit)),
            (Stop::Unfit, None) => unreachable!("the machine knows of it from the look"),
            (Stop::Overtaken, _) => Self::Overtaken,
            (Stop::Restarts(times), _) => Self::Restarts(times),
            (Stop::Failing, _) => Self::Failing,
        }
    }

    /// Names the checkpoint of `feed`, which cannot be read.
    pub(super) fn unreadable(feed: &str, unreadable: Unreadable) -> Self {
        Self::Unreadable { feed: feed.to_owned(), unreadable }
    }

    /// Names what a refusal of Graph's is about.
    pub(super) fn explained(error: GraphError, permission: &'static Permission, reader: &Reader) -> Self {
        match error {
            GraphError::Forbidden(refusal) => {
                Self::Forbidden(Box::new(Forbidden::new(refusal, permission, reader)))
            }
            other => Self::Graph(other),
        }
    }

    /// How long a service wants to be left alone.
    pub fn throttled_for(&self) -> Option<Duration> {
        match self {
            Self::Graph(GraphError::Throttled { after }) | Self::Store(StoreError::Throttled { after }) => {
                Some(*after)
            }
            _ => None,
        }
    }

    /// Whether it may be over soon without anybody doing anything about it.
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

    /// The container that is not there any more, or of whose name there is another one now.
    pub fn container(&self) -> Option<&str> {
        match self {
            Self::Store(StoreError::Container(unfit)) => unfit.is_missing().then_some(&*unfit.container),
            Self::Store(StoreError::Recreated { container, .. }) => Some(container),
            _ => None,
        }
    }

    /// Whether Graph gave an answer that its contract does not know, or refused what it should not.
    pub fn blames_graph(&self) -> bool {
        let ours = matches!(self, Self::Graph(GraphError::Unauthorized(_)));
        !ours && matches!(self, Self::Graph(_) | Self::Loop(_) | Self::Restarts(_))
    }

    /// The service that refused our token, or what is in it, if one did: then a new one may do.
    pub fn refused_by(&self) -> Option<Service> {
        match self {
            Self::Forbidden(_) | Self::Graph(GraphError::Unauthorized(_)) => Some(Service::Graph),
            Self::Store(StoreError::Forbidden(_) | StoreError::Unauthorized(_)) => Some(Service::Cosmos),
            _ => None,
        }
    }
}
