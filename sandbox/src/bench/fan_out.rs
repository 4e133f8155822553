//! Very many mailboxes of which few have changed: how many requests a round through all of them takes.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::used;
use crate::host::Host;
use crate::product::{staged, with_resources};
use crate::world::{Setup, WORK_QUEUE, World, sentence};

/// A mailbox is due again after this time: the shortest that a row can say.
const EVERY: Duration = Duration::from_secs(60);

/// Copies the mail folders of so many mailboxes, changes one folder in some of them, and runs the timer once more.
///
/// # Errors
/// When the world does not come up, a turn fails, or the copy differs in the end.
pub async fn fan_out(mailboxes: usize, changed: usize) -> Result<Value> {
    let product = staged()?;
    let root = with_resources(product.path(), &["mailFolders"])?;
    let row = json!({"parents": {"users": "all"}, "every": 1});
    std::fs::write(root.path().join("sync_mailFolders/resource.json"), row.to_string())?;
    let setup = Setup { users: mailboxes, page_size: 200, ..Setup::new(root.path()) };
    let world = World::start(Setup { objects: vec![("mailFolders", 1)], ..setup }).await?;
    let folders = world.graph.tenant(|tenant| {
        let users = tenant.ids("users");
        users.iter().map(|user| tenant.create_under("mailFolders", &[user])).collect::<Vec<_>>()
    });
    world.turn_feed("users").await?;
    let first = round(&world).await?;
    tokio::time::sleep(EVERY).await;
    world.graph.tenant(|tenant| {
        for folder in folders.iter().take(changed) {
            tenant.change("mailFolders", folder, json!({"displayName": "Renamed"}));
        }
    });
    let second = round(&world).await?;
    let differences = world.differences().await.len();
    let handler = used(&world.host);
    world.host.shutdown().await;
    ensure!(differences == 0, "the copy differs in {differences} places");
    Ok(json!({
        "mailboxes": mailboxes, "changed": changed, "firstRound": first, "secondRound": second, "handler": handler,
    }))
}

/// The timer, and all that it leads to.
async fn round(world: &World) -> Result<Value> {
    world.graph.forget_requests();
    world.cosmos.reset_log();
    let (begun, host): (_, &Host) = (Instant::now(), &world.host);
    sentence(&world.fire_feed("mailFolders").await?)?;
    let turns = host.pump_wide(WORK_QUEUE, host.queue_width()).await?;
    for turn in &turns {
        sentence(turn)?;
    }
    let requests = world.graph.requests();
    let of_mail = requests.iter().filter(|one| one.feed == Some("mailFolders")).count();
    Ok(json!({
        "workItems": turns.len(), "graphRequests": requests.len(), "ofMailFolders": of_mail,
        "documentWrites": world.document_writes().len(), "seconds": begun.elapsed().as_secs_f64(),
    }))
}
