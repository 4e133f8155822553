//! What a round has to tell: objects in the order in which they were first met, each with links, once.

use std::collections::{BTreeSet, HashMap};

use crate::graph::relationship::LinkKey;

/// Objects and the links that are told with them.
#[derive(Debug, Default)]
pub(super) struct Told {
    objects: Vec<(String, BTreeSet<LinkKey>)>,
    places: HashMap<String, usize>,
}

impl Told {
    /// Tells an object, and these links of it.
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
