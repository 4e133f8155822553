//! The containers that a mirror of every collection needs.

use crate::graph::{Relationship, Row};

/// The containers of all collections and their links, each with its partition key.
pub(crate) fn containers() -> impl Iterator<Item = (&'static str, &'static str)> {
    let key = |row: &Row| if row.is_below() { "/_mirror/parent" } else { "/id" };
    let objects = Row::all().map(move |row| (row.name.as_str(), key(row)));
    let links = Relationship::all().filter(|relationship| relationship.is_tracked());
    objects.chain(links.map(|relationship| (relationship.container(), "/_mirror/parent")))
}
