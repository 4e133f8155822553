//! `logout`: removes the sign-ins that were kept.

use serde_json::json;

use super::output::{Exit, Output, complain, print, print_json};
use crate::credentials;
use crate::settings::{environment, state_folder};

/// What `logout` is told.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// How the result is written on stdout.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

const EXAMPLES: &str = "Examples:
  graph-mirror logout                   remove all sign-ins that were kept on this machine
  graph-mirror logout --output json     the same, with the count as JSON

A sign-in is kept with its refresh token below $XDG_STATE_HOME/graph-mirror (else ~/.local/state/graph-mirror).
This removes the files. It does not sign anybody out of Microsoft Entra, and tokens in use stay good until
they end; an administrator ends all of a person's sign-ins by revoking their sessions.

Exit codes: 0 nothing is kept any more; 1 a file could not be removed; 2 wrong usage; 78 wrong settings.";

/// Removes all kept sign-ins.
#[tokio::main]
pub async fn run(args: &Args) -> Exit {
    let Some(folder) = state_folder(environment) else {
        return refuse(
            args,
            "XDG_STATE_HOME: is not set, and HOME neither; sign-ins are kept below one of them",
            Exit::WrongSettings,
        );
    };
    let removed = match credentials::forget_all(folder).await {
        Ok(removed) => removed,
        Err(error) => return refuse(args, &error.to_string(), Exit::Failed),
    };
    match (args.output, removed) {
        (Output::Json, _) => print_json(&json!({ "outcome": "complete", "removed": removed })),
        (Output::Table, 0) => print("No sign-in was kept."),
        (Output::Table, 1) => print("1 sign-in was removed."),
        (Output::Table, _) => print(format_args!("{removed} sign-ins were removed.")),
    }
    Exit::Done
}

fn refuse(args: &Args, why: &str, exit: Exit) -> Exit {
    if args.output == Output::Json {
        print_json(&json!({ "outcome": "failed", "error": why }));
    }
    complain(why);
    exit
}
