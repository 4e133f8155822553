//! The collections of a tenant as rows: their properties, who may read them, and which objects they are linked to.
//!
//! The rows are in `sandbox/tenant.json` (collections with links) and `sandbox/collections.json` (the others); a new
//! collection is a new row there, and no Rust. A row stands after those to which its links lead and after the collection
//! that it is below: a world syncs its feeds in this order, and the links to an object that is deleted for good are
//! removed with the next turn after the object. Sources:
//! <https://learn.microsoft.com/graph/api/resources/user>, <https://learn.microsoft.com/graph/api/user-delta>,
//! <https://learn.microsoft.com/graph/api/resources/group>, <https://learn.microsoft.com/graph/api/group-delta>,
//! <https://learn.microsoft.com/graph/api/device-delta>; members come by default, and are objects of many kinds:
//! <https://learn.microsoft.com/graph/delta-query-groups>.

mod ways;

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

pub(super) use self::ways::Tokens;
use self::ways::{Page, Subscribing};
pub use self::ways::{Removal, Updates, View, Window};
use super::{maker::Maker, route::Route};

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let files = [include_str!("../../tenant.json"), include_str!("../../collections.json")];
    let rows = files.into_iter().flat_map(|file| -> Vec<Row> {
        serde_json::from_str(file)
            .expect("sandbox/tenant.json and sandbox/collections.json are lists of rows")
    });
    rows.map(Row::with_route).collect()
});

/// One collection: `/v1.0/<path>`, `/v1.0/<path>/{id}`, `/v1.0/<path>/{id}/<navigation property>` and, if it has a feed,
/// `/v1.0/<path>/delta`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Row {
    /// Its name, such as `users`: that of its containers and functions.
    pub name: String,
    /// Its path below the version, if it is not the name; `{users}` is the id of an object of that collection.
    path: Option<String>,
    #[serde(skip)]
    pub(super) route: Route,
    /// The path below which one object is read by its id, if it is another one.
    object_path: Option<String>,
    #[serde(skip)]
    pub(super) object_route: Route,
    /// Whether one object is read by its id.
    #[serde(default = "yes")]
    by_id: bool,
    /// Its objects are those of this collection, seen from elsewhere.
    pub(super) refers_to: Option<String>,
    /// The last segment of the type of its objects, such as `user`.
    pub kind: String,
    /// Whether delta query follows it.
    #[serde(default = "yes")]
    pub delta: bool,
    /// The path answers one object without `value`.
    #[serde(default)]
    pub(super) single: bool,
    /// The property that identifies an object.
    #[serde(default = "id")]
    pub(super) key: String,
    /// The service that throttles.
    #[serde(default = "identity")]
    pub service: String,
    /// How it is read by time, if it is.
    pub window: Option<Window>,
    pub(super) subscription: Option<Subscribing>,
    #[serde(default)]
    page: Page,
    /// Delta query takes `$top`.
    #[serde(default)]
    pub(super) top: bool,
    /// What a delta round tells of a changed object.
    #[serde(default)]
    pub updates: Updates,
    /// How a delta round tells that an object is gone.
    #[serde(default)]
    pub removal: Removal,
    #[serde(default)]
    pub(super) tokens: Tokens,
    /// The properties by which delta query filters.
    #[serde(default)]
    pub(super) filter_by: Vec<String>,
    /// Whether `$select` is taken.
    #[serde(default = "yes")]
    pub(super) select: bool,
    /// What comes with `$expand` only.
    #[serde(default)]
    pub(super) expand: Vec<String>,
    /// An id changes when its object moves, unless immutable ids are preferred.
    #[serde(default)]
    pub(super) immutable: bool,
    /// A delta query takes part of the objects, by their time (`startDateTime`, `endDateTime`).
    pub(crate) view: Option<View>,
    /// Where an object names the one of the same collection in which it lies; it goes with that one.
    pub(super) inside: Option<String>,
    /// The property with the id of the object above.
    pub(super) parent_property: Option<String>,
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

fn id() -> String {
    "id".into()
}

