//! The feeds of a world, also those below parents, which a fan-out puts onto the queue.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::copy;
use crate::cosmos::Cosmos;
use crate::graph::Row;
use crate::world::{REQUESTED_QUEUE, WORK_QUEUE, World, sentence};

/// Messages that a host works on at a time.
const WIDTH: usize = 4;

/// A feed that has a checkpoint, or none yet.
#[derive(Debug)]
pub(super) struct Feed {
    pub(super) resource: &'static str,
    /// As in `mirror`.
    pub(super) key: String,
    /// The path of the ids above, of a feed below a parent.
    pub(super) parent: Option<String>,
    pub(super) checkpoint: Value,
}

impl Feed {
    /// Its documents in a container.
    pub(super) async fn documents(&self, cosmos: &Cosmos, container: &str) -> Vec<Value> {
        let mut all = cosmos.documents(container).await;
        if let Some(parent) = &self.parent {
            all.retain(|document| document["_mirror"]["parent"] == **parent);
        }
        all
    }

    /// Everything above it is there.
    pub(super) fn has_parents(&self, world: &World) -> bool {
        let (Some(parent), Some(direct)) = (&self.parent, Row::of(self.resource).parents().pop()) else {
            return true;
        };
        let (above, id) = parent.rsplit_once('/').map_or((None, &**parent), |(above, id)| (Some(above), id));
        let key = copy::key(direct, above, &percent_decode_str(id).decode_utf8_lossy());
        world.graph.tenant(|tenant| tenant.living(&direct.name).any(|(living, _)| *living == key))
    }

    /// Its parent is gone, and its documents went with it.
    pub(super) fn has_ended(&self) -> bool {
        !self.checkpoint["ended"].is_null()
    }
}

/// Every feed of the world that has a checkpoint, and those without parents in any case.
pub(super) async fn feeds(world: &World) -> Vec<Feed> {
    let (mut all, control) = (Vec::new(), world.cosmos.documents("mirror").await);
    let mut checkpoints: BTreeMap<String, Value> = BTreeMap::new();
    for document in control.into_iter().filter(|document| document["id"] == "checkpoint") {
        checkpoints.insert(document["feed"].as_str().unwrap_or_default().to_owned(), document);
    }
    for resource in world.feeds().iter().copied() {
        if !is_below(resource) {
            let checkpoint = checkpoints.get(resource).cloned().unwrap_or_default();
            all.push(Feed { resource, key: resource.to_owned(), parent: None, checkpoint });
            continue;
        }
        for (key, checkpoint) in &checkpoints {
            let parent = key.strip_prefix(resource).and_then(|rest| rest.strip_prefix('/'));
            if let Some(parent) = parent.map(str::to_owned) {
                let (key, checkpoint) = (key.clone(), checkpoint.clone());
                all.push(Feed { resource, key, parent: Some(parent), checkpoint });
            }
        }
    }
    all
}

/// Whether the feeds of a resource lie below parents.
pub(super) fn is_below(resource: &str) -> bool {
    Row::of(resource).is_below()
}

/// Somebody asks for all feeds of a resource below its parents, and the queue runs them; the last sentence about each.
///
/// # Errors
/// When they are not queued.
pub(super) async fn run(view: &World, resource: &str) -> Result<Vec<Result<String>>> {
    let reply = view.call("POST", &format!("/api/refresh/{resource}"), "").await?;
    ensure!((200..300).contains(&reply.status), "{} {}", reply.status, reply.body);
    let (mut last, mut failed) = (BTreeMap::new(), Vec::new());
    let mut attempts = view.host.pump_wide(REQUESTED_QUEUE, WIDTH).await?;
    attempts.extend(view.host.pump_wide(WORK_QUEUE, WIDTH).await?);
    for attempt in attempts {
        match sentence(&attempt) {
            Ok(said) => {
                let key = said.split_once(": ").map_or("", |(key, _)| key).to_owned();
                last.insert(key, said);
            }
            Err(error) => failed.push(Err(error)),
        }
    }
    Ok(last.into_values().map(Ok).chain(failed).collect())
}

/// Queues the feeds of a resource that Graph has refused: else they are looked at again after a day.
pub(super) async fn ask_again(world: &World, resource: &str) {
    for feed in feeds(world).await.iter().filter(|feed| feed.resource == resource) {
        if !feed.checkpoint["refused"].is_null() {
            let item = json!({"feed": resource, "parent": feed.parent});
            world.host.enqueue(WORK_QUEUE, &item.to_string());
        }
    }
}
