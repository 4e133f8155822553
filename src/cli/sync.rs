//! `sync <resource>…`: the verb of the functions, run to its end at a terminal.
//!
//! Promises: data on stdout, a line or a JSON object per resource; logs and failures on stderr; an exit
//! code that a script can branch on. Leaves out on purpose: waiting beyond a turn. Where Graph or another turn keeps
//! us waiting for longer, it says until when and ends. With `--dry-run`, nothing is written.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::named::NamedFeed;
use super::output::{Exit, Output, complain, fail, print, print_json};
use super::screen::Screen;
use super::start;
use crate::app::{App, AppError, Feed};
use crate::protocol::{Ending, Hold};
use crate::report::Outcome;
use crate::sync::Preview;
use futures_util::{StreamExt as _, stream};

/// Feeds below parents that are synced at the same time.
const FEEDS: usize = 4;

/// What `sync` is told.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Resources to bring up to date, one after the other; with the ids of its parents, `messages/<user>/<folder>`, only
    /// what lies below these.
    #[arg(required = true, value_name = "RESOURCE", value_parser = NamedFeed, hide_possible_values = true)]
    feeds: Vec<Feed>,
    /// Accepts the removals of this run: whatever a complete enumeration did not show is removed.
    #[arg(long)]
    accept_removals: bool,
    /// Says what the run would do, and writes nothing: no lease, no checkpoint, no document.
    #[arg(long)]
    dry_run: bool,
    /// How the outcome of each resource is written on stdout.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

const EXAMPLES: &str = "Examples:
  graph-mirror sync users                        bring the users up to date, however many turns that takes
  graph-mirror sync users --output json          the outcome as one JSON object on stdout
  graph-mirror sync users --accept-removals      also remove what the removal limit holds back
  graph-mirror sync users --dry-run              what the run would write and remove; writes nothing
  graph-mirror sync messages/<user>/<folder>     the messages of one folder

A dry run reads the changes from Microsoft Graph, and the copy where a sweep is due. Its counts and its exit
code are those of the run, if nothing changes in between.

Exit codes: 0 up to date; 1 failed, throttled, or another turn holds the feed; 2 wrong usage;
3 partial: objects were set aside, removals are held, or some resources failed;
78 wrong settings, all of them named on stderr.";

/// Brings the resources up to date, one after the other; a failed one does not stop the others.
pub fn run(args: &Args) -> Exit {
    let screen = Screen::new(args.output);
    let mut settings = match start::settings(&screen, args.output) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    if args.accept_removals {
        settings.limits.accept_removals();
    }
    all(args, &App::new(settings), &screen)
}

#[tokio::main]
async fn all(args: &Args, app: &App, screen: &Screen) -> Exit {
    let mut exits = Vec::new();
    for feed in &args.feeds {
        let key = feed.key();
        if args.dry_run {
            let preview = screen.follow(app, &key, Box::pin(app.preview(feed))).await;
            exits.push(foretell(&key, preview, args.output));
            continue;
        }
        let ended = screen.follow(app, &key, Box::pin(to_the_end(app, feed))).await;
        tell(&key, &ended, args.output);
        exits.push(exit(&ended));
    }
    together(&exits)
}

/// Says what a run would do; the exit code is the one that it would have.
fn foretell(resource: &str, preview: Result<Preview, AppError>, output: Output) -> Exit {
    let preview = match preview {
        Ok(preview) => preview,
        Err(error) => return fail(Some(resource), &error, output),
    };
    match output {
        Output::Table => print(&preview),
        Output::Json => print_json(&preview),
    }
    next_step(&preview.outcome).into_iter().for_each(complain);
    exit(&Ok(preview.outcome))
}

/// Turn after turn, for as long as the budget alone ends them.
pub(super) async fn to_the_end(app: &App, feed: &Feed) -> Result<Outcome, AppError> {
    let mut outcome = app.sync(feed).await?;
    loop {
        let goes_on = outcome.goes_on();
        outcome = below(app, outcome).await?;
        if !goes_on {
            return Ok(outcome);
        }
        outcome = outcome.and(app.sync(feed).await?);
    }
}

