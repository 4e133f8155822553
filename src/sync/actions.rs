//! The actions of a turn, one file each. Each is a function of the turn and of values, and returns its result.

mod doubt_inside;
pub mod fate;
mod fetch;
mod fetch_shards;
mod load;
mod look_up;
mod pages;
mod remove_links;
mod settle;
mod shown;
mod sweep;
mod weigh;
mod write;
mod write_differing;
mod write_links;
mod write_objects;
mod write_page;

pub use fetch::fetch;
pub use load::{load, save};
pub use look_up::look_up;
pub use pages::{Early, Fetched, Pages};
pub use settle::{settle, uncarried};
pub use shown::{Shown, kept};
pub use sweep::sweep;
pub use weigh::{held, hold_above_limit, is_held, outside, weigh};
pub use write_differing::differing;
pub use write_page::write_page;
