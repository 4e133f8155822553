//! Why Cosmos DB gave no answer that says something, in fixed words; pure.

use crate::store::StoreError;

/// Why there was no answer that says something, in fixed words: the error's own may have ids.
pub(super) fn cause(error: &StoreError) -> &'static str {
    match error {
        StoreError::Throttled { .. } => "Cosmos DB throttles; run it again later",
        StoreError::Missing(_) | StoreError::NoContainer(_) | StoreError::Container(_) => {
            "the container is not there; `graph-mirror doctor` has the command"
        }
        StoreError::OtherKey(_) => {
            "the container has another partition key; `graph-mirror doctor` has the command"
        }
        StoreError::Recreated { .. } | StoreError::OtherContainer(_) => {
            "the container was created anew meanwhile; run it again"
        }
        StoreError::Unauthorized(_) | StoreError::NoToken(_) => {
            "Cosmos DB takes no token or key; `graph-mirror doctor` has the remedy"
        }
        StoreError::Forbidden(_) => {
            "the role of the identity refuses it (403); `graph-mirror doctor` has the command"
        }
        StoreError::Blocked(_) | StoreError::Denied(_) => {
            "Cosmos DB refuses the request (403); `graph-mirror doctor` has the remedy"
        }
        StoreError::Distrusted(_) => "the certificate is not trusted; look for a proxy",
        StoreError::Overtaken
        | StoreError::Refused(_)
        | StoreError::Unreadable { .. }
        | StoreError::LeaseLost => "Cosmos DB refused a document that it should take",
        StoreError::Unknown(_) => "there was no certain answer; run it again",
    }
}
