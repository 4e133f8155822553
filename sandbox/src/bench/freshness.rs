//! How long a change in Graph takes to its document in Cosmos DB, when Graph notifies of it. The queues are read all the time:
//! the host's own pause between two looks at an empty queue is not in the figures.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;
use tokio::time::interval;

use super::account::Account;
use super::figures::Figures;
use crate::product::staged;
use crate::world::{REQUESTED_QUEUE, Setup, WORK_QUEUE, World};

/// The longest time for the last changes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Changes so many users in a second, each of them once, for so many seconds.
///
/// # Errors
/// When the world does not come up, or a change does not come to its document.
pub async fn freshness(rate: u32, seconds: u32) -> Result<Figures> {
    let product = staged()?;
    let count = (rate * seconds) as usize;
    let account = Account::start(&[], Duration::ZERO).await?;
    let setup = Setup { users: count, page_size: 200, notified: true, ..Setup::new(product.path()) };
    let setup = setup.set("LEASE_SECONDS", "15").set("COSMOS_ENDPOINT", account.endpoint());
    let world = World::start(setup).await?;
    account.stand_before(&world.cosmos);
    world.settle().await?;
    world.keep_subscriptions().await?;
    let pumps = [WORK_QUEUE, REQUESTED_QUEUE].map(|queue| tokio::spawn(pump(world.clone(), queue)));
    let users = world.graph.tenant(|tenant| tenant.ids("users"));
    let (mut beat, mut changed) = (interval(Duration::from_secs(1) / rate), Vec::new());
    for (number, user) in users.iter().take(count).enumerate() {
        beat.tick().await;
        let city = json!({"city": format!("City {number}")});
        world.graph.tenant(|tenant| tenant.change("users", user, city));
        changed.push((user.clone(), account.age()));
        world.graph.notify().await;
    }
    let mut took = Vec::new();
    let last = account.age();
    while took.len() < count && account.age() < last + PATIENCE {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let replaced = account.replaced();
        let arrived = |(user, at): &(String, Duration)| {
            let first = replaced.iter().find(|(id, when)| id == user && when > at);
            first.map(|(_, when)| *when - *at)
        };
        took = changed.iter().filter_map(arrived).collect();
    }
    pumps.iter().for_each(tokio::task::JoinHandle::abort);
    let usage = world.host.process().usage();
    world.host.shutdown().await;
    ensure!(took.len() == count, "{} of {count} changes came to their documents", took.len());
    took.sort_unstable();
    let at = |share: f64| took[((count - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    let all = [
        ("changes", count as f64),
        ("p50Ms", at(0.5)),
        ("p99Ms", at(0.99)),
        ("maxMs", at(1.0)),
        ("cpuSeconds", usage.cpu_seconds),
        ("peakRssMiB", usage.peak_rss_mib),
    ];
    Ok(all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Delivers what is on a queue, again and again.
async fn pump(world: World, queue: &'static str) -> Result<()> {
    loop {
        world.host.pump_wide(queue, world.host.queue_width()).await?;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
