//! What a container is, as far as a copy depends on it.

/// The container of leases, checkpoints and run records, and its partition key.
pub const CONTROL: (&str, &str) = ("mirror", "/feed");

/// The properties of a container that a copy depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Properties {
    /// Its resource id, which no other container has, also none that gets its name later.
    pub id: String,
    /// The path of its partition key; several, joined by `, `, where it is hierarchical.
    pub partition_key: String,
    /// Whether its documents expire.
    pub ttl: Ttl,
}

/// The time to live of a container: <https://learn.microsoft.com/azure/cosmos-db/nosql/time-to-live>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ttl {
    /// Nothing expires, whatever documents say.
    Off,
    /// On, without a default: documents expire that say so.
    On,
    /// Every document expires after so many seconds, unless it says something else.
    Default(u32),
}
