//! Benchmarks of the handler against the offline world: figures, no verdicts. Use the release profile.

use std::time::Instant;

use clap::{Parser, Subcommand};
use sandbox::graph::Relationship;
use sandbox::product::staged;
use sandbox::world::{Setup, World};
use serde_json::json;

/// Measures the handler; prints one JSON object on stdout.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// One group with very many members, from the first page to the last link.
    Members {
        /// Members of the group.
        #[arg(long, default_value_t = 100_000)]
        count: usize,
        /// Members in a slice; a group comes again and again until all have been told.
        #[arg(long, default_value_t = 100)]
        slice: usize,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let What::Members { count, slice } = Arguments::parse().what;
    let product = staged()?;
    let setup = Setup { users: count, groups: 1, page_size: 100, slice, ..Setup::new(product.path()) };
    let world = World::start(setup.set("LEASE_SECONDS", "15")).await?;
    world.graph.tenant(|tenant| {
        let group = tenant.group_ids()[0].clone();
        for user in tenant.user_ids() {
            tenant.add_member(&group, &user);
        }
    });
    let expected = world.graph.tenant(|tenant| tenant.links(Relationship::Members).len());
    let begun = Instant::now();
    let told = world.turn_feed("groups").await?;
    let seconds = begun.elapsed().as_secs_f64();
    let copied = world.cosmos.documents("groups-members").await.len();
    let usage = world.host.usage();
    println!(
        "{}",
        json!({
            "members": {"tenant": expected, "copied": copied},
            "seconds": seconds,
            "told": told,
            "handler": {"peakRssMiB": usage.peak_rss_mib, "cpuSeconds": usage.cpu_seconds},
        })
    );
    world.host.shutdown().await;
    anyhow::ensure!(copied == expected, "not every member is in the copy");
    Ok(())
}
