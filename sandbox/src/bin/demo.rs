//! `cargo demo`: the main job through the real custom-handler protocol, offline. A release has it as `graph-mirror-demo`,
//! in one folder with the product.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use sandbox::cosmos::Sabotage;
use sandbox::demo::{Options, Report, Teller, run};
use sandbox::live::{Exports, Living, Pace, Say};
use sandbox::world::World;
use tokio::signal::unix::{SignalKind, signal};

/// Copies a made-up tenant into a Cosmos emulator through the real custom handler, as a story.
/// Exit code 0 only if the copy equals the tenant after every chapter.
#[derive(Debug, Parser)]
#[command(name = "graph-mirror-demo")]
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
    /// Keep the world up and alive, and print the settings with which any other process can join it.
    #[arg(long)]
    keep: bool,
    /// Timers of the kept world fire every few seconds, whatever their schedules say.
    #[arg(long, requires = "keep")]
    fast: bool,
    /// Write the printed settings into this file too, for `source FILE` in another terminal.
    #[arg(long, value_name = "FILE", requires = "keep")]
    env: Option<std::path::PathBuf>,
    /// Lose something on its way to Cosmos, to see that the demo notices.
    #[arg(long, value_name = "WHAT")]
    sabotage: Option<Lost>,
    /// Run what is in this deployable folder, as `cargo stage` makes it. Without it, the product in the folder of this
    /// program is run, or built where there is none.
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
    let options = Options {
        users: arguments.users as usize,
        seed: arguments.seed,
        sabotage,
        folder: arguments.folder.clone(),
    };
    let outcome = run(&options, &Teller::new(arguments.json)).await?;
    let (report, world) = (&outcome.report, &outcome.world);
    if !arguments.json {
        println!("{}\n{}", report.table(), report.verdict());
    } else if !arguments.keep {
        println!("{}", report.json());
    }
    if arguments.keep {
        keep(world, report, &arguments).await?;
    }
    world.host.shutdown().await;
    if arguments.keep {
        eprintln!("The world is gone.");
    }
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Lets the world live, says how to join it, and waits for somebody to end it.
async fn keep(world: &World, report: &Report, arguments: &Arguments) -> anyhow::Result<()> {
    // From here on, ending it is no accident.
    let (mut interrupted, mut terminated) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let say: Say = Arc::new(|line| eprintln!("· {line}"));
    let pace = if arguments.fast { Pace::Fast } else { Pace::Scheduled };
    let living = Living::start(world, pace, arguments.seed, say).await?;
    let exports = Exports::of(world, &living).await?;
    if let Some(file) = &arguments.env {
        std::fs::write(file, exports.shell()).with_context(|| format!("writing {}", file.display()))?;
    }
    if arguments.json {
        let mut summary = report.json();
        summary["kept"] = exports.json();
        println!("{summary}");
    } else {
        println!(
            "\nThe world lives until Ctrl-C. Join it from another terminal with:\n\n{}",
            exports.shell()
        );
        println!("The status page, with the function key: {}", exports.status_page());
    }
    tokio::select! {
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
    }
    living.end().await;
    Ok(())
}
