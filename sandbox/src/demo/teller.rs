//! Telling the story on a terminal, or keeping quiet for `--json`.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::report::Chapter;
use crate::world::World;

/// Prints the story to stderr, so that stdout has nothing but the summary.
#[derive(Debug, Clone, Copy)]
pub struct Teller {
    quiet: bool,
}

/// A bar that follows the copy until it is finished.
pub struct Copying {
    bar: ProgressBar,
    follow: tokio::task::JoinHandle<()>,
}

impl Teller {
    /// `quiet` tells nothing.
    pub fn new(quiet: bool) -> Self {
        Self { quiet }
    }

    /// One sentence.
    pub fn say(&self, sentence: &str) {
        if !self.quiet {
            eprintln!("· {sentence}");
        }
    }

    /// A chapter that has ended.
    pub fn chapter(&self, chapter: &Chapter) {
        if self.quiet {
            return;
        }
        let mark = if chapter.good { '✓' } else { '✗' };
        eprintln!("{mark} {} ({:.1} s)", chapter.title, chapter.took.as_secs_f64());
        eprintln!("    {}", chapter.sentence);
        for difference in &chapter.differences {
            eprintln!("    ≠ {difference}");
        }
    }

    /// A progress bar over the documents that reach the copy; it shows on a terminal only.
    pub fn copying(&self, world: &World, users: usize) -> Copying {
        let bar = ProgressBar::new(users as u64);
        if self.quiet {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let style = "  copying {bar:32} {pos}/{len} users, {per_sec}, {eta} left";
        bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
        let follow = tokio::spawn({
            let (bar, world) = (bar.clone(), world.clone());
            async move {
                loop {
                    bar.set_position(world.document_writes().len() as u64);
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        });
        Copying { bar, follow }
    }
}

impl Copying {
    /// The copy is done.
    pub fn finish(self) {
        self.follow.abort();
        self.bar.finish_and_clear();
    }
}
