//! `cargo demo`: the main job through the real custom-handler protocol, offline.

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use sandbox::cosmos::Sabotage;
use sandbox::demo::{Options, Teller, run};
use sandbox::world::World;

/// Copies a made-up tenant into a Cosmos emulator through the real custom handler, as a told story.
/// Exit code 0 only if the copy equals the tenant after every chapter.
#[derive(Debug, Parser)]
#[command(name = "demo", bin_name = "cargo demo")]
struct Arguments {
    /// Users of the tenant.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(100..))]
    users: u32,
    /// Seed of the tenant and of the story.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print one JSON summary on stdout instead of the story.
    #[arg(long)]
    json: bool,
    /// Keep the world up, and print the settings with which any other process can join it.
    #[arg(long)]
    keep: bool,
    /// Lose something on its way to Cosmos, to see that the demo notices.
    #[arg(long, value_name = "WHAT")]
    sabotage: Option<Lost>,
    /// Run what is in this deployable folder, as `cargo stage` makes it or a release has it, instead of building it.
    #[arg(long, value_name = "DIR")]
    folder: Option<std::path::PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Lost {
    /// One property that is null.
    Null,
    /// All documents of one page.
    Page,
    /// One removal.
    Removal,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let sabotage = arguments.sabotage.map(|lost| match lost {
        Lost::Null => Sabotage::Null,
        Lost::Page => Sabotage::Page,
        Lost::Removal => Sabotage::Removal,
    });
    let options =
        Options { users: arguments.users as usize, seed: arguments.seed, sabotage, folder: arguments.folder };
    let told = run(&options, &Teller::new(arguments.json)).await?;
    let (report, world) = (&told.report, &told.world);
    if arguments.json {
        println!("{}", report.json());
    } else {
        println!("{}", report.table());
        println!(
            "{}",
            if report.is_good() {
                "The copy equals the tenant."
            } else {
                "The copy differs from the tenant."
            }
        );
    }
    if arguments.keep {
        keep(world).await?;
    }
    world.host.shutdown().await;
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn keep(world: &World) -> anyhow::Result<()> {
    eprintln!("The world stays up until Ctrl-C. Join it with:");
    for (name, value) in world.settings() {
        eprintln!("export {name}='{value}'");
    }
    eprintln!("The host's front is at {}.", world.host.url());
    tokio::signal::ctrl_c().await?;
    Ok(())
}
