//! Azure Cosmos DB over loopback http: the SDK team's emulator, with what it leaves out and the service does.
//!
//! [`Cosmos`] is a handle: a test pushes faults, closes gates, lets time pass and looks at the documents while a client
//! works. Added here: authorization (a token of our [`Identity`](crate::identity::Identity) or the account key), ids and
//! ttls that the service refuses, expiry, and a log of writes; as options partitions, a budget of request units, and reads
//! that are behind; bulk writes, and the change feed from a time. A request that has arrived is carried out even if the client is gone. Left out: roles.

mod authorization;
mod behind;
mod bulk;
mod containers;
mod emulator;
mod expiry;
mod fault;
mod handle;
mod inner;
mod options;
mod request;
mod rules;
mod sabotage;
mod since;
#[cfg(test)]
mod tests;
mod wire;
mod writes;

pub(crate) use self::containers::containers;
pub use self::{
    behind::Behind,
    fault::Fault,
    handle::{Cosmos, DATABASE, Moment},
    options::Options,
    request::{Match, Operation},
    sabotage::Sabotage,
    writes::{LeaseWrite, Write},
};
