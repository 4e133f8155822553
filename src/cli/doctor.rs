//! `doctor`: looks at everything that a copy depends on, and says how each fault is mended.

use std::path::PathBuf;

use super::output::{Exit, Output, complain, print, print_json};
use super::prove;
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
    /// Asks the live services what docs/assumptions.md says of them.
    #[arg(long)]
    prove: bool,
    /// With --prove: creates one subscription, to see Graph call the notification address, and deletes it again.
    #[arg(long, requires = "prove")]
    with_subscription: bool,
    /// With --prove: also writes the report into this file, as Markdown or, if its name ends with `.json`, as JSON.
    #[arg(long, requires = "prove", value_name = "FILE")]
    report: Option<PathBuf>,
}

const EXAMPLES: &str = "Examples:
  graph-mirror doctor                       all checks, and for each finding the command that mends it
  graph-mirror doctor --output json         one JSON object per check: check, state, what, next, command
  graph-mirror doctor --output json | jq -r 'select(.state == \"finding\").command // empty'
  graph-mirror doctor --prove --report assumptions.md
                                            asks the live services what docs/assumptions.md says of them

States: ok, finding, skipped. A check is skipped when what it needs has a finding itself. Nothing is
changed but for one document in the container `mirror`, which is written and deleted. It takes a minute
at most. docs/doctor.md has each check.

With --prove, a line or an object for each assumption: confirmed, refuted or not testable. It takes ten
minutes at most, reads the tenant only, and deletes its own items in `mirror`, also after Ctrl-C. The
report has no name, id, address or token, so it can be pasted into an issue.

Exit codes: 0 no finding, none refuted; 1 findings, some refuted, or no report written; 3 stopped before the end; 2 wrong usage; 78 wrong settings.";

/// Looks at everything.
pub fn run(args: &Args) -> Exit {
    telemetry::cli(Screen::new(args.output).above());
    match app::checked(Settings::for_command(environment)) {
        Ok(settings) if args.prove => {
            prove::run(settings, args.with_subscription, args.report.as_deref(), args.output)
        }
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
