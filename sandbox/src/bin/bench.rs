//! Benchmarks of the handler against the offline world: figures, no verdicts. Use the release profile.

use clap::{Parser, Subcommand};
use sandbox::bench::{self, Load};

/// Measures the handler; prints one JSON object on stdout.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Pages that are too much, or as much as there may be, each for a new handler.
    Pages,
    /// A first copy of very many users, to an account that only answers.
    Initial {
        /// Users of the tenant.
        #[arg(long, default_value_t = 1_000_000)]
        users: usize,
        /// Seconds of a turn.
        #[arg(long, default_value_t = 10)]
        budget: u32,
    },
    /// Very many mailboxes of which few have changed.
    FanOut {
        /// Mailboxes, each with one folder.
        #[arg(long, default_value_t = 10_000)]
        mailboxes: usize,
        /// Mailboxes in which the folder has changed.
        #[arg(long, default_value_t = 20)]
        changed: usize,
    },
    /// One group with very many members, from the first page to the last link.
    Members {
        /// Members of the group.
        #[arg(long, default_value_t = 100_000)]
        count: usize,
        /// Members in a slice; a group comes again and again until all have been told.
        #[arg(long, default_value_t = 100)]
        slice: usize,
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
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let figures = match Arguments::parse().what {
        What::Members { count, slice } => bench::members(count, slice).await?,
        What::Initial { users, budget } => bench::initial(users, budget).await?,
        What::FanOut { mailboxes, changed } => bench::fan_out(mailboxes, changed).await?,
        What::Pages => bench::pages().await?,
        What::Notifications { rate, seconds, users } => {
            bench::notifications(Load { rate, seconds, users }).await?
        }
    };
    println!("{figures}");
    Ok(())
}
