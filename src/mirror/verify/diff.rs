//! What differs between Graph's side and the copy's, as far as hashes tell. Pure.
//!
//! Of Graph's side an id and a hash are kept for each object, and for each link a hash and its source: a
//! page may tell the same link twice, and a later one may take it back. The copy is not kept at all: each of
//! its documents is held against Graph's side as it comes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use super::report::Difference;

/// What Graph's feed told in one enumeration.
#[derive(Debug, Default)]
pub struct Told {
    objects: HashMap<String, u64>,
    /// By container and hash: the source.
    links: BTreeMap<&'static str, HashMap<u64, Arc<str>>>,
    /// Of relationships to one, by container and source: the link.
    to_one: BTreeMap<&'static str, HashMap<Arc<str>, u64>>,
    /// Every source once.
    sources: HashSet<Arc<str>>,
    /// Links that cannot be read.
    unread: u64,
}

/// What has to be looked at again.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Suspects {
    /// Objects, by id.
    pub objects: BTreeSet<String>,
    /// Links, by container and source, as hashes.
    pub links: BTreeMap<(&'static str, String), HashSet<u64>>,
}

/// How much was compared.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Compared {
    /// Objects, on either side.
    pub objects: u64,
    /// Links, on either side.
    pub links: u64,
    /// Objects whose content the copy does not have, and links that cannot be read.
    pub set_aside: u64,
}

/// The copy, being held against what Graph told.
#[derive(Debug)]
pub struct Comparison {
    left: Told,
    suspects: Suspects,
    compared: Compared,
}

impl Told {
    /// An object lives; what is told later counts.
    pub fn put(&mut self, id: &str, digest: u64) {
        self.objects.insert(id.to_owned(), digest);
    }

    /// An object does not live.
    pub fn remove(&mut self, id: &str) {
        self.objects.remove(id);
    }

    /// A link is there.
    pub fn link(&mut self, container: &'static str, source: &str, target: &str) {
        let named = self.named(source);
        self.links.entry(container).or_default().insert(link_hash(source, target), named);
    }

    /// A link is there, and its source has no other one of its kind.
    pub fn link_to_one(&mut self, container: &'static str, source: &str, target: &str) {
        let (named, hash) = (self.named(source), link_hash(source, target));
        let before = self.to_one.entry(container).or_default().insert(named, hash);
        if let (Some(before), Some(links)) = (before, self.links.get_mut(container)) {
            links.remove(&before);
        }
        self.link(container, source, target);
    }

    fn named(&mut self, source: &str) -> Arc<str> {
        match self.sources.get(source) {
            Some(named) => Arc::clone(named),
            None => {
                let named: Arc<str> = source.into();
                self.sources.insert(Arc::clone(&named));
                named
            }
        }
    }

    /// A link is not there.
    pub fn unlink(&mut self, container: &'static str, source: &str, target: &str) {
        if let Some(links) = self.links.get_mut(container) {
            links.remove(&link_hash(source, target));
        }
    }

    /// So many links cannot be read.
    pub fn unread(&mut self, links: u64) {
        self.unread += links;
    }

    /// Objects and links.
    pub fn len(&self) -> u64 {
        let links: usize = self.links.values().map(HashMap::len).sum();
        (self.objects.len() + links) as u64
    }
}

impl Comparison {
    /// Holds a copy against what Graph told.
    pub fn with(told: Told) -> Self {
        let objects = told.objects.len() as u64;
        let compared = Compared { objects, links: told.len() - objects, set_aside: told.unread };
        Self { left: told, suspects: Suspects::default(), compared }
    }

    /// A living document of the copy.
    pub fn object(&mut self, id: &str, digest: u64) {
        match self.left.objects.remove(id) {
            Some(told) if told == digest => {}
            told => {
                self.compared.objects += u64::from(told.is_none());
                self.suspects.objects.insert(id.to_owned());
            }
        }
    }

    /// A document that stands for an object whose content Cosmos refused: there is nothing to compare.
    pub fn set_aside(&mut self, id: Option<&str>) {
        self.compared.set_aside += 1;
        if id.and_then(|id| self.left.objects.remove(id)).is_none() {
            self.compared.objects += 1;
        }
    }

    /// A living link of the copy.
    pub fn link(&mut self, container: &'static str, source: &str, target: &str) {
        let hash = link_hash(source, target);
        let told = self.left.links.get_mut(container).and_then(|links| links.remove(&hash));
        if told.is_none() {
            self.compared.links += 1;
            self.suspects.add_link(container, source, hash);
        }
    }

