//! `verify <resource>`: whether the copy is what Microsoft Graph says.
//!
//! Promises: a line or a JSON object per difference and one for all of it on stdout, names and ids only; an
//! exit code that a script can branch on. Without `--repair` it only reads.

use serde::Serialize;
use serde_json::json;

use super::output::{Exit, Output, complain, print, print_json};
use super::start;
use crate::app::App;
use crate::mirror::{Difference, Verified};

/// What `verify` is told.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The resource.
    #[arg(value_name = "RESOURCE", value_parser = start::resource())]
    resource: String,
    /// How the differences are written on stdout.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

const EXAMPLES: &str = "Examples:
  graph-mirror sync users && graph-mirror verify users      compare the copy as it is now
  graph-mirror verify users --output json                   one JSON object per difference, then one for all

It reads all of the feed and all of the copy, keeps ids and hashes, and reads again what differs, on both
sides: only what differs both times is told. What changed since the last turn does.

Exit codes: 0 no difference; 1 failed; 2 wrong usage; 3 differences; 78 wrong settings.";

/// A difference, and of which feed.
#[derive(Serialize)]
struct Told<'a> {
    feed: &'a str,
    #[serde(flatten)]
    difference: &'a Difference,
}

/// Compares, and tells what differs.
pub fn run(args: &Args) -> Exit {
    match start::app(args.output) {
        Ok(app) => compare(&app, args),
        Err(exit) => exit,
    }
}

#[tokio::main]
async fn compare(app: &App, args: &Args) -> Exit {
    match app.verify(&args.resource).await {
        Ok(verified) => {
            tell(&verified, args.output);
            exit(&verified)
        }
        Err(error) => {
            if args.output == Output::Json {
                print_json(&json!({ "feed": args.resource, "error": error.to_string() }));
            }
            complain(error);
            Exit::Failed
        }
    }
}

fn tell(verified: &Verified, output: Output) {
    for difference in &verified.differences {
        match output {
            Output::Table => print(format_args!("{}: {difference}", verified.feed)),
            Output::Json => print_json(&Told { feed: verified.feed, difference }),
        }
    }
    match output {
        Output::Table => print(verified),
        Output::Json => print_json(verified),
    }
}

fn exit(verified: &Verified) -> Exit {
    if verified.differences.is_empty() && verified.undecided == 0 { Exit::Done } else { Exit::Partial }
}
