//! The report: what was seen of each assumption, for a person, a program or an issue; pure.
//!
//! Promises: it has the version, the cloud and the kinds of credentials, and no name, id, address or token.

use std::fmt::Write as _;

use serde::Serialize;

use super::ledger::{Outcome, Proof};
use crate::settings::Settings;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum End {
    /// Everything was asked.
    Complete,
    /// A person stopped it.
    Stopped,
    /// The time was over.
    OutOfTime,
}

/// What became of the items of its own in `mirror`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Items {
    /// There were none.
    None,
    /// All are deleted.
    Removed,
    /// Some could not be deleted, or that is not known: they expire within ten minutes.
    Expiring,
}

/// Who asked, without saying who.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct About {
    version: &'static str,
    system: String,
    cloud: &'static str,
    credential: &'static str,
    cosmos_credential: &'static str,
}

/// What a run has shown.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    #[serde(flatten)]
    about: About,
    /// How it ended.
    pub end: End,
    /// What became of its own items.
    pub items: Items,
    confirmed: usize,
    refuted: usize,
    not_testable: usize,
    /// Each assumption once, in the order of the page.
    pub proofs: Vec<Proof>,
}

impl About {
    pub fn of(settings: &Settings) -> Self {
        let credential = settings.identity.graph.name();
        let cosmos_credential = match (&settings.cosmos.key, &settings.identity.cosmos) {
            (Some(_), _) => "account key",
            (None, Some(other)) => other.name(),
            (None, None) => credential,
        };
        let system = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
        Self {
            version: env!("CARGO_PKG_VERSION"),
            system,
            cloud: settings.cloud,
            credential,
            cosmos_credential,
        }
    }
}

impl Report {
    pub(super) fn new(about: About, end: End, items: Items, proofs: Vec<Proof>) -> Self {
        let count = |outcome| proofs.iter().filter(|proof| proof.result == outcome).count();
        let [confirmed, refuted, not_testable] =
            [Outcome::Confirmed, Outcome::Refuted, Outcome::NotTestable].map(count);
        Self { about, end, items, confirmed, refuted, not_testable, proofs }
    }

    /// How many assumptions are refuted.
    pub fn refuted(&self) -> usize {
        self.refuted
    }

    /// One sentence.
    pub fn summary(&self) -> String {
        let Self { confirmed, refuted, not_testable, .. } = self;
        let end = match self.end {
            End::Complete => "",
            End::Stopped => "; stopped before the end",
            End::OutOfTime => "; the time was over before the end",
        };
        let items = match self.items {
            Items::None | Items::Removed => "",
            Items::Expiring => {
                "; some items of its own may be left in `mirror`, and expire within ten minutes"
            }
        };
        format!("{confirmed} confirmed, {refuted} refuted, {not_testable} not testable{end}{items}")
    }

    /// The report for an issue.
    pub fn markdown(&self) -> String {
        let About { version, system, cloud, credential, cosmos_credential } = &self.about;
        let mut text = format!(
            "# Assumptions of graph-mirror\n\n- version {version}, {system}\n- cloud {cloud}\n- credential {credential}, \
             for Cosmos DB {cosmos_credential}\n- {}\n\n| id | result | what was seen |\n|---|---|---|\n",
            self.summary()
        );
        for Proof { id, result, what } in &self.proofs {
            // A String takes everything.
            let _ = writeln!(text, "| {id} | {} | {} |", result.name(), what.replace('|', "\\|"));
        }
        text
    }
}
