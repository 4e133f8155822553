//! `doctor --prove`: asks the live services what `docs/assumptions.md` says of them, and reports.

use std::path::Path;

use super::output::{Exit, Output, complain, print, print_json};
use crate::prove::{Asked, End, Proof, Report, prove};
use crate::settings::Settings;

/// Asks, prints a line or an object for each assumption, and writes the report.
#[tokio::main]
pub async fn run(settings: Settings, with_subscription: bool, file: Option<&Path>, output: Output) -> Exit {
    let report = Box::pin(prove(Asked { settings, with_subscription }, stopped())).await;
    match output {
        Output::Json => report.proofs.iter().for_each(print_json),
        Output::Table => report.proofs.iter().for_each(line),
    }
    complain(report.summary());
    if let Some(file) = file
        && let Err(error) = write(&report, file)
    {
        complain(format_args!("the report cannot be written to {}: {error}", file.display()));
        return Exit::Failed;
    }
    match (report.end, report.refuted()) {
        (End::Stopped | End::OutOfTime, _) => Exit::Partial,
        (End::Complete, 0) => Exit::Done,
        (End::Complete, _) => Exit::Failed,
    }
}

fn line(Proof { id, result, what }: &Proof) {
    print(format_args!("{:12}  {id:4}  {what}", result.name()));
}

fn write(report: &Report, file: &Path) -> std::io::Result<()> {
    let is_json = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let text = match is_json {
        true => serde_json::to_string_pretty(report)? + "\n",
        false => report.markdown(),
    };
    std::fs::write(file, text)
}

/// Ends when a person or the system asks the process to.
async fn stopped() {
    // Where no signal can be listened to, the system's own way ends the process.
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = interrupted => {}
        () = terminated() => {}
    }
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
