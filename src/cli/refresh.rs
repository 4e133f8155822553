//! `refresh <resource> <id>…`: single objects, read by their ids, as the function `refresh` does it.

use super::named::NamedFeed;
use super::output::{Exit, Output, complain, fail, print, print_json};
use super::{start, sync};
use crate::app::{App, AppError, Feed};
use crate::sync::Refreshed;

/// Ids of one turn.
const AT_A_TIME: usize = 20;

/// What `refresh` is told.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The resource, with the ids of its parents if it has some: `messages/<user>/<folder>`.
    #[arg(value_name = "RESOURCE", value_parser = NamedFeed, hide_possible_values = true)]
    feed: Feed,
    /// Ids of its objects.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    /// How the outcome is written on stdout: one for every twenty ids.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

const EXAMPLES: &str = "Examples:
  graph-mirror refresh users 6ea91a8d-e32e-41a1-b7bd-d2d185eed0e0
  graph-mirror refresh groups <id> <id> --output json
  graph-mirror refresh messages/<user>/<folder> <id>

Links (members, owners, managers) come with `sync` only.

Exit codes: 0 all of them are up to date; 1 failed, throttled, another turn holds the feed, or there is
no such object; 2 wrong usage; 3 partial: some do not exist or were set aside; 78 wrong settings.";

/// Brings the objects up to date.
pub fn run(args: &Args) -> Exit {
    start::with_app(args.output, |app| all(args, app))
}

#[tokio::main]
async fn all(args: &Args, app: &App) -> Exit {
    let mut exits = Vec::new();
    for ids in args.ids.chunks(AT_A_TIME) {
        let ended = look(app, &args.feed, ids).await;
        exits.push(tell(&args.feed.key(), ended, args.output));
    }
    sync::together(&exits)
}

/// Whoever requested a rerun meanwhile wants a sync, and there is no queue here to ask for it.
async fn look(app: &App, feed: &Feed, ids: &[String]) -> Result<Refreshed, AppError> {
    let Refreshed { mut outcome, not_found } = app.refresh(feed, ids).await?;
    if outcome.goes_on() {
        outcome = outcome.and(sync::to_the_end(app, feed).await?);
    }
    Ok(Refreshed { outcome, not_found })
}

fn tell(resource: &str, ended: Result<Refreshed, AppError>, output: Output) -> Exit {
    if let Err(error @ AppError::BadIds(_)) = &ended {
        complain(error);
        return Exit::Usage;
    }
    let refreshed = match ended {
        Ok(refreshed) => refreshed,
        Err(error) => return fail(Some(resource), &error, output),
    };
    match output {
        Output::Table => print(&refreshed.outcome),
        Output::Json => print_json(&refreshed),
    }
    sync::next_step(&refreshed.outcome).into_iter().for_each(complain);
    for id in &refreshed.not_found {
        complain(format_args!("{resource}: there is no object with the id {id}"));
    }
    let is_any = refreshed.outcome.counts.objects() > 0;
    match (sync::exit(&Ok(refreshed.outcome)), refreshed.not_found.is_empty()) {
        (Exit::Done, false) if is_any => Exit::Partial,
        (Exit::Done, false) => Exit::Failed,
        (exit, _) => exit,
    }
}
