//! Keeps what the pages of a list have shown, for the sweep at its end (rule 13).

use std::collections::BTreeMap;

use crate::protocol::{Checkpoint, Mode, Next, Seen, SeenPage};
use crate::report::SyncError;
use crate::store::{Control, StoreError};
use crate::sync::turn::Turn;

/// Most pages of a list that are kept.
const MOST_PAGES: u32 = 100_000;

/// What this turn knows of the list under way.
#[derive(Debug, Default)]
pub struct Shown {
    generation: u64,
    /// By page.
    pages: BTreeMap<u32, Seen>,
    /// What all pages together have shown, once the list is complete.
    all: Seen,
}

impl Shown {
    /// Whether the complete list has shown a document.
    pub fn contains(&self, document: &str) -> bool {
        self.all.contains(document)
    }
}

/// Keeps what a page has shown, unless it is the last one: then this turn sweeps too. Returns the request units.
pub async fn keep(
    turn: &Turn<'_>,
    shown: &mut Shown,
    checkpoint: &Checkpoint,
    seen: Seen,
    follows: &Next,
) -> Result<f64, SyncError> {
    if turn.mirror().resource().read_mode() != Mode::List {
        return Ok(0.0);
    }
    let (generation, page, mut charge) = (checkpoint.generation, checkpoint.seen_pages, 0.0);
    if shown.generation != generation {
        *shown = Shown { generation, ..Shown::default() };
    }
    if !follows.ends_round() {
        let document = SeenPage::new(turn.key(), generation, page, checkpoint.save + 1, &seen);
        let deadline = turn.lease().guard().await?;
        let id = document.id.clone();
        charge = match turn.control().write(&id, document, None, deadline).await {
            Ok(saved) => saved.charge,
            Err(StoreError::Overtaken) => return Err(SyncError::Overtaken),
            Err(error) => return Err(error.into()),
        };
    }
    shown.pages.insert(page, seen);
    Ok(charge)
}

/// The pages of the list under way that are kept.
pub async fn kept(control: &Control, checkpoint: &Checkpoint) -> Result<Vec<SeenPage>, SyncError> {
    Ok(control.last(&SeenPage::prefix(checkpoint.generation), MOST_PAGES).await?)
}

/// Puts together what all pages have shown; false if a part of that is lost.
pub async fn complete(
    turn: &Turn<'_>,
    shown: &mut Shown,
    checkpoint: &Checkpoint,
) -> Result<bool, SyncError> {
    let is_missing = (0..=checkpoint.seen_pages).any(|page| !shown.pages.contains_key(&page));
    if is_missing {
        for page in kept(turn.control(), checkpoint).await? {
            if let Some(seen) = page.seen() {
                shown.pages.entry(page.page).or_default().extend(&seen);
            }
        }
    }
    shown.all = Seen::default();
    for seen in shown.pages.values() {
        shown.all.extend(seen);
    }
    Ok((0..=checkpoint.seen_pages).all(|page| shown.pages.contains_key(&page)))
}
