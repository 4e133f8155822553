//! `status`: what is mirrored, as of when, in which state; as the function `status` tells it.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::named::NamedFeed;
use super::output::{Exit, Output, complain, fail, print_json, print_table};
use super::start;
use crate::app::{App, Feed, ResourceStatus};
use crate::report::{State, Status};

/// What `status` is told.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// One resource only; with the ids of its parents, what lies below these.
    #[arg(value_name = "RESOURCE", value_parser = NamedFeed, hide_possible_values = true)]
    feed: Option<Feed>,
    /// How the status of each resource is written on stdout.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

const EXAMPLES: &str = "Examples:
  graph-mirror status                       one line per resource
  graph-mirror status users --output json   all that is known, as one JSON object

States: start, enumerating, tracking, throttled, held, failed.

Exit codes: 0 nothing is wrong; 1 it cannot be told; 2 wrong usage; 3 some resource is held by the
removal limit or failed last time; 78 wrong settings.";

/// Tells the status.
pub fn run(args: &Args) -> Exit {
    start::with_app(args.output, |app| all(args, app))
}

#[tokio::main]
async fn all(args: &Args, app: &App) -> Exit {
    let all = match app.status(args.feed.as_ref(), 1).await {
        Ok(all) => all,
        Err(error) => return fail(args.feed.as_ref().map(Feed::key).as_deref(), &error, args.output),
    };
    match args.output {
        Output::Json => all.iter().for_each(print_json),
        Output::Table => print_table(
            ["RESOURCE", "STATE", "AS OF", "LAG", "UPSERTED", "REMOVED", "SET ASIDE", "LINKS"],
            all.iter().map(|known| line(&known.status)),
        ),
    }
    all.iter().flat_map(remarks).for_each(complain);
    let is_wrong = |known: &ResourceStatus| matches!(known.status.state, State::Held | State::Failed);
    if all.iter().any(is_wrong) { Exit::Partial } else { Exit::Done }
}

fn line(status: &Status) -> [String; 8] {
    let counts = status.counts;
    [
        Feed { resource: status.resource.clone(), parent: status.parent.clone() }.key(),
        format!("{:?}", status.state).to_lowercase(),
        status.as_of.map_or_else(|| "never".into(), time),
        status.lag_seconds.map_or_else(|| "-".into(), |seconds| format!("{seconds} s")),
        counts.upserted.to_string(),
        counts.removed.to_string(),
        status.set_aside.to_string(),
        counts.links.to_string(),
    ]
}

/// What somebody should know about it, and about its subscription.
fn remarks(known: &ResourceStatus) -> impl Iterator<Item = String> {
    let dead = known.subscription.as_ref().filter(|one| one.problem.is_some() || !one.alive).map(|one| {
        let why = one.problem.as_deref().unwrap_or("there is none yet");
        format!("{}: changes are told late, by the timer only: no subscription: {why}", known.status.resource)
    });
    let withheld = known.subscription.as_ref().and_then(|one| one.notifications.as_ref());
    let withheld = withheld.map(|all| all.tallied.withheld).filter(|withheld| *withheld > 0).map(|withheld| {
        format!("{withheld} notifications came without Content-Length, and the host withheld them: the timers look instead")
    });
    remark(&known.status).into_iter().chain(dead).chain(withheld)
}

/// What somebody should know about the copy.
fn remark(status: &Status) -> Option<String> {
    let resource = &*status.resource;
    if let Some(error) = &status.last_error {
        return Some(format!("{resource}: the last turn failed: {error}"));
    }
    if let Some(until) = status.not_before {
        return Some(format!("{resource}: Microsoft Graph throttles until {}", time(until)));
    }
    if let Some(below) = status.parents.as_ref().filter(|below| below.refused > 0) {
        return Some(format!("{resource}: {below}"));
    }
    status.held.map(|held| {
        format!("{resource}: {}", super::sync::held(resource, held.missing, held.of, held.reason))
    })
}

fn time(at: OffsetDateTime) -> String {
    at.truncate_to_second().format(&Rfc3339).unwrap_or_default()
}
