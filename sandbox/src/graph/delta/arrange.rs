//! The order of a round: none is promised, so there is none.
//!
//! An object with many links appears several times, each time with another slice of them: on pages that follow each other,
//! and again anywhere later. Duplicates come older copy first. Source: <https://learn.microsoft.com/graph/delta-query-groups>,
//! "large groups".

use std::collections::{BTreeSet, HashSet};

use fastrand::Rng;

use super::{content::Content, terms::Terms};
use crate::graph::relationship::LinkKey;

/// One appearance of an object in a round.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::graph) struct Item {
    /// Its key.
    pub(in crate::graph) id: String,
    /// As it was before its last change; the current one follows later in the round.
    pub(super) older: bool,
    /// Which of its appearances, from 0 on.
    pub(super) slice: usize,
    /// The links that are reported with it.
    pub(super) links: Vec<LinkKey>,
}

/// Shuffles, slices and duplicates; only so many objects if there is a limit.
pub(super) fn arrange(content: Content, limit: Option<usize>, terms: Terms<'_>) -> Vec<Item> {
    let mut random = Rng::with_seed(terms.seed);
    let mut objects = content.into_objects();
    random.shuffle(&mut objects);
    objects.truncate(limit.unwrap_or(usize::MAX));
    let last = objects.len().saturating_sub(1);
    let mut items = Vec::with_capacity(objects.len());
    for (index, (id, links)) in objects.into_iter().enumerate() {
        let slices = slice(links, terms.links_per_slice.max(1), &mut random);
        if terms.quirks.duplicate_every.is_some_and(|every| index.is_multiple_of(every.max(1))) {
            let item = Item { id: id.clone(), older: true, slice: 0, links: slices[0].clone() };
            items.push(((random.usize(..=index), 0), item));
        }
        // The first half follows at once, and so comes with the next pages; the others come anywhere later.
        let follow = slices.len() / 2;
        for (slice, links) in slices.into_iter().enumerate() {
            let place = if slice <= follow { index } else { random.usize(index..=last) };
            items.push(((place, 1 + slice), Item { id: id.clone(), older: false, slice, links }));
        }
    }
    items.sort_by_key(|(place, _)| *place);
    items.into_iter().map(|(_, item)| item).collect()
}

/// Where a page ends that begins at `offset`: after so many items, and before a second slice of one object.
pub(in crate::graph) fn page_end(items: &[Item], offset: usize, page_size: usize) -> usize {
    let mut seen = HashSet::new();
    let rest = items[offset..].iter().take(page_size.max(1));
    offset + rest.take_while(|item| seen.insert(&item.id) || item.slice == 0).count()
}

/// At most so many links of each relationship per slice, in no order; one slice at least.
fn slice(links: BTreeSet<LinkKey>, most: usize, random: &mut Rng) -> Vec<Vec<LinkKey>> {
    let mut slices = vec![Vec::new()];
    let mut links: Vec<_> = links.into_iter().collect();
    if links.len() > 1 {
        random.shuffle(&mut links);
        links.sort_by_key(|(relationship, _)| *relationship);
    }
    for same in links.chunk_by(|one, other| one.0 == other.0) {
        for (index, chunk) in same.chunks(most).enumerate() {
            if index == slices.len() {
                slices.push(Vec::new());
            }
            slices[index].extend(chunk.iter().cloned());
        }
    }
    slices
}
