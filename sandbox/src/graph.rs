//! Microsoft Graph over loopback http: a tenant as plain data, delta query of users and groups, and a script of what goes
//! wrong.
//!
//! [`Graph`] is a handle: a test changes the tenant, pushes faults and closes gates while a client talks to it. A bearer
//! token of our [`Identity`](crate::identity::Identity) is required. Links are good only verbatim, and every round ends
//! with a new delta link.
//! Left out: `Prefer: return=minimal` (allowed to be ignored), `$filter` in delta but of a few properties.
//!
//! The map: `handle` ([`Graph`]); `tenant` and `collection` (the truth), `key` (what identifies an object), `relationship`
//! (links between objects), `seed` (made-up objects), `row` and `route` (the rows and their paths); `wire` (the socket),
//! `request` and `kind` (what is asked for), `authorize` and `challenge` (tokens and their claims), `single` and `batch`
//! (one request, or several in one); `read` (which file answers), `above` (the objects above), `delta` and `pages` (rounds
//! as values, and their pages), `list`, `targets`, `sources`, `ends`, `expand`, `deleted`, `by_ids`, `me` (other answers); `links` (next and delta links); `replica`,
//! `hidden`, `refusal` and `quirks` (oddities), `fault` and `load` (faults, and how near they are); `subscriptions` (and the notifier).

mod above;
mod answer;
mod authorize;
mod batch;
mod by_ids;
mod challenge;
mod chats;
mod collection;
mod condition;
mod deleted;
mod delta;
mod ends;
mod expand;
mod fault;
mod handle;
mod hidden;
mod inner;
pub(crate) mod key;
mod kind;
mod links;
mod list;
mod load;
mod maker;
mod me;
mod options;
mod pages;
mod quirks;
mod read;
mod refusal;
mod relationship;
mod replica;
mod request;
mod route;
mod row;
mod seed;
mod select;
mod single;
mod sources;
mod subscriptions;
mod targets;
mod tenant;
#[cfg(test)]
mod tests;
mod wire;
mod world;

pub use self::{
    collection::{Change, Collection, Entry, Event, Life, Object},
    fault::{Fault, Framing, RetryAfter, TokenDeath},
    handle::Graph,
    kind::Kind,
    options::Options,
    quirks::Quirks,
    refusal::Refusal,
    relationship::{Link, Relationship},
    request::{Match, Record},
    row::{Removal, Row, Updates, Window},
    subscriptions::{Delivered, EndpointState, Habits, Lifecycle, Limits, Subscription},
    tenant::{Tenant, random_change, with, with_groups},
};
