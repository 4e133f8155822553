//! `verify <resource>`: whether the copy is what Microsoft Graph says.
//!
//! Promises: a line or a JSON object per difference and one for all of it on stdout, names and ids only; an
//! exit code that a script can branch on. Without `--repair` it only reads.

use serde::Serialize;
use serde_json::json;

use super::named::NamedFeed;
use super::output::{Exit, Output, fail, print, print_json};
use super::repair::{Plan, Repaired, WITHHELD, repair};
use super::screen::Screen;
use super::start;
use crate::app::{App, Feed};
use crate::verify::{Difference, NotCompared, Verified};

/// What `verify` is told.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The resource, with the ids of its parents if it has some: `messages/<user>/<folder>`.
    #[arg(value_name = "RESOURCE", value_parser = NamedFeed, hide_possible_values = true)]
    feed: Feed,
    /// Mends what differs: objects by refreshing them, links by reading the whole feed anew.
    #[arg(long)]
    repair: bool,
    /// With --repair: says what would be mended and how, and writes nothing.
    #[arg(long, requires = "repair")]
    dry_run: bool,
    /// How the differences are written on stdout.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

const EXAMPLES: &str = "Examples:
  graph-mirror sync users && graph-mirror verify users      compare the copy as it is now
  graph-mirror verify users --output json                   one JSON object per difference, then one for all
  graph-mirror verify users --repair                        mend what differs, and look at it again
  graph-mirror verify users --repair --dry-run              say how it would be mended

It reads all of the feed and all of the copy, keeps ids and hashes, and reads again what differs, on both
sides: only what differs both times is told. What changed since the last turn does.

Exit codes: 0 no difference, or all of them mended; 1 failed, or kept waiting while mending; 2 wrong usage;
3 differences, or something that Graph refuses to show was not compared; 78 wrong settings.";

/// Compares, and tells what differs.
pub fn run(args: &Args) -> Exit {
    let screen = Screen::new(args.output);
    match start::settings(&screen, args.output) {
        Ok(settings) => compare(&App::new(settings), &screen, args),
        Err(exit) => exit,
    }
}

#[tokio::main]
async fn compare(app: &App, screen: &Screen, args: &Args) -> Exit {
    let key = args.feed.key();
    let verified = match screen.follow(app, &key, Box::pin(app.verify(&args.feed))).await {
        Ok(verified) => verified,
        Err(error) => return fail(Some(&key), &error, args.output),
    };
    tell(&verified.resource, &verified.differences, args.output);
    tell_refused(&verified.resource, &verified.not_compared, args.output);
    match args.output {
        Output::Table => print(&verified),
        Output::Json => print_json(&verified),
    }
    if args.dry_run {
        foretell(&Plan::of(&verified), &verified.resource, args.output);
    } else if args.repair && !verified.differences.is_empty() {
        return Box::pin(mend(app, screen, (&args.feed, &verified), args.output)).await;
    }
    exit(verified.differences.len(), verified.undecided)
}

fn foretell(plan: &Plan, feed: &str, output: Output) {
    match output {
        Output::Table => print(format_args!("{feed}: dry run, nothing was written: {plan}")),
        Output::Json => print_json(&json!({
            "resource": feed, "outcome": "complete", "dryRun": true, "refreshed": plan.ids, "reset": plan.reset
        })),
    }
}

async fn mend(app: &App, screen: &Screen, (of, verified): (&Feed, &Verified), output: Output) -> Exit {
    let feed = &*verified.resource;
    let (left, undecided) = match screen.follow(app, feed, Box::pin(repair(app, of, verified))).await {
        Ok(Repaired::Left(left, undecided)) => (left, undecided),
        Ok(Repaired::Waiting(outcome)) => {
            if output == Output::Json {
                print_json(&outcome);
            }
            return Exit::Failed;
        }
        Err(error) => return fail(Some(feed), &error, output),
    };
    tell(feed, &left, output);
    tell_refused(feed, &undecided, output);
    let (left, undecided, withheld) = (left.len(), undecided.len() as u64, Plan::of(verified).withheld);
    // What cannot be looked at again may be mended, but nobody has seen it.
    let repaired = verified.differences.len().saturating_sub(left + undecided as usize);
    match output {
        Output::Table if withheld => {
            print(format_args!("{feed}: {repaired} differences mended, {left} left; {WITHHELD}"));
        }
        Output::Table => print(format_args!("{feed}: {repaired} differences mended, {left} left")),
        Output::Json => {
            let mut all = json!({
                "resource": feed, "outcome": "complete", "repaired": repaired, "left": left, "undecided": undecided
            });
            if withheld {
                all["linksWithheld"] = true.into();
            }
            print_json(&all);
        }
    }
    exit(left, undecided + verified.undecided)
}

fn tell(feed: &str, differences: &[Difference], output: Output) {
    for difference in differences {
        match output {
            Output::Table => print(format_args!("{feed}: {difference}")),
            Output::Json => print_json(&Line { resource: feed, difference }),
        }
    }
}

fn exit(differences: usize, undecided: u64) -> Exit {
    if differences == 0 && undecided == 0 { Exit::Done } else { Exit::Partial }
}

/// What was not compared is in the summary in JSON, and has a line each for a person.
fn tell_refused(feed: &str, refused: &[NotCompared], output: Output) {
    if output == Output::Table {
        refused.iter().for_each(|one| print(format_args!("{feed}: {one}")));
    }
}

/// A difference, and of which resource.
#[derive(Serialize)]
struct Line<'a> {
    resource: &'a str,
    #[serde(flatten)]
    difference: &'a Difference,
}
