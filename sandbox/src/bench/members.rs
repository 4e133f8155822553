//! One group with very many members, from the first page to the last link.

use std::time::Instant;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::used;
use crate::graph::Relationship;
use crate::product::staged;
use crate::world::{Setup, World};

/// Copies a group of `count` members, told in slices of `slice`.
///
/// # Errors
/// When the world does not come up, or not every member is in the copy.
pub async fn members(count: usize, slice: usize) -> Result<Value> {
    let product = staged()?;
    let setup = Setup { users: count, groups: 1, page_size: 100, slice, ..Setup::new(product.path()) };
    let world = World::start(setup.set("LEASE_SECONDS", "15")).await?;
    world.graph.tenant(|tenant| {
        let group = tenant.ids("groups")[0].clone();
        for user in tenant.ids("users") {
            tenant.link("groups-members", &group, &user);
        }
    });
    let expected = world.graph.tenant(|tenant| tenant.links(Relationship::named("groups-members")).len());
    let begun = Instant::now();
    let told = world.turn_feed("groups").await?;
    let seconds = begun.elapsed().as_secs_f64();
    let copied = world.cosmos.documents("groups-members").await.len();
    let handler = used(&world.host);
    world.host.shutdown().await;
    ensure!(copied == expected, "{copied} of {expected} members are in the copy");
    Ok(json!({
        "members": {"tenant": expected, "copied": copied}, "seconds": seconds, "told": told, "handler": handler,
    }))
}
