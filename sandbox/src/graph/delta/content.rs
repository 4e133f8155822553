//! The content of a round: each object once, in the order of its first change, with its links.

use std::collections::{BTreeSet, HashMap};

use crate::graph::relationship::LinkKey;

/// Objects, each with the links that the round reports.
#[derive(Debug, Default)]
pub(super) struct Content {
    objects: Vec<(String, BTreeSet<LinkKey>)>,
    places: HashMap<String, usize>,
}

impl Content {
    /// Adds an object, and these links of it.
    pub(super) fn add(&mut self, id: &str, links: impl IntoIterator<Item = LinkKey>) {
        let place = *self.places.entry(id.to_owned()).or_insert(self.objects.len());
        if place == self.objects.len() {
            self.objects.push((id.to_owned(), BTreeSet::new()));
        }
        self.objects[place].1.extend(links);
    }

    pub(super) fn into_objects(self) -> Vec<(String, BTreeSet<LinkKey>)> {
        self.objects
    }
}
