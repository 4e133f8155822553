//! The catalogue: which Graph resources there are, and how each is read.
//!
//! Resources are rows, not code: a new one is a new file `catalogue/<resource>.json`, which the binary embeds, and its
//! permission in `catalogue/permissions.json`. `catalogue/README.md` has their format. They are read once, when
//! they are first needed; [`load`] says what is wrong with them. Knows neither Graph's wire nor the store.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

mod fields;
mod permission;
mod read;

pub use permission::Permission;

/// One Graph resource that can be mirrored. The table lives as long as the process, and so do the texts in it.
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// Its navigation property, as in `$select`; the feed tells of it as `<property>@delta`.
    pub property: &'static str,
    /// The container of its link documents.
    pub container: &'static str,
    /// An object can have many; else it has one at most, and Graph answers with it instead of a list.
    pub many: bool,
}

/// A subscription to change notifications: <https://learn.microsoft.com/graph/change-notifications-overview>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribed {
    /// What it is to.
    pub resource: &'static str,
    /// Kinds of changes, joined by commas. Of users and groups there is no `created`: `updated` tells of it too.
    pub changes: &'static str,
    /// The longest life, in minutes.
    pub minutes: u32,
}

/// The files in `catalogue/`: name and text, as `build.rs` found them.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));

static ROWS: LazyLock<Result<Vec<Row>, Vec<String>>> = LazyLock::new(|| read::rows(FILES));

/// All rows, in the order in which they are listed: those whose links lead to other resources come last, so that
/// objects are copied before the links to them.
///
/// # Errors
/// All that is wrong with the embedded files, a line each, with file, key and the allowed values.
pub fn load() -> Result<&'static [Row], &'static [String]> {
    ROWS.as_deref().map_err(Vec::as_slice)
}

/// The rows of [`load`]; none where it fails, which ends the binary before anything else is done.
pub fn rows() -> &'static [Row] {
    load().unwrap_or_default()
}

/// The row of a resource.
pub fn row(resource: &str) -> Option<&'static Row> {
    rows().iter().find(|row| row.resource == resource)
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
        rows().iter().any(|row| row.targets.contains(&self.container))
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
    fn the_embedded_files_are_sound() {
        assert_eq!(load().map_err(|faults| faults.join("\n")).map(<[Row]>::is_empty), Ok(false));
    }

    #[test]
    fn what_follows_from_a_row_is_not_written_in_it() {
        let groups = row("groups").unwrap();
        assert_eq!((groups.object_path, groups.container), ("/groups", "groups"));
        let containers: Vec<_> = groups.containers().collect();
        let of_links = [("groups-members", "/_mirror/parent"), ("groups-owners", "/_mirror/parent")];
        assert_eq!(containers, [&[("groups", "/id")], &of_links[..]].concat());
        assert!(groups.targets == ["users", "groups"] && row("users").unwrap().targets == ["users"]);
        assert_eq!(groups.subscription.as_ref().unwrap().changes, "updated,deleted");
    }

    /// Another one makes every deployment read these resources anew.
    #[test]
    fn the_shapes_are_those_of_the_copies_that_there_are() {
        let shape = |resource| row(resource).unwrap().shape();
        assert_eq!((&*shape("users"), &*shape("groups")), ("da976a284f1cfa3e", "47ffe57ed597f0e2"));
    }

    #[test]
    fn another_select_is_another_shape() {
        let users = row("users").unwrap();
        let fewer = Row { select: &["id"], ..users.clone() };
        assert_eq!(users.shape(), users.clone().shape());
        assert_ne!(users.shape(), fewer.shape());
    }
}
