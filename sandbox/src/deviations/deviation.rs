//! A deviation: its name, what it breaks, and what it changes.

use super::exchange::{Answered, Asked, Memory};

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
pub(super) enum Change {
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
    pub(super) change: Change,
}