    /// What is left of Graph's side, the copy lacks.
    pub fn finish(mut self) -> (Suspects, Compared) {
        self.suspects.objects.extend(self.left.objects.into_keys());
        for (container, links) in self.left.links {
            for (hash, source) in links {
                self.suspects.add_link(container, &source, hash);
            }
        }
        (self.suspects, self.compared)
    }
}

impl Suspects {
    /// What differences are about.
    pub fn of(differences: &[Difference]) -> Self {
        let mut suspects = Self::default();
        for difference in differences {
            match difference {
                Difference::Changed { id, .. } | Difference::Missing { id } | Difference::Extra { id } => {
                    suspects.objects.insert(id.clone());
                }
                Difference::LinkMissing { container, source, target }
                | Difference::LinkExtra { container, source, target } => {
                    suspects.add_link(container, source, link_hash(source, target));
                }
            }
        }
        suspects
    }

    fn add_link(&mut self, container: &'static str, source: &str, hash: u64) {
        self.links.entry((container, source.to_owned())).or_default().insert(hash);
    }
}

/// What stands for a link; the same within this process.
pub fn link_hash(source: &str, target: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (source, target).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMBERS: &str = "groups-members";

    fn told() -> Told {
        let mut told = Told::default();
        for (id, digest) in [("a", 1), ("b", 1), ("c", 3), ("gone", 4), ("b", 2)] {
            told.put(id, digest);
        }
        told.remove("gone");
        for target in ["a", "b", "a", "c"] {
            told.link(MEMBERS, "g", target);
        }
        told.unlink(MEMBERS, "g", "c");
        told
    }

    #[test]
    fn the_same_on_both_sides_leaves_no_suspects() {
        let mut comparison = Comparison::with(told());
        for (id, digest) in [("c", 3), ("a", 1), ("b", 2)] {
            comparison.object(id, digest);
        }
        comparison.link(MEMBERS, "g", "b");
        comparison.link(MEMBERS, "g", "a");
        let compared = Compared { objects: 3, links: 2, set_aside: 0 };
        assert_eq!(comparison.finish(), (Suspects::default(), compared));
    }

    #[test]
    fn of_a_relationship_to_one_the_last_link_counts() {
        let mut told = Told::default();
        for target in ["a", "b", "a", "c"] {
            told.link_to_one("users-manager", "u", target);
        }
        told.unlink("users-manager", "u", "a");
        told.link_to_one("users-manager", "v", "a");
        told.unlink("users-manager", "v", "a");
        let mut comparison = Comparison::with(told);
        comparison.link("users-manager", "u", "c");
        let compared = Compared { objects: 0, links: 1, set_aside: 0 };
        assert_eq!(comparison.finish(), (Suspects::default(), compared));
    }

    #[test]
    fn what_is_changed_missing_or_too_much_is_suspect_and_nothing_else() {
        let mut comparison = Comparison::with(told());
        comparison.object("a", 1);
        comparison.object("b", 1);
        comparison.object("extra", 1);
        comparison.link(MEMBERS, "g", "a");
        comparison.link(MEMBERS, "h", "a");
        comparison.link("groups-owners", "g", "a");
        let (suspects, compared) = comparison.finish();
        let ids: Vec<_> = suspects.objects.iter().map(String::as_str).collect();
        assert_eq!(ids, ["b", "c", "extra"]);
        let links = [(MEMBERS, "g", "b"), (MEMBERS, "h", "a"), ("groups-owners", "g", "a")];
        let links = links.map(|(container, source, target)| {
            ((container, source.to_owned()), HashSet::from([link_hash(source, target)]))
        });
        assert_eq!(suspects.links, links.into());
        assert_eq!(compared, Compared { objects: 4, links: 4, set_aside: 0 });
    }

    #[test]
    fn what_was_set_aside_is_counted_and_no_suspect() {
        let mut comparison = Comparison::with(told());
        comparison.object("a", 1);
        comparison.object("b", 2);
        comparison.set_aside(Some("c"));
        comparison.set_aside(None);
        let (suspects, compared) = comparison.finish();
        assert!(suspects.objects.is_empty());
        assert_eq!((compared.objects, compared.set_aside), (4, 2));
    }
}
