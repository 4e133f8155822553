//! Benchmarks of the handler against the offline world: figures, no verdicts. Use the release profile.

use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::{Args, Parser, Subcommand};
use sandbox::bench::{self, FLOOR, Figures, Load, Options, Part, Report, Shape, Slices, Walk, flat};
use tempfile::TempDir;

/// Measures the handler: a table of medians with their spread.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Arguments {
    #[command(subcommand)]
    what: What,
    /// How often it is measured.
    #[arg(long, global = true, default_value_t = 5)]
    runs: usize,
    /// Print one JSON object instead of a table.
    #[arg(long, global = true)]
    json: bool,
    /// Measure this staged folder, such as the package that is shipped, instead of building one; for scenarios of users and
    /// `start`.
    #[arg(long, global = true)]
    product: Option<PathBuf>,
    /// Print ratios to this earlier run, which was printed with --json.
    #[arg(long, global = true)]
    compare: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// From the start of the process to the first connection.
    Start,
    /// A first copy of very many users, to an account that only answers.
    Initial(Users),
    /// The same users once more, after a dead token.
    Reenumerate(Users),
    /// A round in which some users have changed.
    Changes {
        #[command(flatten)]
        users: Users,
        /// So many have.
        #[arg(long, default_value_t = 10_000)]
        changed: usize,
    },
    /// A round in which no user has changed.
    Unchanged(Users),
    /// A list once more, of which nothing has changed.
    List(Users),
    /// Pages that are too much, or as much as there may be, each for a new handler.
    Pages,
    /// Very many mailboxes of which few have changed.
    FanOut {
        /// Mailboxes, each with one folder.
        #[arg(long, default_value_t = 10_000)]
        mailboxes: usize,
        /// Mailboxes in which the folder has changed.
        #[arg(long, default_value_t = 20)]
        changed: usize,
    },
    /// One group with very many members, to an account that only answers.
    Links {
        /// Members of the group.
        #[arg(long, default_value_t = 100_000)]
        members: usize,
        /// Members in a slice; the group comes again with each.
        #[arg(long, default_value_t = 100)]
        slice: usize,
        /// Slices on a page.
        #[arg(long, default_value_t = 20)]
        page: usize,
    },
    /// Notifications at a steady rate, with a sync beside them.
    Notifications {
        /// Notifications in a second.
        #[arg(long, default_value_t = 200)]
        rate: u32,
        /// For so many seconds.
        #[arg(long, default_value_t = 30)]
        seconds: u32,
        /// Users of the tenant that is read meanwhile, again and again.
        #[arg(long, default_value_t = 2000)]
        users: usize,
    },
    /// From changes in Graph to their documents, with notifications.
    Freshness {
        /// Changes in a second.
        #[arg(long, default_value_t = 50)]
        rate: u32,
        /// For so many seconds.
        #[arg(long, default_value_t = 20)]
        seconds: u32,
    },
    /// Cosmos DB's client alone; the benchmark starts it.
    #[command(name = FLOOR, hide = true)]
    Floor { endpoint: String, container: String, count: usize, together: usize },
}

#[derive(Args, Clone, Copy, Debug)]
struct Users {
    /// Users of the tenant.
    #[arg(long, default_value_t = 20_000)]
    users: usize,
    /// Users on a page of Graph.
    #[arg(long, default_value_t = 200)]
    page: usize,
    /// How the first copy is read: by the delta query, or as a list.
    #[arg(long, default_value = "delta", value_parser = walk)]
    walk: Walk,
    /// Milliseconds until Graph answers.
    #[arg(long, default_value_t = 0)]
    graph_latency: u64,
    /// Milliseconds until Cosmos DB answers.
    #[arg(long, default_value_t = 0)]
    cosmos_latency: u64,
    /// Writes in flight.
    #[arg(long, default_value_t = 64)]
    concurrency: usize,
    /// Seconds of a turn.
    #[arg(long, default_value_t = 240)]
    budget: u32,
}

fn walk(text: &str) -> Result<Walk, String> {
    match text {
        "delta" => Ok(Walk::Delta),
        "list" => Ok(Walk::List),
        _ => Err("delta or list".into()),
    }
}

impl From<Users> for Options {
    fn from(users: Users) -> Self {
        let Users { users, page, walk, graph_latency, cosmos_latency, concurrency, budget } = users;
        let [latency, cosmos_latency] = [graph_latency, cosmos_latency].map(Duration::from_millis);
        Self { shape: Shape { users, page, latency }, cosmos_latency, walk, concurrency, budget, floor: true }
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let What::Floor { endpoint, container, count, together } = &arguments.what {
        let mut input = String::new();
        std::io::stdin().read_to_string(&mut input)?;
        println!("{}", bench::upsert_alone(endpoint, container, (*count, *together), &input).await?);
        return Ok(());
    }
    let earlier = match &arguments.compare {
        Some(file) => {
            let text = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?;
            Some(serde_json::from_slice(&text).context("it was not printed with --json")?)
        }
        None => None,
    };
    let built = if arguments.product.is_none() { Some(sandbox::product::staged()?) } else { None };
    let product = arguments.product.as_deref().or(built.as_ref().map(TempDir::path)).context("a product")?;
    let mut runs = Vec::new();
    for number in 1..=arguments.runs.max(1) {
        if std::io::stderr().is_terminal() {
            eprintln!("run {number} of {}", arguments.runs);
        }
        runs.push(Box::pin(run(product, &arguments.what)).await?);
    }
    let scenario = std::env::args().skip(1).collect::<Vec<_>>().join(" ");
    let report = Report::of(scenario, &runs);
    if arguments.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!("{}", report.table(earlier.as_ref()));
    }
    Ok(())
}

async fn run(product: &Path, what: &What) -> Result<Figures> {
    match *what {
        What::Start => bench::start(product).await,
        What::Initial(users) => bench::users(product, Part::Initial, users.into()).await,
        What::Reenumerate(users) => bench::users(product, Part::Reenumerate, users.into()).await,
        What::Changes { users, changed } => bench::users(product, Part::Changes(changed), users.into()).await,
        What::Unchanged(users) => bench::users(product, Part::Unchanged, users.into()).await,
        What::List(users) => {
            bench::users(product, Part::Again, Options { walk: Walk::Always, ..users.into() }).await
        }
        What::Pages => Ok(flat(&bench::pages().await?)),
        What::FanOut { mailboxes, changed } => Ok(flat(&bench::fan_out(mailboxes, changed).await?)),
        What::Links { members, slice, page } => bench::links(product, Slices { members, slice, page }).await,
        What::Notifications { rate, seconds, users } => {
            Ok(flat(&bench::notifications(Load { rate, seconds, users }).await?))
        }
        What::Freshness { rate, seconds } => bench::freshness(rate, seconds).await,
        What::Floor { .. } => unreachable!("it is handled first"),
    }
}
