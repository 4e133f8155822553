//! Compares Graph's side with the copy by hashes. Pure.
//!
//! It keeps an id and a hash of each object in Graph, and a hash and the source of each link: a page may report the
//! same link twice, and a later page may remove it. It keeps nothing of the copy: each document is compared as it is
//! read.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use super::report::Difference;

/// The objects and links that one enumeration of Graph's feed returned.
#[derive(Debug, Default)]
pub struct InGraph {
    objects: HashMap<String, u64>,
    /// The source of each link, by container and hash of the link.
    links: BTreeMap<Arc<str>, HashMap<u64, Arc<str>>>,
    /// For relationships to one: the hash of the link, by container and source.
    to_one: BTreeMap<Arc<str>, HashMap<Arc<str>, u64>>,
    /// Each source, stored once and shared.
    sources: HashSet<Arc<str>>,
    /// The number of links that cannot be read.
    unread: u64,
}

/// The suspects: objects and links to read again.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Suspects {
    /// Objects, by id.
    pub objects: BTreeSet<String>,
    /// Links, by container and source, as hashes.
    pub links: BTreeMap<(Arc<str>, String), HashSet<u64>>,
}

/// The numbers of compared objects and links.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Compared {
    /// Objects, on either side.
    pub objects: u64,
    /// Links, on either side.
    pub links: u64,
    /// Objects whose content the copy does not have, and links that cannot be read.
    pub set_aside: u64,
}

/// A comparison in progress: the copy against Graph's side.
#[derive(Debug)]
pub struct Comparison {
    left: InGraph,
    suspects: Suspects,
    compared: Compared,
}

impl InGraph {
    /// Adds an object that exists in Graph; the last report of an id counts.
    pub fn put(&mut self, id: &str, digest: u64) {
        self.objects.insert(id.to_owned(), digest);
    }

    /// Removes an object that does not exist in Graph.
    pub fn remove(&mut self, id: &str) {
        self.objects.remove(id);
    }

    /// Adds a link.
    pub fn link(&mut self, container: &str, source: &str, target: &str) {
        let named = self.named(source);
        of(&mut self.links, container).insert(link_hash(source, target), named);
    }

    /// Adds the only link that its source has in this container.
    pub fn link_to_one(&mut self, container: &str, source: &str, target: &str) {
        let (named, hash) = (self.named(source), link_hash(source, target));
        let before = of(&mut self.to_one, container).insert(named, hash);
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

    /// Removes a link.
    pub fn unlink(&mut self, container: &str, source: &str, target: &str) {
        if let Some(links) = self.links.get_mut(container) {
            links.remove(&link_hash(source, target));
        }
    }

    /// Adds to the number of links that cannot be read.
    pub fn unread(&mut self, links: u64) {
        self.unread += links;
    }

    /// The number of objects and links.
    pub fn len(&self) -> u64 {
        let links: usize = self.links.values().map(HashMap::len).sum();
        (self.objects.len() + links) as u64
    }
}

impl Comparison {
    /// Begins a comparison of the copy with this side of Graph.
    pub fn with(in_graph: InGraph) -> Self {
        let objects = in_graph.objects.len() as u64;
        let compared = Compared { objects, links: in_graph.len() - objects, set_aside: in_graph.unread };
        Self { left: in_graph, suspects: Suspects::default(), compared }
    }

    /// Whether Graph has shown an object, and no document of it was compared yet.
    pub fn knows(&self, id: &str) -> bool {
        self.left.objects.contains_key(id)
    }

    /// Compares a current document of the copy.
    pub fn object(&mut self, id: &str, digest: u64) {
        match self.left.objects.remove(id) {
            Some(in_graph) if in_graph == digest => {}
            in_graph => {
                self.compared.objects += u64::from(in_graph.is_none());
                self.suspects.objects.insert(id.to_owned());
            }
        }
    }

    /// Counts a document for an object whose content Cosmos DB refused: it has no content to compare.
    pub fn set_aside(&mut self, id: Option<&str>) {
        self.compared.set_aside += 1;
        if id.and_then(|id| self.left.objects.remove(id)).is_none() {
            self.compared.objects += 1;
        }
    }

    /// Compares a current link of the copy.
    pub fn link(&mut self, container: &str, source: &str, target: &str) {
        let hash = link_hash(source, target);
        let in_graph = self.left.links.get_mut(container).and_then(|links| links.remove(&hash));
        if in_graph.is_none() {
            self.compared.links += 1;
            self.suspects.add_link(container, source, hash);
        }
    }

    /// Ends the comparison: the copy lacks every object and link of Graph's side that was not matched.
    pub fn finish(mut self) -> (Suspects, Compared) {
        self.suspects.objects.extend(self.left.objects.into_keys());
        for (container, links) in self.left.links {
            for (hash, source) in links {
                self.suspects.add_link(&container, &source, hash);
            }
        }
        (self.suspects, self.compared)
    }
}

impl Suspects {
    /// The suspects that these differences are about.
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

    fn add_link(&mut self, container: &str, source: &str, hash: u64) {
        self.links.entry((container.into(), source.to_owned())).or_default().insert(hash);
    }
}

/// The map of a container, created if it is not there.
fn of<'m, K, V>(all: &'m mut BTreeMap<Arc<str>, HashMap<K, V>>, container: &str) -> &'m mut HashMap<K, V> {
    all.entry(container.into()).or_default()
}

/// A hash of a link, stable within this process.
pub fn link_hash(source: &str, target: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (source, target).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMBERS: &str = "groups-members";

    fn in_graph() -> InGraph {
        let mut in_graph = InGraph::default();
        for (id, digest) in [("a", 1), ("b", 1), ("c", 3), ("gone", 4), ("b", 2)] {
            in_graph.put(id, digest);
        }
        in_graph.remove("gone");
        for target in ["a", "b", "a", "c"] {
            in_graph.link(MEMBERS, "g", target);
        }
        in_graph.unlink(MEMBERS, "g", "c");
        in_graph
    }

    #[test]
    fn the_same_on_both_sides_leaves_no_suspects() {
        let mut comparison = Comparison::with(in_graph());
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
        let mut in_graph = InGraph::default();
        for target in ["a", "b", "a", "c"] {
            in_graph.link_to_one("users-manager", "u", target);
        }
        in_graph.unlink("users-manager", "u", "a");
        in_graph.link_to_one("users-manager", "v", "a");
        in_graph.unlink("users-manager", "v", "a");
        let mut comparison = Comparison::with(in_graph);
        comparison.link("users-manager", "u", "c");
        let compared = Compared { objects: 0, links: 1, set_aside: 0 };
        assert_eq!(comparison.finish(), (Suspects::default(), compared));
    }

    #[test]
    fn what_is_changed_missing_or_too_much_is_suspect_and_nothing_else() {
        let mut comparison = Comparison::with(in_graph());
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
            ((container.into(), source.to_owned()), HashSet::from([link_hash(source, target)]))
        });
        assert_eq!(suspects.links, links.into());
        assert_eq!(compared, Compared { objects: 4, links: 4, set_aside: 0 });
    }

    #[test]
    fn what_was_set_aside_is_counted_and_no_suspect() {
        let mut comparison = Comparison::with(in_graph());
        comparison.object("a", 1);
        comparison.object("b", 2);
        comparison.set_aside(Some("c"));
        comparison.set_aside(None);
        let (suspects, compared) = comparison.finish();
        assert!(suspects.objects.is_empty());
        assert_eq!((compared.objects, compared.set_aside), (4, 2));
    }
}
