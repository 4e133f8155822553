//! How an account is set up.

use crate::identity::COSMOS_AUDIENCE;

/// The properties of an account besides its documents.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Physical partitions of each container.
    pub partitions: u32,
    /// Request units per second of each container, spread evenly over its partitions; without, nothing is throttled.
    /// At least 400.
    pub request_units: Option<u64>,
    /// There is a second replica that [`Cosmos::read_behind`](super::Cosmos::read_behind) can hold back.
    pub replica: bool,
    /// The audience of the tokens that it takes, besides its own address: another one in each cloud.
    pub audience: &'static str,
}

impl Default for Options {
    fn default() -> Self {
        Self { partitions: 1, request_units: None, replica: false, audience: COSMOS_AUDIENCE }
    }
}
