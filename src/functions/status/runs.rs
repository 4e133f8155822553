//! The last runs of a resource: drawn, and in numbers. Pure.

use std::time::Duration;

use super::plot::{self, Bar, Cell, Tone};
use super::words::{clock, count, duration, moment, number, some};
use crate::protocol::Ending;
use crate::report::{Ended, Run};
use maud::{Markup, html};

/// A run, as it is shown.
struct Shown<'a> {
    run: &'a Run,
    outcome: &'static str,
    tone: Tone,
    /// How old the copy was when the run ended, where that is known.
    lag: Option<Duration>,
}

/// What is drawn of each run.
struct Measure {
    name: &'static str,
    of: fn(&Shown) -> Option<f64>,
    say: fn(f64) -> String,
}

const MEASURES: [Measure; 4] = [
    Measure { name: "Objects", of: |one| Some(one.run.counts.objects() as f64), say: number },
    Measure { name: "Request units", of: |one| Some(one.run.cost.request_charge), say: number },
    Measure { name: "Time", of: |one| Some(one.run.cost.seconds), say: said },
    Measure { name: "Lag", of: |one| one.lag.map(|lag| lag.as_secs_f64()), say: said },
];

/// The last runs of `resource`, the newest first in `runs`, of which so many have their `places` in the plots.
pub fn runs(resource: &str, runs: &[Run], places: usize) -> Markup {
    let shown = shown(runs);
    let (Some(first), Some(last)) = (shown.first(), shown.last()) else {
        return html! { p class="none" { "No run has ended in the last 30 days." } };
    };
    let cells: Vec<_> = shown.iter().map(cell).collect();
    html! {
        div class="runs" {
            p class="caption" {
                span { "Last " (some(shown.len() as u64, "run")) }
                span { (clock(first.run.at)) "–" (clock(last.run.at)) }
            }
            (plot::strip(&format!("How the last runs of {resource} ended"), &cells, places))
            div class="plots" {
                @for measure in &MEASURES { (figure(resource, measure, &shown, places)) }
            }
        }
        details {
            summary { "These runs in numbers" }
            (numbers(resource, &shown))
        }
    }
}

/// The oldest first. A run that failed before it knew how old the copy is leaves that as it was.
fn shown(runs: &[Run]) -> Vec<Shown<'_>> {
    let mut as_of = None;
    let show = |run: &'_ Run| {
        let (outcome, tone) = outcome(&run.ended);
        as_of = run.as_of.or(as_of);
        let lag = as_of.map(|then| Duration::try_from(run.at - then).unwrap_or_default());
        (outcome, tone, lag)
    };
    let shown: Vec<_> = runs.iter().rev().map(show).collect();
    let runs = runs.iter().rev().zip(shown);
    runs.map(|(run, (outcome, tone, lag))| Shown { run, outcome, tone, lag }).collect()
}

/// How a run ended: its name, which is that in JSON, and what that means.
pub fn outcome(ended: &Ended) -> (&'static str, Tone) {
    match ended {
        Ended::Failed(_) => ("failed", Tone::Bad),
        Ended::Unclean(_) => ("unclean", Tone::Bad),
        Ended::Well(ending) => {
            let tone = match ending {
                Ending::Complete => Tone::Good,
                Ending::Continued | Ending::Busy { .. } => Tone::Busy,
                Ending::Throttled { .. } | Ending::Held { .. } | Ending::Refused { .. } => Tone::Warn,
            };
            (ending.name(), tone)
        }
    }
}

fn cell(one: &Shown) -> Cell {
    let (counts, cost) = (one.run.counts, one.run.cost);
    let title = format!(
        "{} {}: {}, {} RU, {}",
        clock(one.run.at),
        one.outcome,
        some(counts.objects(), "object"),
        number(cost.request_charge),
        said(cost.seconds),
    );
    Cell { tone: one.tone, title }
}

fn figure(resource: &str, measure: &Measure, shown: &[Shown], places: usize) -> Markup {
    let bars: Vec<_> = shown.iter().map(|one| Bar { tone: one.tone, value: (measure.of)(one) }).collect();
    let said = |value: Option<f64>| value.map_or_else(|| "unknown".into(), measure.say);
    let last = said(bars.last().and_then(|bar| bar.value));
    let most = said(bars.iter().filter_map(|bar| bar.value).reduce(f64::max));
    let title = format!("{} of the last runs of {resource}: last {last}, most {most}", measure.name);
    html! {
        figure {
            figcaption {
                span class="name" { (measure.name) }
                span class="last" { (last) }
                span class="most" { "most " (most) }
            }
            (plot::bars(&title, &bars, places))
        }
    }
}

fn numbers(resource: &str, shown: &[Shown]) -> Markup {
    let label = format!("The last runs of {resource}");
    html! {
        div class="scroll" role="region" aria-label=(label) tabindex="0" {
            table {
                caption class="hidden" { (label) }
                thead {
                    tr {
                        th scope="col" { "Ended" }
                        th scope="col" { "Outcome" }
                        th scope="col" class="number" { "Objects" }
                        th scope="col" class="number" { "Links" }
                        th scope="col" class="number" { "Request units" }
                        th scope="col" class="number" { "Time" }
                        th scope="col" class="number" { "Lag" }
                    }
                }
                tbody {
                    @for one in shown.iter().rev() {
                        tr {
                            th scope="row" { (moment(one.run.at)) }
                            td { span class={ "mark " (one.tone.class()) } { (one.outcome) } }
                            td class="number" { (count(one.run.counts.objects())) }
                            td class="number" { (count(one.run.counts.links)) }
                            td class="number" { (number(one.run.cost.request_charge)) }
                            td class="number" { (said(one.run.cost.seconds)) }
                            td class="number" { (one.lag.map_or_else(|| "–".into(), duration)) }
                        }
                    }
                }
            }
        }
    }
}

fn said(seconds: f64) -> String {
    duration(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use crate::protocol::Counts;
    use crate::report::{Cost, Failed};

    fn run(minute: i64, ended: Ended, as_of: Option<i64>) -> Run {
        let at = |minute| OffsetDateTime::from_unix_timestamp(1_800_000_000 + minute * 60).unwrap();
        let cost = Cost { request_charge: 23.3, seconds: 1.2 };
        Run { at: at(minute), ended, counts: Counts::default(), cost, as_of: as_of.map(at) }
    }

    #[test]
    fn the_lag_grows_with_every_run_that_fails() {
        let failed = || Ended::Failed(Failed { error: "no token".into() });
        let all =
            [run(10, failed(), None), run(5, failed(), None), run(0, Ended::Well(Ending::Complete), Some(0))];
        let lags: Vec<_> = shown(&all).iter().map(|one| one.lag.map(|lag| lag.as_secs())).collect();
        assert_eq!(lags, [Some(0), Some(300), Some(600)]);
        let page = runs("users", &all, 30).into_string();
        assert!(page.contains("Lag of the last runs of users: last 10 min, most 10 min"), "{page}");
        assert!(page.contains("Last 3 runs") && page.contains("08:00–08:10"), "{page}");
    }

    #[test]
    fn runs_of_which_little_is_known_are_shown_too() {
        let page = runs("users", &[run(0, Ended::Well(Ending::Continued), None)], 30);
        assert!(page.into_string().contains("Lag of the last runs of users: last unknown, most unknown"));
        assert!(runs("users", &[], 30).into_string().contains("No run"));
    }
}
