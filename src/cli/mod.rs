//! The command line. `serve` is the Azure Functions custom handler; the Functions host starts the binary
//! without arguments and names the port in `FUNCTIONS_CUSTOMHANDLER_PORT`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod serve;
mod sync;

/// Keeps a faithful, queryable copy of Microsoft Graph resources in Azure Cosmos DB.
#[derive(Debug, Parser)]
#[command(version, about, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the Azure Functions custom-handler protocol on 127.0.0.1.
    Serve {
        /// Port to listen on [default: as FUNCTIONS_CUSTOMHANDLER_PORT says]
        #[arg(long)]
        port: Option<u16>,
    },
    /// Brings the copy of resources up to date now, and says what was done.
    Sync(sync::Args),
}

const EXAMPLES: &str = "Examples:
  graph-mirror serve --port 8080         serve the custom-handler protocol
  curl -d @tests/golden/timer.json localhost:8080/sync_users
                                         run one turn, as the Functions host does
  graph-mirror sync users                bring the copy of the users up to date, inline

Settings are environment variables; README.md lists them. Wrong settings do not stop `serve`:
it logs all of them, and every invocation fails naming them. Other commands end with 78.";

/// Runs the command line; the answer is the exit code.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let port = match cli.command {
        Some(Command::Serve { port }) => port.or_else(serve::port_from_host),
        Some(Command::Sync(args)) => return sync::run(&args),
        None => serve::port_from_host(),
    };
    match port {
        Some(port) => serve::run(port),
        None => {
            #[expect(clippy::print_stderr, reason = "usage is for the person at the terminal")]
            let () = eprintln!(
                "no port: give `serve --port <port>`, or let the Azure Functions host start this with \
                 FUNCTIONS_CUSTOMHANDLER_PORT set (try --help)"
            );
            ExitCode::from(2)
        }
    }
}
