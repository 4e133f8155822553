//! One resource on the page: its state and what follows from it, the facts, and the last runs. Pure.

use std::time::Duration;

use maud::{Markup, html};
use time::OffsetDateTime;

use super::plot::Tone;
use super::runs;
use super::words::{count, duration, moment, number, relative, some};
use crate::app::{ResourceStatus, Subscription};
use crate::protocol::Hold;
use crate::report::{State, Status};

/// The state of a copy: its name, which is that in JSON, and what that means.
pub fn state(state: State) -> (&'static str, Tone) {
    match state {
        State::Start => ("start", Tone::Busy),
        State::Enumerating => ("enumerating", Tone::Busy),
        State::Tracking => ("tracking", Tone::Good),
        State::Throttled => ("throttled", Tone::Warn),
        State::Held => ("held", Tone::Warn),
        State::Failed => ("failed", Tone::Bad),
    }
}

/// The name of a state, marked.
pub fn mark(status: &Status) -> Markup {
    let (name, tone) = state(status.state);
    html! { span class={ "mark " (tone.class()) } { (name) } }
}

/// How old a copy is.
pub fn lag(status: &Status) -> String {
    let seconds = status.lag_seconds.and_then(|seconds| u64::try_from(seconds).ok());
    seconds.map_or_else(|| "–".into(), |seconds| duration(Duration::from_secs(seconds)))
}

/// Everything about one resource, its runs drawn in so many `places`.
pub fn section(known: &ResourceStatus, places: usize, now: OffsetDateTime) -> Markup {
    let status = &known.status;
    let resource = &*status.resource;
    html! {
        section class="resource" aria-labelledby=(resource) {
            header {
                h2 id=(resource) { (resource) }
                (mark(status))
            }
            (meaning(status, now))
            div class="sides" {
                (facts(known, now))
                (runs::runs(resource, &status.runs, places))
            }
        }
    }
}

/// What the state means, and what to do about it.
fn meaning(status: &Status, now: OffsetDateTime) -> Markup {
    let resource = &*status.resource;
    html! {
        p class="meaning" {
            @match status.state {
                State::Start => {
                    "Nothing is copied yet, or all of it is to be read anew. The timer "
                    code { "sync_" (resource) } " begins with that; "
                    code { "graph-mirror sync " (resource) } " does so now."
                }
                State::Enumerating => {
                    "The whole resource is being read: " (some(status.counts.objects(), "object")) " on "
                    (some(status.counts.pages, "page")) " so far."
                }
                State::Tracking => { "The copy is complete and follows the changes." }
                State::Throttled => {
                    "Microsoft Graph throttles"
                    @if let Some(until) = status.not_before { " until " (moment(until)) " (" (relative(until, now)) ")" }
                    ". The next timer after that carries on."
                }
                State::Held => {
                    @if let Some(held) = status.held {
                        @match held.reason {
                            Hold::RemovalLimit => {
                                (count(held.missing)) " of " (count(held.of)) " documents would be removed. That is over the "
                                "removal limit, so none of them is. "
                            }
                            Hold::Everything => {
                                "All " (count(held.missing)) " objects would be removed, so none of them is. "
                            }
                            Hold::ParentsLeft => { (held.reason.sentence(held.missing, held.of)) ". " }
                            Hold::EnumerationHidObjects => {
                                "The last enumeration did not show " (count(held.missing)) " of " (count(held.of))
                                " objects that Microsoft Graph still shows by id, so nothing that it did not show is removed. "
                                "Another enumeration may be right: " code { "graph-mirror checkpoint reset " (resource) } ". "
                            }
                        }
                    }
                    "If the tenant did lose them, " code { "graph-mirror sync " (resource) " --accept-removals" }
                    " removes them."
                }
                State::Failed => { "The last run failed. Nothing is lost: the next timer carries on where it stood." }
            }
        }
        @if let Some(error) = &status.last_error {
            p class="error" { strong { "Last error" } " " bdi { (error) } }
        }
    }
}

fn facts(known: &ResourceStatus, now: OffsetDateTime) -> Markup {
    let status = &known.status;
    let counts = status.counts;
    html! {
        table class="facts" {
            caption class="hidden" { "Facts about " (status.resource) }
            tbody {
                tr {
                    th scope="row" { "As of" }
                    td {
                        @match status.as_of {
                            Some(at) => { (moment(at)) " " span class="soft" { (relative(at, now)) } }
                            None => { "never complete so far" }
                        }
                    }
                }
                @if let Some(below) = &status.parents {
                    tr {
                        th scope="row" { "Parents" }
                        td { (below) }
                    }
                }
                tr {
                    th scope="row" { "This generation" }
                    td {
                        (count(counts.upserted)) " upserted, " (count(counts.removed)) " removed"
                        @if counts.links > 0 { ", " (some(counts.links, "link")) }
                        " " span class="soft" { (some(counts.pages, "page")) }
                    }
                }
                tr {
                    th scope="row" { "Set aside" }
                    td {
                        (count(status.set_aside))
                        @if status.set_aside > 0 {
                            " " span class="soft" { "refused by Cosmos DB; the documents say why" }
                        }
                    }
                }
                (last_run(status, now))
                tr {
                    th scope="row" { "Checkpoint" }
                    td {
                        @match status.checkpoint_age_days {
                            Some(days) => {
                                // Days with two decimals: a quarter of an hour is the least that they tell.
                                @if days == 0.0 { "used just now " } @else { "used " (age(days)) " ago " }
                                span class="soft" { "a delta token dies after 7 d" }
                            }
                            None => { "none" }
                        }
                    }
                }
                (subscription(known.subscription.as_ref(), now))
            }
        }
    }
}

fn age(days: f64) -> String {
    duration(Duration::try_from_secs_f64((days * 86_400.0).round()).unwrap_or_default())
}

fn last_run(status: &Status, now: OffsetDateTime) -> Markup {
    html! {
        tr {
            th scope="row" { "Last run" }
            td {
                @match &status.last_run {
                    Some(run) => {
                        (runs::outcome(&run.ended).0) ", " (relative(run.at, now)) " "
                        span class="soft" {
                            (some(run.counts.objects(), "object")) ", " (number(run.cost.request_charge)) " RU, "
                            (duration(Duration::try_from_secs_f64(run.cost.seconds).unwrap_or_default()))
                        }
                    }
                    None => { "none" }
                }
            }
        }
    }
}

fn subscription(known: Option<&Subscription>, now: OffsetDateTime) -> Markup {
    html! {
        tr {
            th scope="row" { "Subscription" }
            td {
                @match known {
                    None => { "off " span class="soft" { code { "NOTIFICATION_SECRET" } " is not set" } }
                    Some(one) => {
                        @match one.expires {
                            Some(expires) if one.alive => {
                                "until " (moment(expires)) " " span class="soft" { (relative(expires, now)) }
                            }
                            _ => {
                                span class="mark warn" { "none" } " "
                                span class="soft" { "changes arrive with the timer only" }
                            }
                        }
                        @if let Some(problem) = &one.problem { p class="error" { bdi { (problem) } } }
                    }
                }
            }
        }
    }
}