/// Syncs the feeds below parents that a turn has named; their counts are added to its own.
async fn below(app: &App, mut outcome: Outcome) -> Result<Outcome, AppError> {
    let due = std::mem::take(&mut outcome.due);
    let turns = due.into_iter().map(|feed| async move {
        let mut turn = app.sync(&feed).await?;
        while turn.goes_on() {
            turn = turn.and(app.sync(&feed).await?);
        }
        Ok(turn)
    });
    let turns: Vec<Result<Outcome, AppError>> = stream::iter(turns).buffer_unordered(FEEDS).collect().await;
    let mut failed = None;
    for turn in turns {
        match turn {
            Ok(turn) => {
                next_step(&turn).into_iter().for_each(complain);
                outcome = outcome.with(&turn);
            }
            Err(error) => {
                complain(&error);
                failed = Some(error);
            }
        }
    }
    failed.map_or(Ok(outcome), Err)
}

/// How one resource ended, as far as an exit code tells.
pub(super) fn exit(ended: &Result<Outcome, AppError>) -> Exit {
    match ended {
        Ok(Outcome { ending: Ending::Complete, counts, .. }) if counts.set_aside == 0 => Exit::Done,
        Ok(Outcome { ending: Ending::Complete | Ending::Held { .. } | Ending::Refused { .. }, .. }) => {
            Exit::Partial
        }
        _ => Exit::Failed,
    }
}

/// Several as one.
pub(super) fn together(exits: &[Exit]) -> Exit {
    match exits {
        [first, others @ ..] if others.iter().all(|exit| exit == first) => *first,
        _ => Exit::Partial,
    }
}

/// Tells how one resource ended, and what is left to do.
pub(super) fn tell(resource: &str, ended: &Result<Outcome, AppError>, output: Output) {
    match (ended, output) {
        (Ok(outcome), Output::Table) => print(outcome),
        (Ok(outcome), Output::Json) => print_json(outcome),
        (Err(error), _) => {
            fail(Some(resource), error, output);
        }
    }
    if let Some(step) = ended.as_ref().ok().and_then(next_step) {
        complain(step);
    }
}

/// What is left to do for whoever asked.
pub(super) fn next_step(outcome: &Outcome) -> Option<String> {
    let feed = &*outcome.feed().key();
    match outcome.ending {
        Ending::Throttled { until } => {
            Some(format!("{feed}: Microsoft Graph throttles; run this again after {}", time(until)))
        }
        Ending::Busy { until } => Some(format!(
            "{feed}: another turn holds the feed, with a lease until {} that it may renew; it looks again when it is \
             done, or run this again then",
            time(until)
        )),
        Ending::Held { missing, of, reason } => Some(format!("{feed}: {}", held(feed, missing, of, reason))),
        Ending::Refused { status } => Some(format!(
            "{feed}: Microsoft Graph refuses it with status {status}; it is looked at again in a day"
        )),
        Ending::Complete | Ending::Continued => None,
    }
}

/// What holds a sweep, and what lets it go.
pub(super) fn held(feed: &str, missing: u64, of: u64, reason: Hold) -> String {
    let sentence = reason.sentence(missing, of);
    let anew = match reason {
        Hold::EnumerationHidObjects => format!("`checkpoint reset {feed}` has everything read anew, and "),
        Hold::RemovalLimit | Hold::Everything | Hold::ParentsLeft => String::new(),
    };
    format!("{sentence}; {anew}`sync {feed} --accept-removals` lets them go")
}

/// A moment, to the second.
pub(super) fn time(at: OffsetDateTime) -> String {
    at.truncate_to_second().format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_tells_all_from_some_and_none() {
        use Exit::{Done, Failed, Partial};
        for (exits, all) in [
            (&[Done, Done][..], Done),
            (&[Failed], Failed),
            (&[Failed, Failed], Failed),
            (&[Partial], Partial),
            (&[Done, Failed], Partial),
            (&[Partial, Failed], Partial),
        ] {
            assert_eq!(together(exits), all, "{exits:?}");
        }
    }
}
