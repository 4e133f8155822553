//! `sync <resource>…`: the verb of the functions, run to its end at a terminal.
//!
//! Promises: data on stdout, a line or a JSON object per resource; logs and failures on stderr; an exit
//! code that a script can branch on. Leaves out on purpose: waiting. Where Graph or another turn keeps us
//! waiting, it says so and ends.

use std::process::ExitCode;

use clap::ValueEnum;
use clap::builder::PossibleValuesParser;
use serde_json::json;
use time::format_description::well_known::Rfc3339;

use crate::app::{self, App, AppError};
use crate::mirror::{Ending, Outcome};
use crate::settings::{Settings, environment};
use crate::telemetry;

/// Some objects were set aside, removals are held, or some resources failed.
const PARTIAL: u8 = 3;
/// `EX_CONFIG` of sysexits.h.
const WRONG_SETTINGS: u8 = 78;

/// What `sync` is told.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Resources to bring up to date, one after the other.
    #[arg(required = true, value_name = "RESOURCE", value_parser = PossibleValuesParser::new(app::resources()))]
    resources: Vec<String>,
    /// Lets the brake go for this run: whatever a complete walk did not show is removed.
    #[arg(long)]
    accept_removals: bool,
    /// How the outcome of each resource is written on stdout.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// One JSON object per line.
    Json,
    /// One line for people.
    Table,
}

const EXAMPLES: &str = "Examples:
  graph-mirror sync users                        bring the users up to date, however many turns that takes
  graph-mirror sync users --output json          the outcome as one JSON object on stdout
  graph-mirror sync users --accept-removals      also remove what the brake holds back

Exit codes: 0 up to date; 1 failed, throttled, or another turn holds the feed; 2 wrong usage;
3 partial: objects were set aside, the brake holds removals, or some resources failed;
78 wrong settings, all of them named on stderr.";

/// Brings the resources up to date, one after the other; a failed one does not stop the others.
pub fn run(args: &Args) -> ExitCode {
    telemetry::cli();
    let mut settings = match Settings::read(environment) {
        Ok(settings) => settings,
        Err(problems) => {
            problems.lines().iter().for_each(complain);
            return ExitCode::from(WRONG_SETTINGS);
        }
    };
    if args.accept_removals {
        settings.limits.accept_removals();
    }
    all(args, &App::new(settings))
}

#[tokio::main]
async fn all(args: &Args, app: &App) -> ExitCode {
    let mut verdicts = Vec::new();
    for resource in &args.resources {
        let ended = to_the_end(app, resource).await;
        tell(resource, &ended, args.output);
        verdicts.push(verdict(&ended));
    }
    ExitCode::from(together(&verdicts))
}

/// Turn after turn, for as long as the budget alone ends them.
async fn to_the_end(app: &App, resource: &str) -> Result<Outcome, AppError> {
    let mut outcome = app.sync(resource).await?;
    while outcome.goes_on() {
        outcome = outcome.and(app.sync(resource).await?);
    }
    Ok(outcome)
}

/// How one resource ended, as far as an exit code tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Done,
    Partial,
    Failed,
}

fn verdict(ended: &Result<Outcome, AppError>) -> Verdict {
    match ended {
        Ok(Outcome { ending: Ending::Complete, counts, .. }) if counts.set_aside == 0 => Verdict::Done,
        Ok(Outcome { ending: Ending::Complete | Ending::Held { .. }, .. }) => Verdict::Partial,
        _ => Verdict::Failed,
    }
}

fn together(verdicts: &[Verdict]) -> u8 {
    let all = |wanted| verdicts.iter().all(|verdict| *verdict == wanted);
    match (all(Verdict::Done), all(Verdict::Failed)) {
        (true, _) => 0,
        (_, true) => 1,
        _ => PARTIAL,
    }
}

fn tell(resource: &str, ended: &Result<Outcome, AppError>, output: Output) {
    match (ended, output) {
        (Ok(outcome), Output::Table) => print(outcome),
        (Ok(outcome), Output::Json) => print(serde_json::to_string(outcome).unwrap_or_default()),
        (Err(error), Output::Table) => complain(error),
        (Err(error), Output::Json) => {
            print(json!({ "feed": resource, "ending": "failed", "error": error.to_string() }));
            complain(error);
        }
    }
    if let Some(step) = ended.as_ref().ok().and_then(next_step) {
        complain(step);
    }
}

/// What is left to do for whoever asked.
fn next_step(outcome: &Outcome) -> Option<String> {
    let feed = &outcome.feed;
    match outcome.ending {
        Ending::Throttled { until } => {
            let until = until.truncate_to_second().format(&Rfc3339).unwrap_or_default();
            Some(format!("{feed}: Microsoft Graph throttles; run this again after {until}"))
        }
        Ending::Busy => Some(format!(
            "{feed}: another turn holds the feed and looks again when it is done; or run this again then"
        )),
        Ending::Held { missing, of } => Some(format!(
            "{feed}: {missing} of {of} documents would be removed; `sync {feed} --accept-removals` lets them go"
        )),
        Ending::Complete | Ending::Continued => None,
    }
}

#[expect(clippy::print_stdout, reason = "data is for stdout")]
fn print(line: impl std::fmt::Display) {
    println!("{line}");
}

#[expect(clippy::print_stderr, reason = "what went wrong is for the person at the terminal")]
fn complain(line: impl std::fmt::Display) {
    eprintln!("{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_tells_all_from_some_and_none() {
        use Verdict::{Done, Failed, Partial};
        for (verdicts, code) in [
            (&[Done, Done][..], 0),
            (&[Failed], 1),
            (&[Failed, Failed], 1),
            (&[Partial], PARTIAL),
            (&[Done, Failed], PARTIAL),
            (&[Partial, Failed], PARTIAL),
        ] {
            assert_eq!(together(verdicts), code, "{verdicts:?}");
        }
    }
}
