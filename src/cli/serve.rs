//! `serve`: binds first, then everything else.

use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::thread;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::runtime;

use super::output::{Exit, complain};
use crate::app::{self, App};
use crate::functions::{self, Ready};
use crate::settings::{Problems, Settings, environment};
use crate::telemetry;

/// What `serve` is told.
#[derive(Debug, Default, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Port to listen on [default: as FUNCTIONS_CUSTOMHANDLER_PORT says]
    #[arg(long)]
    port: Option<u16>,
}

const EXAMPLES: &str = "Examples:
  graph-mirror serve --port 8080                    serve on this port, without the host
  FUNCTIONS_CUSTOMHANDLER_PORT=8080 graph-mirror    as the Functions host starts it

It serves until it is killed.

Exit codes: 0 the listener ended; 1 it cannot listen; 2 wrong usage, or no port is named.";

/// Serves until the process is killed: the host never asks it to stop.
pub fn run(args: &Args) -> ExitCode {
    let Some(port) = args.port.or_else(port_from_host) else {
        complain(
            "no port: give `serve --port <port>`, or let the Azure Functions host start this with \
             FUNCTIONS_CUSTOMHANDLER_PORT set (try --help)",
        );
        return Exit::Usage.into();
    };
    match start(port) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // It may have failed before there was a log.
            telemetry::serve(None);
            tracing::error!(event = "serve_failed", error = format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// The port that the Functions host names.
fn port_from_host() -> Option<u16> {
    environment("FUNCTIONS_CUSTOMHANDLER_PORT")?.parse().ok()
}

/// The stack of a thread, in bytes: address space, of which only what is used takes memory. A debug build uses 1.4 MB where
/// the first request of Cosmos DB's client opens a connection within a turn; 2 MiB, which is usual, left too little.
const STACK: usize = 4 << 20;

fn start(port: u16) -> anyhow::Result<()> {
    // One thread may be busy with a large page; on a small instance it would be the only one.
    let threads = thread::available_parallelism().map_or(2, |threads| threads.get().max(2));
    let mut builder = runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(threads).thread_stack_size(STACK).enable_all().build();
    runtime.context("no runtime")?.block_on(serve(port))
}

async fn serve(port: u16) -> anyhow::Result<()> {
    // The host asks whether we listen every 25 ms and Graph's validation waits for it: bind before
    // anything else is looked at. A restarted handler gets the port of the one before it.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    let listener = listener.with_context(|| format!("cannot listen on 127.0.0.1:{port}"))?;
    let settings = app::checked(Settings::for_serve(environment));
    telemetry::serve(settings.as_ref().ok().and_then(|settings| settings.collector.as_ref()));
    functions::serve(listener, ready(settings)).await.context("the listener failed")
}

/// The app, or what is wrong with its settings. Wrong settings do not end the process: the host would
/// restart it three times and then stop the whole function app.
fn ready(settings: Result<Settings, Problems>) -> Ready {
    match settings {
        Ok(settings) => Ready::App(Box::new(App::new(settings))),
        Err(problems) => {
            for problem in problems.lines() {
                tracing::error!(event = "wrong_setting", problem);
            }
            Ready::Refused(problems.to_string())
        }
    }
}
