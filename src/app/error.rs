//! The error of a verb, and its classification.

use std::time::Duration;

use crate::credentials::{NotACaller, NotActing, Unpublished};
use crate::report::SyncError;
use crate::store::StoreError;
use crate::subscriptions::KeepError;

/// A verb that failed.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The resource does not exist.
    #[error("unknown resource `{name}`; known are: {known}")]
    UnknownResource {
        /// The name that was requested.
        name: String,
        /// The names of the known resources.
        known: String,
    },
    /// The feed names a parent, but the resource has none.
    #[error("`{resource}` has no parent")]
    NoParent {
        /// The name of the resource.
        resource: String,
    },
    /// The path of parents has another length than the resource has parents.
    #[error("`{resource}` lies under {parents}: name the id of each, joined by `/`")]
    OtherParents {
        /// The name of the resource.
        resource: String,
        /// The names of its parents.
        parents: String,
    },
    /// The parents of a resource are neither mirrored nor a list of their own in Graph.
    #[error(
        "`{resource}` needs its parents, `{parent}`, in the copy: add them with `graph-mirror add {parent}`"
    )]
    ParentNotMirrored {
        /// The name of the resource.
        resource: String,
        /// The name of its parents.
        parent: String,
    },
    /// A deployment has to choose the parents of the resource, and has not.
    #[error(
        "`{resource}` lies in every one of {parent}, so it is copied for those that you choose only: `graph-mirror add \
         {resource}` takes `--group <id>`, `--ids <id>,…` or `--all`, or write \"parents\" into \
         functions/sync_{resource}/resource.json (catalogue/README.md)"
    )]
    NothingChosen {
        /// The name of the resource.
        resource: String,
        /// The name of its outermost parents.
        parent: String,
    },
    /// The deployment does not choose the parent of a feed.
    #[error("{file} does not choose this parent: add it to `parents` there")]
    NotChosen {
        /// The file with the row.
        file: String,
    },
    /// Graph shows no object of the resource by its id.
    #[error("Microsoft Graph shows no object of `{resource}` by its id: sync or refresh all of them")]
    NotById {
        /// The name of the resource.
        resource: String,
    },
    /// The resource is read as a person, and an application is signed in.
    #[error(
        "`{resource}` is read as a person ({path}), and the credential is an application's: set GRAPH_CREDENTIAL to \
         device-code, interactive-browser, authorization-code or on-behalf-of, and run `graph-mirror sync {resource}`; or give its row `onBehalfOf` and \
         have the person call `refresh`"
    )]
    NeedsPerson {
        /// The name of the resource.
        resource: String,
        /// Its path in Graph.
        path: String,
    },
    /// The feed is another person's.
    #[error("`{resource}` is read for the person who is signed in only: name no parent")]
    AnotherPerson {
        /// The name of the resource.
        resource: String,
    },
    /// Nobody knows who calls.
    #[error("{why}")]
    NotACaller {
        /// The reason.
        why: NotACaller,
        /// The header that says how to authenticate.
        challenge: String,
    },
    /// Entra gives no token for Graph to act for the caller.
    #[error("Microsoft Graph cannot be read for the caller: {source}")]
    NotActing {
        /// The reason.
        source: NotActing,
        /// The header that says how to authenticate, where another token of the caller would do.
        challenge: Option<String>,
    },
    /// The keys of Entra are not known.
    #[error("the caller's access token cannot be verified: {0}")]
    KeysUnknown(Unpublished),
    /// No app registration stands for our API.
    #[error(
        "`{resource}` is read for its caller, which takes an app registration whose API they call: set GRAPH_CREDENTIAL to \
         client-certificate, client-secret or workload-identity, with AZURE_TENANT_ID and AZURE_CLIENT_ID, or API_CLIENT_ID \
         beside a managed identity that the registration trusts"
    )]
    NoApi {
        /// The name of the resource.
        resource: String,
    },
    /// The Microsoft cloud of the settings lacks the resource.
    #[error("{0}")]
    NotInCloud(String),
    /// A value that cannot be the id of an object, or too many ids.
    #[error("{0}")]
    BadIds(String),
    /// No access token could be acquired.
    #[error("no access token for {service}: {why}")]
    NoToken {
        /// The service that the token is for.
        service: &'static str,
        /// The reason and the next step.
        why: String,
    },
    /// Neither the settings nor the token name the tenant.
    #[error("the tenant is unknown: set AZURE_TENANT_ID to the tenant's id")]
    NoTenant,
    /// The token is of another tenant than the settings name.
    #[error("AZURE_TENANT_ID is {stated}, but the identity is of tenant {found}")]
    AnotherTenant {
        /// The tenant in the settings.
        stated: String,
        /// The tenant in the token.
        found: String,
    },
    /// The database or a container could not be created.
    #[error("init failed at {what}: {source}")]
    Init {
        /// `database`, or the name of the container.
        what: &'static str,
        /// The reason.
        source: StoreError,
    },
    /// Something about an object could not be found or deleted.
    #[error("erase failed: {source}; run it again to go on")]
    Erase {
        /// The reason.
        source: StoreError,
    },
    /// Another run holds the lease of a feed for too long.
    #[error("another run holds the feed {feed} until {until}; run this again then")]
    Busy {
        /// The key of the feed.
        feed: String,
        /// When its lease ends, unless it is renewed.
        until: time::OffsetDateTime,
    },
    /// The subscriptions could not be created, renewed or ended.
    #[error("the subscriptions could not be looked after: {source}")]
    Subscriptions {
        /// The reason.
        source: KeepError,
    },
    /// The turn failed.
    #[error("{verb} of {feed} failed: {source}")]
    Turn {
        /// The verb.
        verb: &'static str,
        /// The key of the feed.
        feed: String,
        /// The reason.
        source: Box<SyncError>,
    },
}

