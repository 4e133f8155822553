//! `cargo run -p sandbox --bin soak`: the property test over the sandbox, for as many seeds as asked for.

use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sandbox::product;
use sandbox::soak::{self, Hazard};
use serde_json::json;

/// Tells seeded histories of trouble (faults, kills, freezes, two handlers at once) and checks that each one
/// ends with a copy that equals the tenant. Exit code 0 only if all do.
#[derive(Debug, Parser)]
#[command(name = "soak")]
struct Arguments {
    /// How many seeds.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Only this seed, and what happened in it.
    #[arg(long, conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,
    /// Histories at a time; they mostly wait.
    #[arg(long, default_value_t = 8)]
    jobs: usize,
    /// What strikes the histories besides their own trouble, separated by commas; all of it by default.
    #[arg(long, value_delimiter = ',')]
    with: Option<Vec<Hazard>>,
    /// Go on after a failure.
    #[arg(long)]
    keep_going: bool,
    /// Print one JSON summary on stdout.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    eprintln!("· building the product");
    let staged = soak::staged(product::staged()?.path())?;
    let (from, count) = arguments.seed.map_or((arguments.from, arguments.seeds), |seed| (seed, 1));
    let hazards = arguments.with.clone().unwrap_or_else(|| Hazard::ALL.to_vec());
    let (bar, begun) = (bar(count), Instant::now());
    let (mut passed, mut failed) = (Vec::new(), Vec::new());
    let seeds = from..from.saturating_add(count);
    soak::many(staged.path(), &hazards, seeds, arguments.jobs, |seed, told| {
        match told {
            Ok(summary) => {
                if arguments.seed.is_some() {
                    eprintln!("{}", summary.trace.join("\n"));
                }
                passed.push(summary);
            }
            Err(error) => {
                bar.suspend(|| eprintln!("✗ {error:#}\nreplay: {}", replay(seed, &hazards)));
                failed.push(seed);
            }
        }
        bar.inc(1);
        failed.is_empty() || arguments.keep_going
    })
    .await;
    bar.finish_and_clear();
    let seconds = begun.elapsed().as_secs_f64();
    failed.sort_unstable();
    if arguments.json {
        let summary = json!({
            "ok": failed.is_empty(), "passed": passed.len(), "failed": failed, "seconds": seconds, "histories": passed,
        });
        println!("{summary}");
    } else {
        println!("{} histories ended well, {} did not, in {seconds:.0} s", passed.len(), failed.len());
        failed.iter().for_each(|seed| println!("replay: {}", replay(*seed, &hazards)));
    }
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn replay(seed: u64, hazards: &[Hazard]) -> String {
    let release = if cfg!(debug_assertions) { "" } else { "--release " };
    let with = match hazards {
        hazards if hazards == Hazard::ALL => String::new(),
        hazards => {
            let names = hazards.iter().filter_map(ValueEnum::to_possible_value);
            let names: Vec<_> = names.map(|name| name.get_name().to_owned()).collect();
            format!(" --with {}", names.join(","))
        }
    };
    format!("cargo run {release}-p sandbox --bin soak -- --seed {seed}{with}")
}

/// Shows on a terminal only.
fn bar(count: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(count), ProgressDrawTarget::stderr());
    let style = "  {bar:32} {pos}/{len} histories, {per_sec}, {eta} left";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}
