//! Subscriptions to change notifications, as Graph has them: the handshake before the answer, one per kind of
//! change and resource, an end, and the notifier.
//!
//! Sources: <https://learn.microsoft.com/graph/api/subscription-post-subscriptions>,
//! <https://learn.microsoft.com/graph/change-notifications-delivery-webhooks>. Notifications go out when a test says so
//! ([`Graph::notify`](super::Graph::notify)). http on loopback is taken for https. Left out: rich notifications, quotas.

mod endpoint;
mod notifier;
mod requests;
mod state;
mod subscription;
#[cfg(test)]
mod tests;

pub use endpoint::{EndpointState, Limits};
pub use notifier::{Delivered, Lifecycle};
pub(super) use notifier::{notify, tell};
pub(super) use requests::{answer, path, readers};
pub use state::Habits;
pub(super) use state::Subscriptions;
pub use subscription::Subscription;
