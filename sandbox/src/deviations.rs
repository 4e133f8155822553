//! Planted deviations: services that do otherwise than `docs/assumptions.md` says, each in one way and by a name.
//!
//! A layer in front of a fake changes a request before the fake sees it, or the answer before the client sees it; the
//! fakes stay as they are. Each deviation names the assumptions that it breaks. Promises: without a deviation, nothing is
//! changed. Left out: deviations of the Functions host and of a deployment, which no request from outside can see.
//!
//! The map: `deviation` and `exchange` (what is changed), `layer` (where), and a file for each service.

mod cosmos;
mod deviation;
mod exchange;
mod graph;
mod layer;
mod tokens;

pub use deviation::{Deviation, Service};
pub use layer::Deviant;

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Deviation> {
    [graph::PAGES, graph::SINGLE, graph::LISTS, graph::OTHERS, tokens::ALL, cosmos::WRITES, cosmos::OTHERS]
        .into_iter()
        .flatten()
}
