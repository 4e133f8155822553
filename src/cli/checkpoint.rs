//! `checkpoint show|reset <resource>`: for whoever has to look under the lid.

use super::named::NamedFeed;
use super::output::{Exit, Output, complain, fail, print, print_json};
use super::{start, sync};
use crate::app::{App, Feed};
use crate::report::Shown;

/// What `checkpoint` is told.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// What to do with it.
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Shows the checkpoint to the letter, but for its link, which is a secret.
    Show(Of),
    /// Has the next turn read the whole resource anew; the copy stays readable meanwhile.
    Reset(Of),
}

#[derive(Debug, clap::Args)]
struct Of {
    /// The resource, with the ids of its parents if it has some: `messages/<user>/<folder>`.
    #[arg(value_name = "RESOURCE", value_parser = NamedFeed, hide_possible_values = true)]
    feed: Feed,
    /// How it is written on stdout.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

const EXAMPLES: &str = "Examples:
  graph-mirror checkpoint show users
  graph-mirror checkpoint reset users && graph-mirror sync users

A reset loses nothing: every document is written anew by the next full enumeration, and what that
enumeration does not show is removed after it, under the removal limit.

`reset` works on a checkpoint that cannot be read, too: one that is damaged, or that a newer version wrote.

Exit codes: 0 done; 1 failed, nothing was copied yet, the checkpoint cannot be read, or another turn holds the feed; 2 wrong usage;
78 wrong settings.";

/// Shows or resets a checkpoint.
pub fn run(args: &Args) -> Exit {
    let (What::Show(of) | What::Reset(of)) = &args.what;
    start::with_app(of.output, |app| match &args.what {
        What::Show(of) => show(app, of),
        What::Reset(of) => reset(app, of),
    })
}

#[tokio::main]
async fn show(app: &App, of: &Of) -> Exit {
    match (app.checkpoint(&of.feed).await, of.output) {
        (Ok(Some(Shown { document, problem })), output) => {
            match output {
                Output::Json => print_json(&document),
                // A value can always be written.
                Output::Table => print(serde_json::to_string_pretty(&document).unwrap_or_default()),
            }
            if let Some(problem) = problem {
                complain(problem);
                return Exit::Failed;
            }
        }
        (Ok(None), _) => {
            complain(format_args!("{}: nothing was copied yet", of.feed.key()));
            return Exit::Failed;
        }
        (Err(error), output) => return fail(Some(&of.feed.key()), &error, output),
    }
    Exit::Done
}

#[tokio::main]
async fn reset(app: &App, of: &Of) -> Exit {
    let ended = app.reset(&of.feed).await;
    sync::tell(&of.feed.key(), &ended, of.output);
    sync::exit(&ended)
}
