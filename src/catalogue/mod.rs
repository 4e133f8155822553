//! The catalogue: which Graph resources there are, and how each is read.
//!
//! Resources are rows, not code: a new one is a new row, and a test guards the table. Knows neither
//! Graph's wire nor the store.

use sha2::{Digest, Sha256};

mod groups;
mod permission;
mod users;

pub use permission::Permission;

/// One Graph resource that can be mirrored.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// Name of the resource, its feed and its function (`sync_<resource>`).
    pub resource: &'static str,
    /// Path of the feed, below the API version.
    pub path: &'static str,
    /// The properties that the copy holds (`$select`).
    pub select: &'static [&'static str],
    /// Properties that every object has: an entry of a delta round without one of them tells a part of an object only.
    pub always: &'static [&'static str],
    /// Path of the collection below which one object is read by its id.
    pub object_path: &'static str,
    /// The Cosmos container.
    pub container: &'static str,
    /// Relationships that the feed tells of, as links.
    pub links: &'static [Linked],
    /// Containers whose objects the links may point to, as far as they are mirrored.
    pub targets: &'static [&'static str],
    /// What Graph notifies of, if it does.
    pub subscription: Option<Subscribed>,
    /// The least application permission that reads the feed.
    pub permission: Permission,
}

/// A relationship of the feed's objects.
#[derive(Debug, PartialEq, Eq)]
pub struct Linked {
    /// Its navigation property, as in `$select`; the feed tells of it as `<property>@delta`.
    pub property: &'static str,
    /// The container of its link documents.
    pub container: &'static str,
    /// An object can have many; else it has one at most, and Graph answers with it instead of a list.
    pub many: bool,
}

/// A subscription to change notifications: <https://learn.microsoft.com/graph/change-notifications-overview>.
#[derive(Debug, PartialEq, Eq)]
pub struct Subscribed {
    /// What it is to.
    pub resource: &'static str,
    /// Kinds of changes, joined by commas. Of users and groups there is no `created`: `updated` tells of it too.
    pub changes: &'static str,
    /// The longest life, in minutes.
    pub minutes: u32,
}

/// Longest life of a subscription to objects of the directory: "under 29 days"
/// (<https://learn.microsoft.com/graph/api/resources/subscription#subscription-lifetime>).
const DIRECTORY_MINUTES: u32 = 41_000;

static ROWS: [Row; 2] = [users::USERS, groups::GROUPS];

/// All rows, in the order in which they are listed.
pub fn rows() -> &'static [Row] {
    &ROWS
}

/// The row of a resource.
pub fn row(resource: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.resource == resource)
}

impl Row {
    /// All containers of the row with their partition keys: its objects', and those of its links, which lie
    /// together by their source.
    pub fn containers(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let links = self.links.iter().map(|link| (link.container, "/_mirror/parent"));
        std::iter::once((self.container, "/id")).chain(links)
    }

    /// Whether links of any row may point to objects of this one.
    pub fn is_linked_to(&self) -> bool {
        ROWS.iter().any(|row| row.targets.contains(&self.container))
    }

    /// `$select` of the feed: the properties, and the relationships.
    pub fn select(&self) -> Vec<String> {
        let links = self.links.iter().map(|link| link.property);
        self.select.iter().copied().chain(links).map(str::to_owned).collect()
    }

    /// `$select` of one object read by its id: relationships come with the feed only.
    pub fn object_select(&self) -> Vec<String> {
        self.select.iter().map(|&name| name.to_owned()).collect()
    }

    /// A hash of everything that decides what the feed delivers. Another shape starts a new
    /// generation, since tokens and documents of the old one no longer fit.
    pub fn shape(&self) -> String {
        let mut hash = Sha256::new();
        for part in [self.path, "delta", &self.select().join(",")] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sound() {
        for row in rows() {
            assert!(row.path.starts_with('/') && !row.path.contains(".."), "{}", row.resource);
            assert!(row.select.contains(&"id"), "{}", row.resource);
            let mut sorted = row.select.to_vec();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted, row.select, "{}: $select is sorted and has no duplicates", row.resource);
            assert!(!row.always.is_empty() && row.always.iter().all(|name| row.select.contains(name)));
            assert_eq!(row.permission.app_role_id.len(), 36, "{}", row.resource);
            assert!(row.targets.is_empty() == row.links.is_empty(), "{}", row.resource);
            for link in row.links {
                assert_eq!(link.container.split_once('-').map(|(resource, _)| resource), Some(row.resource));
            }
            assert!(super::row(row.resource).is_some());
        }
    }

    #[test]
    fn another_select_is_another_shape() {
        let users = row("users").unwrap();
        let fewer = Row { select: &["id"], ..users::USERS };
        assert_eq!(users.shape(), users::USERS.shape());
        assert_ne!(users.shape(), fewer.shape());
    }
}
