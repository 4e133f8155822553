//! The containers of a feed, looked at before anything is written to them: at first use, and hourly (rule 14).
//!
//! Promises: each has its partition key, and TTL on without a default, or is named with what to do. Each has a resource
//! id, which another container of the same name does not have: the SDK goes over to a container that was created anew
//! without an error, so nothing but this id tells that the documents of before are gone. Where it cannot, the refusal of
//! Cosmos tells that. It costs one read of each container an hour and process. Leaves out on purpose: what follows from
//! another id.

use std::time::Instant;

use futures_util::future::try_join_all;

use super::connection::Store;
use super::error::StoreError;
use super::looks::{Looked, Looks};
use super::properties::properties;
use super::unfit::{Fault, Unfit};
use crate::protocol::{Containers, Ids, Unusable, is_good};

/// What a look at the containers of a feed has shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inspected {
    /// The resource ids of those that are there.
    pub ids: Ids,
    /// One that is not as it has to be.
    pub unfit: Option<Box<Unfit>>,
}

impl From<&Inspected> for Containers {
    fn from(inspected: &Inspected) -> Self {
        let unusable = |unfit: &Unfit| Unusable {
            container: unfit.container.clone(),
            is_lossy: unfit.is_missing() || unfit.expires(),
        };
        Self { ids: inspected.ids.clone(), unfit: inspected.unfit.as_deref().map(unusable) }
    }
}

impl Inspected {
    /// All of them are as they have to be.
    ///
    /// # Errors
    /// [`StoreError::Container`] names one that is not.
    pub fn fit(self) -> Result<Ids, StoreError> {
        match self.unfit {
            None => Ok(self.ids),
            Some(unfit) => Err(StoreError::Container(unfit)),
        }
    }
}

/// Looks at the containers of a feed, `own`, each with its partition key, and at others on which it depends, as far
/// as these are there. `known` are the ids that the checkpoint knows.
///
/// # Errors
/// [`StoreError`], when a container cannot be looked at. One that is not as it has to be is no error.
pub async fn look_at(
    store: &Store,
    own: impl Iterator<Item = (&str, &str)>,
    others: &[String],
    known: &Ids,
) -> Result<Inspected, StoreError> {
    let own: Vec<_> = own.collect();
    let others = others.iter().filter(|other| own.iter().all(|(name, _)| name != other));
    let others = others.map(|name| look(store, name, None, known));
    let own = own.iter().map(|(name, key)| look(store, name, Some(key), known));
    let (own, others) = tokio::try_join!(try_join_all(own), try_join_all(others))?;
    let mut containers = Inspected::default();
    for (name, seen) in others.into_iter().chain(own) {
        match seen {
            Ok(id) => drop(containers.ids.insert(name, id)),
            Err(unfit) => containers.unfit = containers.unfit.or(unfit),
        }
    }
    Ok(containers)
}

/// The id of a container, or what is wrong with it; that is nothing where no partition key is needed.
async fn look(
    store: &Store,
    name: &str,
    key: Option<&str>,
    known: &Ids,
) -> Result<(String, Result<String, Option<Box<Unfit>>>), StoreError> {
    let known = known.get(name).map(String::as_str);
    let looked = store.looks.get(name);
    if let Some(looked) = looked.filter(|looked| is_good(looked.at.elapsed(), &looked.id, known)) {
        return Ok((name.to_owned(), Ok(looked.id)));
    }
    let at = Instant::now();
    let there = match properties(store, name).await {
        Err(StoreError::Container(unfit)) => return Ok((name.to_owned(), Err(key.map(|_| unfit)))),
        there => there?,
    };
    let Some(key) = key else { return Ok((name.to_owned(), Ok(there.id))) };
    if let Some(fault) = Fault::of(&there, key) {
        return Ok((name.to_owned(), Err(Some(Box::new(store.unfit(name, fault))))));
    }
    store.looks.set(name, Looked { at, id: there.id.clone() });
    Ok((name.to_owned(), Ok(there.id)))
}

/// What a failed request says of its container: one that is gone, was created anew, or has another partition key, is
/// named.
pub(super) async fn blame(store: &Store, container: &str, error: StoreError) -> StoreError {
    match error {
        StoreError::OtherKey(said) => {
            store.looks.forget(container);
            let needs = store.partition_key(container);
            let there = properties(store, container).await.ok();
            let fault = there.and_then(|there| Fault::of(&there, needs));
            match fault {
                Some(fault) => StoreError::Container(Box::new(store.unfit(container, fault))),
                None => StoreError::Refused(said),
            }
        }
        other => blamer(store, container).named(other),
    }
}

/// For whoever has to name a container without this store.
pub(super) fn blamer(store: &Store, container: &str) -> Blamer {
    Blamer { gone: Box::new(store.unfit(container, Fault::Missing)), looks: store.looks.clone() }
}

/// Names a container in what a failed request says, without another request.
#[derive(Debug, Clone)]
pub(super) struct Blamer {
    /// What is said when the container is gone.
    gone: Box<Unfit>,
    looks: Looks,
}

impl Blamer {
    /// The error with the container in it, where it is about that. One that was created anew is looked at by the next turn.
    pub(super) fn named(&self, error: StoreError) -> StoreError {
        let name = &self.gone.container;
        match error {
            StoreError::NoContainer(_) => {
                self.looks.forget(name);
                StoreError::Container(self.gone.clone())
            }
            StoreError::OtherContainer(said) => {
                self.looks.forget(name);
                StoreError::Recreated { container: name.clone(), said }
            }
            other => other.of_account(|| self.gone.account.clone()),
        }
    }
}
