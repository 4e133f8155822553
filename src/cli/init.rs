//! `init`: creates the database and all containers of a copy, for local use.
//!
//! Promises: what exists is left as it is, and said so; running it again creates what is still missing.
//! It takes the account key; without one it names the commands that do the same with an Azure sign-in.

use serde_json::{Value, json};

use super::output::{Exit, Output, complain, fail, print, print_json};
use super::screen::Screen;
use super::start;
use crate::app::{self, App, Creation};
use crate::settings::{Cosmos, Settings};

/// What `init` is told.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// How each database and container is written on stdout.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

const EXAMPLES: &str = "Examples:
  COSMOS_KEY=… graph-mirror init            with the key of the account or of the emulator
  graph-mirror init --output json           one JSON object per database and container

The containers have TTL on and no default, and the throughput that the account gives a container by
itself. An Entra token cannot create containers; in Azure, infrastructure does (docs/data.md).

Exit codes: 0 everything is there; 1 failed, or a container has another partition key or TTL; 2 wrong
usage; 78 wrong settings, or no COSMOS_KEY.";

/// Creates what is missing, and says of everything whether it was there.
pub fn run(args: &Args) -> Exit {
    let settings = match start::settings(&Screen::new(args.output), args.output) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    if settings.cosmos.key.is_none() {
        return refuse(&settings, args.output);
    }
    all(&App::new(settings), args.output)
}

/// A sign-in will do for everything but this.
fn refuse(settings: &Settings, output: Output) -> Exit {
    let problem = "COSMOS_KEY: is not set; an Entra token cannot create databases and containers. Set it, or \
                   create them with an Azure sign-in:";
    let exit = start::wrong_settings(&[problem.to_owned()], output);
    let Cosmos { endpoint, database, .. } = &settings.cosmos;
    for command in app::create_commands(endpoint, database, settings.functions.as_deref()) {
        complain(format_args!("  {command}"));
    }
    exit
}

#[tokio::main]
async fn all(app: &App, output: Output) -> Exit {
    let made = match app.init().await {
        Ok(made) => made,
        Err(error) => return fail(None, &error, output),
    };
    for (name, made) in &made {
        match output {
            Output::Table => print(format_args!("{name}: {}", said(made))),
            Output::Json => print_json(&object(name, made)),
        }
    }
    let is_wrong = made.iter().any(|(_, made)| is_wrong(made));
    if is_wrong { Exit::Failed } else { Exit::Done }
}

fn object(name: &str, made: &Creation) -> Value {
    let outcome = if is_wrong(made) { "failed" } else { "complete" };
    json!({ "name": name, "outcome": outcome, "state": named(made) })
}

fn is_wrong(made: &Creation) -> bool {
    matches!(made, Creation::Unfit(_))
}

fn named(made: &Creation) -> &'static str {
    match made {
        Creation::Created => "created",
        Creation::Found => "found",
        Creation::Unfit(unfit) => unfit.name(),
    }
}

fn said(made: &Creation) -> String {
    match made {
        Creation::Created => "created".into(),
        Creation::Found => "was there".into(),
        Creation::Unfit(unfit) => {
            format!("was there with {}; {} {}", unfit.has(), unfit.next(), unfit.command())
        }
    }
}