fn identity() -> String {
    "identity".into()
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
        Self::named(name).unwrap_or_else(|| panic!("the sandbox has no row `{name}`"))
    }

    fn with_route(mut self) -> Self {
        self.route = Route::of(self.path.as_deref().unwrap_or(&self.name));
        self.subscription = self.subscription.map(Subscribing::with_route);
        self.object_route = self.object_path.as_deref().map_or_else(|| Route::of(self.path()), Route::of);
        self
    }

    /// The path below the version.
    pub fn path(&self) -> &str {
        self.path.as_deref().unwrap_or(&self.name)
    }

    /// Whether one object is read by its id.
    pub fn is_read_by_id(&self) -> bool {
        self.by_id && !self.single
    }

    /// Whether delta query reports additions only, of objects that are not read by their ids.
    pub(crate) fn reports_additions_only(&self) -> bool {
        self.delta && self.removal == Removal::None && !self.is_read_by_id()
    }

    /// The permission that a subscription needs, if it is not one that reads.
    pub(crate) fn subscription_permission(&self) -> Option<&String> {
        self.subscription.as_ref()?.permission.as_ref()
    }

    /// The path below which it is.
    pub fn object_path(&self) -> &str {
        self.object_path.as_deref().unwrap_or(self.path())
    }

    /// The collections that it is below, the outermost first.
    pub fn parents(&self) -> Vec<&'static Self> {
        let Some(direct) = self.route.parent().map(Self::of) else { return Vec::new() };
        let mut parents = direct.parents();
        parents.push(direct);
        parents
    }

    /// Whether its objects belong to objects of another collection.
    pub fn is_below(&self) -> bool {
        self.route.parent().is_some()
    }

    /// Whether a removed object can be restored: directory objects.
    pub(super) fn has_deleted_items(&self) -> bool {
        self.service == "identity" && self.delta && !self.is_below()
    }

    /// The kinds of changes of which there are notifications. Of directory objects `updated` covers the creation.
    pub(super) fn change_types(&self) -> impl Iterator<Item = &str> {
        let own = self.subscription.iter().flat_map(|subscription| &subscription.changes).map(String::as_str);
        own.chain(["updated", "deleted"].into_iter().filter(|_| self.subscription.is_none()))
    }

    /// Objects of a page: what is asked for or usual, and never more than the service gives.
    pub(super) fn page_size(&self, asked: Option<usize>, most: usize) -> usize {
        let limit = self.page.most.unwrap_or(usize::MAX).min(most);
        asked.or(self.page.size).unwrap_or(limit).min(limit).max(1)
    }

    /// Whether there is such a property.
    pub(super) fn has(&self, name: &str) -> bool {
        self.properties.iter().chain(&self.untracked).chain(&self.expand).any(|known| known == name)
    }

    /// Whether a property comes without `$select`.
    pub(super) fn shows(&self, name: &str) -> bool {
        let is_annotation = name.starts_with('@');
        is_annotation || self.default.as_ref().unwrap_or(&self.properties).iter().any(|shown| shown == name)
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
    fn a_row_stands_after_those_to_which_its_links_lead() {
        let followed: Vec<_> = Row::all().filter(|row| row.delta).collect();
        for (place, row) in followed.iter().enumerate() {
            let linked = row.relationships.iter().filter(|it| it.delta).flat_map(|it| &it.to);
            let mut later = linked.filter(|name| followed[place + 1..].iter().any(|row| row.name == **name));
            assert_eq!(later.next(), None, "{}", row.name);
        }
    }

    #[test]
    fn a_row_stands_after_the_collection_that_it_is_below() {
        for (place, row) in Row::all().enumerate() {
            let mut later =
                Row::all().skip(place).filter(|one| Some(one.name.as_str()) == row.route.parent());
            assert!(later.next().is_none(), "{}", row.name);
        }
        let names = |name| Row::of(name).parents().iter().map(|row| row.name.as_str()).collect::<Vec<_>>();
        assert_eq!(names("messages"), ["users", "mailFolders"]);
        assert_eq!(names("driveItems"), ["sites", "drives"]);
    }

    #[test]
    fn what_comes_by_default_can_be_selected() {
        for row in Row::all() {
            let unknown = row.default.iter().flatten().find(|name| !row.properties.contains(name));
            assert_eq!(
                (unknown, row.has(&row.key), row.readers.is_empty()),
                (None, true, false),
                "{}",
                row.name
            );
            let unknown = row.made.keys().find(|name| !row.properties.contains(name));
            assert_eq!(unknown, None, "{}", row.name);
        }
    }
}