/// The class of a failure, from which the caller's answer is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The caller names something that does not exist.
    Unknown,
    /// The request of the caller is invalid.
    Caller,
    /// The caller has to say who they are.
    Unauthorized,
    /// The caller may not, whoever they are.
    Forbidden,
    /// A service throttles and asks to wait for this long.
    Throttled(Duration),
    /// A service is unreachable, or its answer is uncertain; a later request may succeed.
    Unavailable,
    /// Graph gave an answer outside its contract, or refused a request that it should accept.
    Graph,
    /// This app or its configuration is at fault.
    Ours,
}

impl AppError {
    /// The class of this failure.
    pub fn fault(&self) -> Fault {
        match self {
            Self::UnknownResource { .. } => Fault::Unknown,
            Self::BadIds(_)
            | Self::NoParent { .. }
            | Self::OtherParents { .. }
            | Self::ParentNotMirrored { .. }
            | Self::NothingChosen { .. }
            | Self::NotChosen { .. }
            | Self::NotById { .. }
            | Self::NeedsPerson { .. }
            | Self::AnotherPerson { .. }
            | Self::NotInCloud(_) => Fault::Caller,
            Self::NotACaller { .. } | Self::NotActing { source: NotActing::SignIn { .. }, .. } => {
                Fault::Unauthorized
            }
            Self::NotActing { source: NotActing::Forbidden(_), .. } => Fault::Forbidden,
            Self::NotActing { source: NotActing::Unavailable(_), .. } | Self::KeysUnknown(_) => {
                Fault::Unavailable
            }
            Self::NotActing { source: NotActing::Ours(_), .. } | Self::NoApi { .. } => Fault::Ours,
            Self::NoToken { .. } | Self::Subscriptions { .. } | Self::Erase { .. } | Self::Busy { .. } => {
                Fault::Unavailable
            }
            Self::NoTenant | Self::AnotherTenant { .. } | Self::Init { .. } => Fault::Ours,
            Self::Turn { source, .. } => match source.throttled_for() {
                Some(wait) => Fault::Throttled(wait),
                None if source.is_of_person() => Fault::Forbidden,
                None if source.is_passing() => Fault::Unavailable,
                None if source.blames_graph() => Fault::Graph,
                None => Fault::Ours,
            },
        }
    }

    /// The header `WWW-Authenticate` of the answer, where the caller can do something about it.
    pub fn challenge(&self) -> Option<&str> {
        match self {
            Self::NotACaller { challenge, .. } => Some(challenge),
            Self::NotActing { challenge, .. } => challenge.as_deref(),
            _ => None,
        }
    }
}
