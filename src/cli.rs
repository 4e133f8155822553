//! The command line, one file per command. `serve` is the Azure Functions custom handler; the Functions
//! host starts the binary without arguments and names the port in `FUNCTIONS_CUSTOMHANDLER_PORT`.
//!
//! [`output`] has what all commands share about saying something, [`start`] what they begin with.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::app;
use crate::settings;
use crate::telemetry::{self, Verbosity};

mod add;
mod advice;
mod checkpoint;
mod completions;
mod doctor;
mod erase;
mod get;
mod init;
mod logout;
mod named;
mod output;
mod pretty;
mod prove;
mod refresh;
mod repair;
mod resources;
mod screen;
mod serve;
mod start;
mod status;
mod subscriptions;
mod sync;
mod verify;

/// Keeps a faithful, queryable copy of Microsoft Graph resources in Azure Cosmos DB.
#[derive(Debug, Parser)]
#[command(version, about, after_help = EXAMPLES)]
struct Cli {
    /// Says more on stderr: every request to Microsoft Graph and Azure Cosmos DB too.
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    verbose: bool,
    /// Says less on stderr: errors only, and no progress.
    #[arg(short, long, global = true)]
    quiet: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the Azure Functions custom-handler protocol on 127.0.0.1.
    Serve(serve::Args),
    /// Brings the copy of resources up to date now, and says what was done.
    Sync(sync::Args),
    /// Brings single objects up to date now, read by their ids.
    Refresh(refresh::Args),
    /// Tells what is mirrored, as of when, and in which state.
    Status(status::Args),
    /// Shows how far the copy of a resource is, or has it read anew.
    Checkpoint(checkpoint::Args),
    /// Compares the copy of a resource with Microsoft Graph, object by object and link by link.
    Verify(verify::Args),
    /// Lists, renews or ends the subscriptions to change notifications.
    Subscriptions(subscriptions::Args),
    /// Asks Microsoft Graph for any path, and prints what it answers.
    Get(get::Args),
    /// Lists the resources that can be mirrored, or shows one in full: containers, permissions, cost.
    Resources(resources::Args),
    /// Has a resource mirrored: writes its function.
    Add(add::Args),
    /// Looks at everything that a copy depends on, and says how each fault is mended.
    Doctor(doctor::Args),
    /// Creates the database and all containers with the account key, for local use.
    Init(init::Args),
    /// Deletes everything about one object, from every container.
    Erase(erase::Args),
    /// Removes the sign-ins that were kept on this machine.
    Logout(logout::Args),
    /// Prints a script with which a shell completes commands and options.
    Completions(completions::Args),
}

const EXAMPLES: &str = "Examples:
  graph-mirror resources                 what can be mirrored, with which permission
  graph-mirror resources messages        one resource in full: containers, permissions, cost, an example
  graph-mirror add applications          mirror the applications too
  graph-mirror doctor                    what is wrong with the settings, permissions and containers
  graph-mirror init                      create the database and its containers, with COSMOS_KEY
  graph-mirror sync users                bring the copy of the users up to date, inline
  graph-mirror refresh users <id>        bring one user up to date
  graph-mirror status                    what is mirrored, as of when, in which state
  graph-mirror verify users              compare the copy of the users with Microsoft Graph
  graph-mirror get /organization         ask Microsoft Graph for any path
  graph-mirror erase users <id>          delete everything about one user, for good
  graph-mirror subscriptions list        the subscriptions to change notifications
  graph-mirror serve --port 8080         serve the custom-handler protocol
  curl -d @tests/golden/timer.json localhost:8080/sync_users
                                         run one turn, as the Functions host does

Data is on stdout, progress and logs are on stderr, without colours where that is no terminal or NO_COLOR is
set. Settings are environment variables; docs/settings.md lists them. Wrong settings do not stop `serve`:
it logs all of them, and every invocation fails naming them. Other commands name them all and end with 78.";

/// Runs the command line; the answer is the exit code.
pub fn run() -> ExitCode {
    // Before the arguments, which name resources.
    if let Err(faults) = app::load_catalogue(settings::functions(settings::environment).as_deref()) {
        faults.iter().for_each(output::complain);
        return output::Exit::WrongSettings.into();
    }
    let cli = Cli::parse();
    telemetry::set_verbosity(match (cli.verbose, cli.quiet) {
        (true, _) => Verbosity::Verbose,
        (_, true) => Verbosity::Quiet,
        _ => Verbosity::Normal,
    });
    match cli.command.unwrap_or(Command::Serve(serve::Args::default())) {
        Command::Serve(args) => serve::run(&args),
        Command::Sync(args) => sync::run(&args).into(),
        Command::Refresh(args) => refresh::run(&args).into(),
        Command::Status(args) => status::run(&args).into(),
        Command::Checkpoint(args) => checkpoint::run(&args).into(),
        Command::Verify(args) => verify::run(&args).into(),
        Command::Subscriptions(args) => subscriptions::run(&args).into(),
        Command::Get(args) => get::run(&args).into(),
        Command::Resources(args) => resources::run(&args).into(),
        Command::Add(args) => add::run(&args).into(),
        Command::Doctor(args) => doctor::run(&args).into(),
        Command::Init(args) => init::run(&args).into(),
        Command::Erase(args) => erase::run(&args).into(),
        Command::Logout(args) => logout::run(&args).into(),
        Command::Completions(args) => completions::run(&args).into(),
    }
}
