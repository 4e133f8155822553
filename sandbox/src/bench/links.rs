//! The links of one group with very many members: Graph's pages are made when they are asked for, and Cosmos DB only answers.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::account::Account;
use super::figures::Figures;
use super::floor::{Writes, floor};
use super::slices::{Slices, Source};
use crate::world::{Setup, WORK_QUEUE, World, sentence};

/// Runs it once, with this staged product.
///
/// # Errors
/// When the world does not come up, or not every link was written.
pub async fn links(product: &Path, slices: Slices) -> Result<Figures> {
    let source = Source::start(slices).await?;
    let account = Account::start(&["groups", "groups-members", "groups-owners"], Duration::ZERO).await?;
    let setup = Setup { users: 1, groups: 1, ..Setup::new(product) };
    let setup = setup
        .set("GRAPH_ENDPOINT", source.origin())
        .set("COSMOS_ENDPOINT", account.endpoint())
        .set("LIST_ABOVE", "1000000000")
        .set("LEASE_SECONDS", "300");
    let world = World::start(setup).await?;
    account.stand_before(&world.cosmos);
    let (before, begun) = (world.host.process().usage(), Instant::now());
    sentence(&world.fire_feed("groups").await?)?;
    for turn in world.host.pump(WORK_QUEUE).await? {
        sentence(&turn)?;
    }
    let (seconds, after) = (begun.elapsed().as_secs_f64(), world.host.process().usage());
    let asked = account.asked();
    let writes = Writes {
        container: "groups-members",
        document: account.link(),
        count: slices.members,
        together: 100,
    };
    let floor = floor(&account, &world, writes).await?;
    world.host.shutdown().await;
    ensure!(asked.links == slices.members, "{} of {} links were written", asked.links, slices.members);
    let (cpu, count) = (after.cpu_seconds - before.cpu_seconds, slices.members as f64);
    let batches = asked.requests.get("batch groups-members").copied().unwrap_or_default();
    let all = [
        ("links", count),
        ("seconds", seconds),
        ("linksPerSecond", count / seconds),
        ("cpuSeconds", cpu),
        ("cpuSecondsPer1000", cpu * 1000.0 / count),
        ("floorCpuSecondsPer1000", floor),
        ("peakRssMiB", after.peak_rss_mib),
        ("batches", batches as f64),
        ("graphRequests", source.requests() as f64),
        ("cosmosRequests", asked.requests.values().sum::<usize>() as f64),
    ];
    Ok(all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}
