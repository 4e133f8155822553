//! The offline world that the demo and the tests share: Microsoft Graph, Azure Cosmos DB, the identity endpoint and the
//! Azure Functions host, faked as themselves (not as our own traits) and reached over sockets by the unmodified product.
//! Dev only: never shipped, and imports nothing of the product.
//!
//! The map: [`world`] (all of it in one piece), [`demo`] (the story), [`live`] (a world that lives by itself), [`soak`] (seeded histories of
//! trouble), [`host`] (the Functions host), [`caller`]
//! (who calls its HTTP functions), [`graph`] (the tenant and its delta feeds), [`identity`] (tokens), [`cosmos`] (the SDK's emulator behind a socket), [`copy`] (whether
//! the copy equals the tenant), [`script`], [`loopback`], [`face`] and [`clock`] (faults, gates, sockets and dates that the fakes share), [`process_clock`] (the clocks of one
//! handler), [`deviations`] (services that do otherwise than is assumed).

pub mod bench;
pub mod caller;
pub mod clock;
pub mod copy;
pub mod cosmos;
pub mod demo;
pub mod deviations;
pub mod face;
pub mod graph;
pub mod host;
pub mod identity;
pub mod live;
pub mod loopback;
pub mod otlp;
pub mod process_clock;
pub mod product;
pub mod script;
pub mod soak;
pub mod world;
