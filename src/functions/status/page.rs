//! The status page: one HTML document for people, from the same values that JSON tells programs. Pure.
//!
//! Promises: no script, nothing fetched from elsewhere, and a policy that forbids both; every value is escaped, since
//! errors quote what others sent; no link of the page has the query of its address, where the function key may be.
//! Leaves out links between pages for that reason: without the key they would be refused.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use super::plot::Tone;
use super::section::{lag, mark, section, state};
use super::words::{count, moment, relative};
use crate::app::ResourceStatus;
use crate::report::Status;

const STYLE: &str = include_str!("style.css");

/// What the address says that the page is at.
#[derive(Debug, Clone, Copy)]
pub struct Address<'a> {
    /// A function key is in it.
    pub has_key: bool,
    /// The resource that was asked for; none for all of them.
    pub resource: Option<&'a str>,
}

/// What a browser may do with the page: show it, with this one style sheet
/// (<https://www.w3.org/TR/CSP3/#framework-directive-source-list>).
pub fn policy() -> String {
    let style = BASE64_STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

/// The page about these resources, with their last runs drawn.
pub fn render(all: &[ResourceStatus], address: Address, now: OffsetDateTime) -> String {
    let summary = summary(all);
    let title = format!("{} · {summary}", address.resource.unwrap_or("graph-mirror"));
    let places = usize::try_from(super::RUNS).unwrap_or_default();
    let body = html! {
        header class="top" {
            h1 { "graph-mirror" }
            p class="lead" { (summary) }
            p class="soft" { (moment(now)) " UTC, as are all times here. The page reloads every minute." }
        }
        main {
            @if address.has_key { (secret()) }
            @if all.is_empty() {
                p { "No resource is mirrored: there is no folder " code { "sync_<resource>" } " beside this function." }
            }
            @if all.len() > 1 { (overview(all, now)) }
            @for known in all { (section(known, places, now)) }
            (notifications(all, now))
        }
        footer {
            p class="soft" {
                "Programs get the same as JSON, which is what this address answers unless " code { "text/html" }
                " is asked for."
            }
        }
    };
    document(&title, true, &body)
}

/// A page about what went wrong.
pub fn problem(title: &str, detail: &str) -> String {
    let body = html! {
        header class="top" { h1 { "graph-mirror" } p class="lead" { (title) } }
        main { p class="error" { bdi { (detail) } } }
    };
    document(&format!("graph-mirror · {title}"), false, &body)
}

fn document(title: &str, reloads: bool, body: &Markup) -> String {
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                @if reloads { meta http-equiv="refresh" content="60"; }
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    };
    document.into_string()
}

/// How many copies are in which state, the worst first.
fn summary(all: &[ResourceStatus]) -> String {
    let mut states: Vec<(Tone, &str, usize)> = Vec::new();
    for (name, tone) in all.iter().map(|known| state(known.status.state)) {
        match states.iter_mut().find(|(_, other, _)| *other == name) {
            Some((.., number)) => *number += 1,
            None => states.push((tone, name, 1)),
        }
    }
    states.sort_by_key(|(tone, ..)| std::cmp::Reverse(*tone));
    let states: Vec<_> = states.iter().map(|(_, name, number)| format!("{number} {name}")).collect();
    match all.len() {
        0 => "no resource".into(),
        1 => format!("1 resource: {}", states.join(", ")),
        number => format!("{number} resources: {}", states.join(", ")),
    }
}

/// What the key in the address is.
fn secret() -> Markup {
    html! {
        aside class="secret" aria-label="About the key in the address" {
            p {
                strong { "The address of this page is a secret." } " The " code { "code" } " in it is a function key: "
                "with it, anybody can read this page and start refreshes. Do not share the address or a screenshot of "
                "it, and mind the history of the browser. Better let people sign in with "
                a href="https://learn.microsoft.com/azure/app-service/overview-authentication-authorization" rel="noreferrer" {
                    "App Service authentication"
                }
                " (Easy Auth), and programs send the key in the header " code { "x-functions-key" } "."
            }
        }
    }
}

fn overview(all: &[ResourceStatus], now: OffsetDateTime) -> Markup {
    let last =
        |status: &Status| status.last_run.as_ref().map_or_else(|| "–".into(), |run| relative(run.at, now));
    html! {
        section class="overview" aria-labelledby="overview" {
            h2 id="overview" class="hidden" { "Overview" }
            table {
                caption class="hidden" { "All resources" }
                thead {
                    tr {
                        th scope="col" { "Resource" }
                        th scope="col" { "State" }
                        th scope="col" class="number" { "Lag" }
                        th scope="col" class="number wide" { "Upserted" }
                        th scope="col" class="number wide" { "Removed" }
                        th scope="col" class="number wide" { "Set aside" }
                        th scope="col" class="number wide" { "Last run" }
                    }
                }
                tbody {
                    @for status in all.iter().map(|known| &known.status) {
                        tr {
                            th scope="row" { (status.resource) }
                            td { (mark(status)) }
                            td class="number" { (lag(status)) }
                            td class="number wide" { (count(status.counts.upserted)) }
                            td class="number wide" { (count(status.counts.removed)) }
                            td class="number wide" { (count(status.set_aside)) }
                            td class="number wide" { (last(status)) }
                        }
                    }
                }
            }
        }
    }
}

/// What became of the notifications of all resources together, where they are on.
fn notifications(all: &[ResourceStatus], now: OffsetDateTime) -> Markup {
    let told = all.iter().find_map(|known| known.subscription.as_ref()?.notifications.as_ref());
    let Some(told) = told else { return Markup::default() };
    let numbers = told.tallied;
    let rows = [
        ("Deliveries that requested a run", numbers.genuine),
        ("Notifications with the client state of somebody else", numbers.foreign),
        ("Items that are no notifications", numbers.odd),
        ("Bodies that were refused", numbers.refused),
        ("Bodies that the host withheld, as they had no length", numbers.withheld),
    ];
    html! {
        section class="notifications" aria-labelledby="notifications" {
            header { h2 id="notifications" { "Notifications" } span class="soft" { "counted since " (moment(told.since)) ", " (relative(told.since, now)) } }
            table class="facts" {
                caption class="hidden" { "Notifications of all resources" }
                tbody {
                    @for (name, number) in rows {
                        tr { th scope="row" { (name) } td class="number" { (count(number)) } }
                    }
                }
            }
        }
    }
}
