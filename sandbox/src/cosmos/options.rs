//! How an account is set up.

/// What an account is like besides its documents.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Physical partitions of each container.
    pub partitions: u32,
    /// Request units per second of each container, spread evenly over its partitions; without, nothing is throttled.
    /// At least 400.
    pub request_units: Option<u64>,
    /// There is a second replica that [`Cosmos::read_behind`](super::Cosmos::read_behind) can hold back.
    pub replica: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { partitions: 1, request_units: None, replica: false }
    }
}
