//! What a round depends on besides the objects.

use crate::graph::quirks::Quirks;

/// What a round depends on besides the objects.
#[derive(Clone, Copy)]
pub(in crate::graph) struct Terms<'a> {
    pub(in crate::graph) quirks: &'a Quirks,
    /// The position of the replica that serves the first page.
    pub(in crate::graph) replica: usize,
    /// How far it tells what it has seen; not further than that.
    pub(in crate::graph) told: usize,
    /// Links of one relationship per appearance of their source.
    pub(in crate::graph) links_per_slice: usize,
    pub(in crate::graph) seed: u64,
}
