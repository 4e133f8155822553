//! The result of the demo: chapters, figures, and the exit code.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use crate::copy::Difference;
use crate::world::World;

/// Differences that are named; more are only counted.
const NAMED: usize = 10;

/// The whole story.
#[derive(Debug, Default)]
pub struct Report {
    /// In order.
    pub chapters: Vec<Chapter>,
    figures: Value,
}

/// One chapter.
#[derive(Debug)]
pub struct Chapter {
    /// Its subject.
    pub title: &'static str,
    /// The last sentence of the handler, or the error.
    pub sentence: String,
    /// The first differences between copy and tenant at its end, named.
    pub differences: Vec<String>,
    /// It went as it should.
    pub good: bool,
    /// How long it took.
    pub took: Duration,
}

impl Chapter {
    /// A chapter that ended so and left `differences`.
    pub fn new(
        title: &'static str,
        ended: Result<String>,
        differences: &[Difference],
        took: Duration,
    ) -> Self {
        let good = ended.is_ok() && differences.is_empty();
        let sentence = ended.unwrap_or_else(|error| format!("{error:#}"));
        let mut named: Vec<_> = differences.iter().take(NAMED).map(ToString::to_string).collect();
        if differences.len() > NAMED {
            named.push(format!("and {} more", differences.len() - NAMED));
        }
        Self { title, sentence, differences: named, good, took }
    }
}

impl Report {
    /// Everything went as it should.
    pub fn is_good(&self) -> bool {
        self.chapters.iter().all(|chapter| chapter.good)
    }

    /// The story in one sentence.
    pub fn verdict(&self) -> &'static str {
        if self.is_good() { "The copy equals the tenant." } else { "The copy differs from the tenant." }
    }

    /// Adds the closing figures.
    ///
    /// # Errors
    /// When the handler cannot be asked.
    pub async fn finish(&mut self, world: &World, took: Duration) -> Result<()> {
        let documents = world.cosmos.documents("users").await;
        let living = documents.iter().filter(|document| document["_mirror"]["removed"].is_null()).count();
        let tenant = world.graph.tenant(|tenant| tenant.collection("users").living().count());
        let differing = world.differences().await;
        let users = differing.iter().filter(|difference| difference.resource == "users");
        let mut ids: Vec<_> = users.map(Difference::id).collect();
        ids.dedup();
        let usage = world.host.process().usage();
        self.figures = json!({
            "users": {
                "tenant": tenant,
                "copied": living,
                "equal": living.saturating_sub(ids.len()),
                "tombstones": documents.len() - living,
            },
            "seconds": rounded(took.as_secs_f64()),
            "handler": {
                "peakRssMiB": rounded(usage.peak_rss_mib),
                "cpuSeconds": rounded(usage.cpu_seconds),
                "startMs": rounded(world.host.process().start_ms()),
            },
        });
        Ok(())
    }

    /// The summary, as one JSON object.
    pub fn json(&self) -> Value {
        let mut summary = self.figures.clone();
        summary["ok"] = self.is_good().into();
        summary["chapters"] = self.chapters.iter().map(Chapter::json).collect();
        summary
    }

    /// The closing table.
    pub fn table(&self) -> String {
        let figure =
            |pointer: &str| self.figures.pointer(pointer).map_or_else(|| "?".into(), ToString::to_string);
        let rows = [
            ("users in the tenant", figure("/users/tenant")),
            ("users in the copy", figure("/users/copied")),
            ("equal to the letter", figure("/users/equal")),
            ("tombstones", figure("/users/tombstones")),
            ("handler: listening after", format!("{} ms", figure("/handler/startMs"))),
            ("handler: peak memory", format!("{} MiB", figure("/handler/peakRssMiB"))),
            ("handler: processor time", format!("{} s", figure("/handler/cpuSeconds"))),
            ("all in all", format!("{} s", figure("/seconds"))),
        ];
        rows.map(|(name, value)| format!("  {name:<26} {value:>12}")).join("\n")
    }
}

impl Chapter {
    fn json(&self) -> Value {
        json!({
            "title": self.title,
            "ok": self.good,
            "sentence": self.sentence,
            "differences": self.differences,
            "seconds": rounded(self.took.as_secs_f64()),
        })
    }
}

fn rounded(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
