//! How far a long command is, on stderr: a bar on a terminal, elsewhere a line now and then, and nothing
//! next to JSON or with `--quiet`. Polls numbers that the mirror counts; the work does not know that anybody looks.

use std::fmt::Display;
use std::future::Future;
use std::io::{self, IsTerminal as _, Write};
use std::pin::pin;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::{MissedTickBehavior, interval};

use super::output::{Output, complain};
use crate::app::App;
use crate::mirror::{Seen, Stage};
use crate::telemetry;

/// How often a bar is drawn.
const DRAWN: Duration = Duration::from_millis(200);
/// How often a line is written where there is no bar.
const WRITTEN: Duration = Duration::from_secs(10);

/// What is known of the terminal, if it is one. Clones are the same screen.
#[derive(Debug, Clone)]
pub struct Screen {
    bars: MultiProgress,
    lines: bool,
}

/// Writes above a bar, which is drawn anew below.
pub struct Above(MultiProgress);

impl Screen {
    /// The screen of a command whose data is written so.
    pub fn new(output: Output) -> Self {
        let is_terminal = io::stderr().is_terminal();
        let is_quiet = telemetry::is_quiet();
        let target = if is_terminal && !is_quiet {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let lines = !is_terminal && !is_quiet && output == Output::Table;
        Self { bars: MultiProgress::with_draw_target(target), lines }
    }

    /// Where the log goes.
    pub fn above(&self) -> impl Fn() -> Above + Send + Sync + 'static {
        let bars = self.bars.clone();
        move || Above(bars.clone())
    }

    /// One line for the person at the terminal, above the bar.
    pub fn say(&self, line: impl Display) {
        self.bars.suspend(|| complain(line));
    }

    /// Shows how far the work on a feed is, until it has ended.
    pub async fn follow<T>(&self, app: &App, feed: &str, work: impl Future<Output = T>) -> T {
        let progress = app.progress();
        progress.begin(Stage::Reading, None);
        let bar = self.bars.add(ProgressBar::no_length().with_prefix(feed.to_owned()));
        let (started, mut stage) = (Instant::now(), None);
        let mut ticks = interval(if self.lines { WRITTEN } else { DRAWN });
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first one is at once, when there is nothing to tell.
        ticks.tick().await;
        let mut work = pin!(work);
        loop {
            tokio::select! {
                ended = &mut work => {
                    bar.finish_and_clear();
                    self.bars.remove(&bar);
                    return ended;
                }
                _ = ticks.tick() => {
                    let seen = progress.seen();
                    if self.lines {
                        complain(format_args!("{feed}: {} after {} s", sentence(seen), started.elapsed().as_secs()));
                    } else {
                        draw(&bar, seen, &mut stage);
                    }
                }
            }
        }
    }
}

/// Draws the bar; another stage begins anew, with its own rate and time left.
fn draw(bar: &ProgressBar, seen: Seen, stage: &mut Option<(Stage, Option<u64>)>) {
    if stage.replace((seen.stage, seen.expected)) != Some((seen.stage, seen.expected)) {
        let style = match seen.expected {
            Some(_) => "  {prefix}: {msg} {bar:32} {percent} %, {eta} left",
            None => "  {prefix}: {msg}",
        };
        bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.reset();
        if let Some(expected) = seen.expected {
            bar.set_length(expected);
        }
    }
    bar.set_position(seen.objects + seen.links);
    bar.set_message(format!("{}, {:.0} per second", sentence(seen), bar.per_sec()));
}

fn sentence(seen: Seen) -> String {
    let Seen { objects, links, .. } = seen;
    match seen.stage {
        Stage::Reading => format!("{objects} objects and {links} links read"),
        Stage::Comparing => format!("{objects} objects and {links} links compared"),
        Stage::Looking => format!("{objects} looked at again"),
    }
}

impl Write for Above {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_that_is_known_in_whole_tells_how_much_is_left() {
        let bar = ProgressBar::hidden();
        let mut stage = None;
        let seen = Seen { stage: Stage::Reading, objects: 20, links: 3, expected: None };
        draw(&bar, seen, &mut stage);
        let message = bar.message();
        assert_eq!((bar.position(), message.starts_with("20 objects and 3 links read, ")), (23, true));
        draw(&bar, Seen { stage: Stage::Comparing, objects: 5, links: 0, expected: Some(23) }, &mut stage);
        assert_eq!((bar.position(), bar.length()), (5, Some(23)));
    }
}
