//! Planted deviations: services that do otherwise than `docs/assumptions.md` says, each in one way and by a name.
//!
//! A layer in front of a fake changes a request before the fake sees it, or the answer before the client sees it; the
//! fakes stay as they are. Each deviation names the assumptions that it breaks. Promises: without a deviation, nothing is
//! changed. Left out: deviations of the Functions host and of a deployment, which no request from outside can see.
//!
//! The map: `exchange` (what is changed), `layer` (where), and a file for each service.

mod cosmos;
mod exchange;
mod graph;
mod layer;
mod tokens;

use exchange::{Answered, Asked, Memory};
pub use layer::Deviant;

/// The service that deviates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Microsoft Graph.
    Graph,
    /// The endpoint of the managed identity.
    Identity,
    /// Entra's token endpoint.
    Entra,
    /// Azure Cosmos DB.
    Cosmos,
}

/// What it does.
#[derive(Clone, Copy)]
enum Change {
    /// The fake is asked otherwise.
    Request(fn(&mut Asked)),
    /// The client is answered otherwise.
    Answer(fn(&Asked, &mut Answered)),
    /// The same, by what was answered before.
    Later(fn(&Asked, &mut Answered, &mut Memory)),
}

/// One deviation.
#[derive(Clone, Copy)]
pub struct Deviation {
    /// Its name.
    pub name: &'static str,
    /// The assumptions that it breaks.
    pub breaks: &'static [&'static str],
    /// Who deviates.
    pub service: Service,
    change: Change,
}

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Deviation> {
    [graph::PAGES, graph::SINGLE, graph::LISTS, graph::OTHERS, tokens::ALL, cosmos::WRITES, cosmos::OTHERS]
        .into_iter()
        .flatten()
}
