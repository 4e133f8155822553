//! `doctor`: looks at everything that a copy depends on, and says how each fault is mended.

use super::output::{Exit, Output, complain, print, print_json};
use super::screen::Screen;
use crate::app;
use crate::doctor::{self, State, Subject, Verdict};
use crate::settings::{Settings, environment};
use crate::telemetry;

/// What `doctor` is told.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// How each check is written on stdout.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

const EXAMPLES: &str = "Examples:
  graph-mirror doctor                       all checks, and for each finding the command that mends it
  graph-mirror doctor --output json         one JSON object per check: check, state, what, next, command
  graph-mirror doctor --output json | jq -r 'select(.state == \"finding\").command // empty'

States: ok, finding, skipped. A check is skipped when what it needs has a finding itself. Nothing is
changed but for one document in the container `mirror`, which is written and deleted. It takes a minute
at most. docs/doctor.md has each check.

Exit codes: 0 no finding; 1 findings; 2 wrong usage; 78 wrong settings.";

/// Looks at everything.
pub fn run(args: &Args) -> Exit {
    telemetry::cli(Screen::new(args.output).above());
    match app::checked(Settings::for_command(environment)) {
        Ok(settings) => all(settings, args.output),
        Err(problems) => {
            tell(&doctor::wrong_settings(problems.lines()), args.output);
            Exit::WrongSettings
        }
    }
}

#[tokio::main]
async fn all(settings: Settings, output: Output) -> Exit {
    match tell(&doctor::examine(settings).await, output) {
        0 => Exit::Done,
        _ => Exit::Failed,
    }
}

/// Tells all verdicts; how many findings there are.
fn tell(verdicts: &[Verdict], output: Output) -> usize {
    match output {
        Output::Json => verdicts.iter().for_each(print_json),
        Output::Table => verdicts.iter().for_each(lines),
    }
    let findings = verdicts.iter().filter(|verdict| verdict.state == State::Finding).count();
    if output == Output::Table {
        complain(match findings {
            0 => "no findings".to_owned(),
            1 => "1 finding".to_owned(),
            many => format!("{many} findings"),
        });
    }
    findings
}

/// A line for the check, and below a finding what to do.
fn lines(verdict: &Verdict) {
    let state = match verdict.state {
        State::Ok => "ok",
        State::Finding => "finding",
        State::Skipped => "skipped",
    };
    let subject = match verdict.subject {
        Some(Subject::Service(service)) => service.name(),
        Some(Subject::Resource(name) | Subject::Container(name)) => name,
        None => "",
    };
    print(format_args!("{state:7}  {:13}  {subject:15}  {}", verdict.check.name(), verdict.what));
    for line in verdict.next.iter().chain(&verdict.command) {
        print(format_args!("{:7}  {line}", ""));
    }
}
