//! What Graph's change notifications say, and whether they are ours.
//!
//! A notification only says where to look: at a feed, or at one of its objects. So anybody may post here, and all that a
//! genuine one can do is to have us look. It promises to judge without any look-up, in constant time where secrets are
//! compared, and to keep nothing of what fails. Pure.
//!
//! <https://learn.microsoft.com/graph/change-notifications-delivery-webhooks>

mod delivery;
mod digest;
mod keys;
mod tally;

pub use delivery::{About, Delivery, Dropped, Meant, NotADelivery, Wanted, judge};
pub use digest::Digest;
pub use keys::Keys;
pub use tally::{Tallied, Tally};
