//! The parts of a row that are values of their own: how it is read by time, its relationships and its subscription. Pure.

use std::sync::Arc;

use super::Permission;
use super::words::Operators;

/// The part of a resource that is read by time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The property with the time.
    pub property: String,
    /// How far a window reaches back behind the end of the last one, for what arrives late.
    pub overlap_minutes: u32,
    /// How many days Graph keeps objects, if it deletes them.
    pub retention_days: Option<u32>,
    /// The filter takes an upper bound too.
    pub upper: bool,
    /// The operators that it takes.
    pub operators: Operators,
}

/// The range of time that a delta query shows, from today on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// Days before today.
    pub days_back: u32,
    /// Days after today.
    pub days_ahead: u32,
    /// After so many days, another range takes its place.
    pub roll_days: u32,
}

/// A relationship of the feed's objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relationship {
    /// Its navigation property, as in `$select`; the feed tells of it as `<property>@delta`.
    pub property: String,
    /// The container of its link documents.
    pub container: Arc<str>,
    /// An object can have many; else it has one at most, and Graph answers with it instead of a list.
    pub many: bool,
}

/// A subscription to change notifications: <https://learn.microsoft.com/graph/change-notifications-overview>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribed {
    /// What it is to.
    pub resource: String,
    /// Kinds of changes, joined by commas. Of users and groups there is no `created`: `updated` tells of it too.
    pub changes: String,
    /// The longest life, in minutes.
    pub minutes: u32,
    /// The permission that it needs, where that is not the one that reads.
    pub permission: Option<Permission>,
    /// Graph demands an address for lifecycle notifications.
    pub lifecycle_url_required: bool,
    /// The list whose members, by their `userId`, are the parents of the feeds that a notification is about, where it does not
    /// name them itself: `/chats/{chats}/members`. The name in braces stands for an id in the path that the notification names.
    pub members: Option<String>,
}
