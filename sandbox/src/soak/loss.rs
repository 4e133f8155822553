//! Losing what the copy rests on, past the product, as somebody with the portal open would.

use std::sync::Mutex;
use std::time::Duration;

use anyhow::Result;

use super::deed::Loss;
use crate::cosmos::{Cosmos, containers};
use crate::script::lock;
use crate::world::World;

/// How long a lost container is not there.
const GONE: Duration = Duration::from_millis(50);

/// When leases were lost: how many writes there had been by then.
#[derive(Debug, Default)]
pub(super) struct Lost(Mutex<Vec<(Loss, usize)>>);

impl Lost {
    pub(super) fn note(&self, loss: Loss, world: &World) {
        lock(&self.0).push((loss, world.cosmos.writes().len()));
    }

    /// How many writes there had been when the lease or the checkpoint of a feed was last lost.
    pub(super) fn lease(&self, feed: &str) -> usize {
        let is_lost = |loss: &Loss| match loss {
            Loss::Checkpoint(lost) | Loss::Lease(lost) | Loss::Both(lost) => *lost == feed,
            Loss::Container(name) => *name == "mirror",
        };
        let losses = lock(&self.0);
        let all = losses.iter().filter(|(loss, _)| is_lost(loss)).map(|(_, writes)| *writes);
        all.max().unwrap_or_default()
    }
}

/// Loses something; a container is empty then.
///
/// # Errors
/// When Cosmos refuses.
pub(super) async fn lose(cosmos: &Cosmos, loss: Loss) -> Result<()> {
    let delete = async |feed: &str, id: &str| match cosmos.container("mirror").await {
        Some(_) => cosmos.delete("mirror", feed, id).await,
        None => Ok(()),
    };
    match loss {
        Loss::Checkpoint(feed) => delete(feed, "checkpoint").await,
        Loss::Lease(feed) => delete(feed, "lease").await,
        Loss::Both(feed) => {
            delete(feed, "checkpoint").await?;
            delete(feed, "lease").await
        }
        Loss::Container(name) => {
            if cosmos.container(name).await.is_some() {
                cosmos.remove_container(name).await?;
            }
            tokio::time::sleep(GONE).await;
            restore(cosmos, name).await
        }
    }
}

/// Creates what is missing of the containers.
///
/// # Errors
/// When Cosmos refuses.
pub(super) async fn restore_all(cosmos: &Cosmos) -> Result<()> {
    restore(cosmos, "mirror").await?;
    for (name, _) in containers() {
        restore(cosmos, name).await?;
    }
    Ok(())
}

async fn restore(cosmos: &Cosmos, name: &str) -> Result<()> {
    if cosmos.container(name).await.is_some() {
        return Ok(());
    }
    let key = containers().find(|(known, _)| *known == name).map_or("/feed", |(_, key)| key);
    cosmos.add_container(name, key).await
}
