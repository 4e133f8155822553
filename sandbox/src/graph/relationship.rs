//! Relationships between objects: who is linked to whom, since when, and at which positions of the log that turned.
//!
//! A link belongs to the collection of its source and turns on and off at positions of that collection's log, so that
//! every replica can say whether it was there. Nothing here knows of HTTP, pages or tokens.

use std::{fmt, sync::LazyLock};

use super::row::{Definition, Row};

/// All navigation properties, in the order of the rows.
static ALL: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let definitions = Row::all().flat_map(|row| row.relationships.iter().map(move |it| (row, it)));
    let known = definitions.map(|(row, definition)| Known {
        row,
        definition,
        container: format!("{}-{}", row.name, definition.name),
        annotation: format!("{}@delta", definition.name),
    });
    known.collect()
});

struct Known {
    row: &'static Row,
    definition: &'static Definition,
    container: String,
    annotation: String,
}

/// A navigation property of the objects of one collection; delta query tells its changes as `<name>@delta`. Sources:
/// <https://learn.microsoft.com/graph/delta-query-groups> and <https://learn.microsoft.com/graph/api/user-delta>.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Relationship(usize);

impl Relationship {
    /// All of them, in the order of the rows.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..ALL.len()).map(Self)
    }

    /// Those that the delta query of a collection tracks.
    pub fn tracked_by(feed: &str) -> impl Iterator<Item = Self> {
        Self::all().filter(move |one| one.of() == feed && one.is_tracked())
    }

    /// The navigation property of that name.
    pub(super) fn below(row: &Row, property: &str) -> Option<Self> {
        Self::all().find(|one| one.of() == row.name && one.name() == property)
    }

    /// Those that a property of the objects of a collection follows against their direction, such as `memberOf`.
    pub(super) fn backward(row: &Row, property: &str) -> impl Iterator<Item = Self> {
        let forward = match property {
            "memberOf" | "transitiveMemberOf" => "members",
            "directReports" => "manager",
            _ => "",
        };
        Self::all().filter(move |one| one.name() == forward && one.to().contains(&row.name))
    }

    /// The one with that container: `groups-members` are the members of groups.
    ///
    /// # Panics
    /// When there is none.
    pub fn named(container: &str) -> Self {
        let found = Self::all().find(|one| one.container() == container);
        found.unwrap_or_else(|| panic!("sandbox/tenant.json has no relationship `{container}`"))
    }

    /// The name in `$select`.
    pub fn name(self) -> &'static str {
        &self.known().definition.name
    }

    /// The collection of its sources.
    pub fn of(self) -> &'static str {
        &self.known().row.name
    }

    /// The collections of its targets.
    pub fn to(self) -> &'static [String] {
        &self.known().definition.to
    }

    /// An object has at most one.
    pub fn is_to_one(self) -> bool {
        self.known().definition.one
    }

    /// Delta query tracks it.
    pub fn is_tracked(self) -> bool {
        self.known().row.delta && self.known().definition.delta
    }

    /// The container of a copy: `<collection>-<name>`.
    pub fn container(self) -> &'static str {
        &self.known().container
    }

    /// The annotation that tells its changes.
    pub(super) fn annotation(self) -> &'static str {
        &self.known().annotation
    }

    /// Delta query tells its changes also without `$select`.
    pub(super) fn comes_by_default(self) -> bool {
        self.known().definition.default
    }

    fn known(self) -> &'static Known {
        &ALL[self.0]
    }
}

impl From<&str> for Relationship {
    /// [`Relationship::named`].
    fn from(container: &str) -> Self {
        Self::named(container)
    }
}

impl fmt::Debug for Relationship {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.container())
    }
}

/// One link that is there now, as [`super::Tenant::links`] says it.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// Whose link it is.
    pub source: String,
    /// To whom.
    pub target: String,
    /// Such as `user`: the last segment of the target's `@odata.type`.
    pub target_type: &'static str,
    /// The source is among the deleted items: Graph does not show the link, and brings it back with the source.
    pub dormant: bool,
}

/// What identifies a link of a given source.
pub(super) type LinkKey = (Relationship, String);

/// The story of one link.
#[derive(Clone, Debug)]
pub(super) struct Edge {
    pub(super) target_type: &'static str,
    /// It went at last because its target was deleted for good.
    pub(super) purged: bool,
    turns: Vec<usize>,
}

impl Edge {
    pub(super) fn new(target_type: &'static str) -> Self {
        Self { target_type, purged: false, turns: Vec::new() }
    }

    /// The change at this index of the log turned it on or off.
    pub(super) fn turn(&mut self, index: usize) {
        self.turns.push(index);
    }

    /// It was ever there when only the first `position` changes had happened.
    pub(super) fn is_known_at(&self, position: usize) -> bool {
        self.turns.first().is_some_and(|first| *first < position)
    }

    /// It was there when only the first `position` changes had happened.
    pub(super) fn is_at(&self, position: usize) -> bool {
        self.turns_by(position) % 2 == 1
    }

    /// It was there before the last change of it by then.
    pub(super) fn was_before(&self, position: usize) -> bool {
        self.is_known_at(position) && !self.is_at(position)
    }

    /// It is there now.
    pub(super) fn is_now(&self) -> bool {
        self.turns.len() % 2 == 1
    }

    fn turns_by(&self, position: usize) -> usize {
        self.turns.partition_point(|index| *index < position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_is_as_it_was_at_every_position() {
        let mut edge = Edge::new("user");
        [2, 5, 6].into_iter().for_each(|index| edge.turn(index));
        let there: Vec<_> = (0..9).filter(|position| edge.is_at(*position)).collect();
        assert_eq!(there, [3, 4, 5, 7, 8]);
        assert_eq!(
            (edge.is_now(), edge.was_before(7), edge.was_before(6), edge.is_known_at(2)),
            (true, false, true, false)
        );
    }
}
