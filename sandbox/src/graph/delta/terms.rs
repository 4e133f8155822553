//! The terms of a round: everything it depends on besides the objects.

use crate::graph::quirks::Quirks;

/// The terms of a round.
#[derive(Clone, Copy)]
pub(in crate::graph) struct Terms<'a> {
    pub(in crate::graph) quirks: &'a Quirks,
    /// The position of the replica that serves the first page.
    pub(in crate::graph) replica: usize,
    /// The position up to which it reports changes; at most its own.
    pub(in crate::graph) reported: usize,
    /// Links of one relationship per appearance of their source.
    pub(in crate::graph) links_per_slice: usize,
    pub(in crate::graph) seed: u64,
}
