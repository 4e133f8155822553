//! The collections of a tenant as rows: their properties, who may read them, and which objects they are linked to.
//!
//! The rows are in `sandbox/tenant.json`; a new collection is a new row there, and no Rust. Sources:
//! <https://learn.microsoft.com/graph/api/resources/user>, <https://learn.microsoft.com/graph/api/user-delta>,
//! <https://learn.microsoft.com/graph/api/resources/group>, <https://learn.microsoft.com/graph/api/group-delta>,
//! <https://learn.microsoft.com/graph/api/device-delta>; members come by default, and are objects of many kinds:
//! <https://learn.microsoft.com/graph/delta-query-groups>. Service principals and contacts have a feed in Graph and none
//! here, so that there are members whose feed nobody can follow.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

use super::seed::Maker;

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../tenant.json")).expect("sandbox/tenant.json is a list of rows")
});

/// One collection: `/v1.0/<name>`, `/v1.0/<name>/{id}`, `/v1.0/<name>/{id}/<navigation property>` and, if it has a feed,
/// `/v1.0/<name>/delta`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The name in paths, such as `users`.
    pub name: String,
    /// The last segment of the type of its objects, such as `user`.
    pub kind: String,
    /// Whether delta query follows it.
    #[serde(default = "yes")]
    pub delta: bool,
    /// What can be selected and is tracked.
    pub(super) properties: Vec<String>,
    /// How made-up objects come to their properties; users and groups are made by [`super::seed`].
    #[serde(default)]
    pub(super) made: BTreeMap<String, Maker>,
    /// What can be selected and is not tracked.
    #[serde(default)]
    untracked: Vec<String>,
    /// What comes without `$select`; all properties where the row does not say.
    default: Option<Vec<String>>,
    /// The navigation properties.
    #[serde(default)]
    pub(super) relationships: Vec<Definition>,
    /// The permissions of which one is needed, also for a subscription.
    pub readers: Vec<String>,
    /// Those that are enough for lists and single objects.
    #[serde(default)]
    pub(super) lists: Vec<String>,
}

/// One navigation property.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Definition {
    pub(super) name: String,
    /// The collections of its targets.
    pub(super) to: Vec<String>,
    /// An object has at most one.
    #[serde(default)]
    pub(super) one: bool,
    /// Whether delta query tells its changes.
    #[serde(default = "yes")]
    pub(super) delta: bool,
    /// Delta query tells them also without `$select`.
    #[serde(default)]
    pub(super) default: bool,
}

const fn yes() -> bool {
    true
}

impl Row {
    /// All rows, in the order of the file.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        ROWS.iter()
    }

    /// The row of the collection with that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::all().find(|row| row.name == name)
    }

    /// The same for a name that is known to be there.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn of(name: &str) -> &'static Self {
        Self::named(name).unwrap_or_else(|| panic!("sandbox/tenant.json has no row `{name}`"))
    }

    /// Whether there is such a property.
    pub(super) fn has(&self, name: &str) -> bool {
        self.properties.iter().chain(&self.untracked).any(|known| known == name)
    }

    /// Whether a property comes without `$select`.
    pub(super) fn shows(&self, name: &str) -> bool {
        self.default.as_ref().unwrap_or(&self.properties).iter().any(|shown| shown == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relationships_lead_to_collections_that_exist() {
        for (row, definition) in Row::all().flat_map(|row| row.relationships.iter().map(move |it| (row, it)))
        {
            assert!(!definition.to.is_empty(), "{}: {}", row.name, definition.name);
            let unknown = definition.to.iter().find(|name| Row::named(name).is_none());
            assert_eq!(unknown, None, "{}: {}", row.name, definition.name);
        }
    }

    #[test]
    fn what_comes_by_default_can_be_selected() {
        for row in Row::all() {
            let unknown = row.default.iter().flatten().find(|name| !row.properties.contains(name));
            assert_eq!((unknown, row.has("id"), row.readers.is_empty()), (None, true, false), "{}", row.name);
            let unknown = row.made.keys().find(|name| !row.properties.contains(name));
            assert_eq!(unknown, None, "{}", row.name);
        }
    }
}
