//! `erase <resource> <id>`: deletes everything about one object, from every container of the deployment.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use serde_json::json;

use super::named::Named;
use super::output::{Exit, Output, complain, fail, print_json, print_table};
use super::start;
use crate::app::{App, Erased};

/// What `erase` is told.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The resource.
    #[arg(value_name = "RESOURCE", value_parser = Named, hide_possible_values = true)]
    resource: String,
    /// The id of the object.
    #[arg(value_name = "ID")]
    id: String,
    /// Asks no question; needed where stdin is no terminal.
    #[arg(long)]
    yes: bool,
    /// How the outcome is written on stdout.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

const EXAMPLES: &str = "Examples:
  graph-mirror erase users 6ea91a8d-e32e-41a1-b7bd-d2d185eed0e0
  graph-mirror erase users <id> --yes --output json

It deletes the document of the object or its tombstone, its links on both ends, everything under it, and the
run records that name it. It asks nothing of Microsoft Graph: an object that is still there comes back with
the next sync, so delete it in Microsoft Graph first.

Exit codes: 0 nothing is left in the containers; 1 failed, or another run holds a feed: run it again; 2 wrong
usage, or not confirmed; 78 wrong settings.";

/// What is true after it, for whoever has to answer for it.
const LEFT: [&str; 2] = [
    "an object that still lives in Microsoft Graph comes back with the next sync, unless it is deleted there first",
    "backups of Cosmos DB (point-in-time restore), readers of the change feed and logs still hold copies; \
     docs/retention.md says for how long",
];

/// Deletes everything about the object, once that is confirmed.
pub fn run(args: &Args) -> Exit {
    if !args.yes && !confirmed(args) {
        complain("nothing was deleted; give --yes, or confirm at a terminal");
        return Exit::Usage;
    }
    start::with_app(args.output, |app| all(args, app))
}

fn confirmed(args: &Args) -> bool {
    if !io::stdin().is_terminal() {
        return false;
    }
    let mut stderr = io::stderr();
    let asked = write!(stderr, "Delete everything about this object of {}, for good? [y/N] ", args.resource);
    let mut answer = String::new();
    let read = asked.and_then(|()| stderr.flush()).and_then(|()| io::stdin().lock().read_line(&mut answer));
    read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}

#[tokio::main]
async fn all(args: &Args, app: &App) -> Exit {
    let erased = match app.erase(&args.resource, &args.id).await {
        Ok(erased) => erased,
        Err(error) => return fail(Some(&args.resource), &error, args.output),
    };
    match args.output {
        Output::Json => print_json(&json!({
            "resource": args.resource, "outcome": "complete", "removed": erased, "notes": LEFT,
        })),
        Output::Table => {
            let row = |one: &Erased| [one.container.clone(), one.documents.to_string()];
            print_table(["CONTAINER", "DELETED"], erased.iter().map(row));
        }
    }
    LEFT.iter().for_each(complain);
    Exit::Done
}
