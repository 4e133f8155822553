//! Relationships between objects: who is linked to whom, since when, and at which positions of the log that turned.
//!
//! A link belongs to the collection of its source and turns on and off at positions of that collection's log, so that
//! every replica can say whether it was there. Nothing here knows of HTTP, pages or tokens.

/// A navigation property that delta query tracks, told as `<name>@delta`. Sources:
/// <https://learn.microsoft.com/graph/delta-query-groups> and <https://learn.microsoft.com/graph/api/user-delta>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relationship {
    /// Members of a group: users and groups.
    Members,
    /// Owners of a group: users.
    Owners,
    /// The manager of a user: at most one user.
    Manager,
}

impl Relationship {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Members, Self::Owners, Self::Manager];

    /// The name in `$select`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Members => "members",
            Self::Owners => "owners",
            Self::Manager => "manager",
        }
    }

    /// The feed in which it is told: that of its source.
    pub const fn feed(self) -> &'static str {
        match self {
            Self::Members | Self::Owners => "groups",
            Self::Manager => "users",
        }
    }

    /// The container of a copy: `<feed>-<name>`.
    pub const fn container(self) -> &'static str {
        match self {
            Self::Members => "groups-members",
            Self::Owners => "groups-owners",
            Self::Manager => "users-manager",
        }
    }

    /// The annotation that tells its changes.
    pub(super) const fn annotation(self) -> &'static str {
        match self {
            Self::Members => "members@delta",
            Self::Owners => "owners@delta",
            Self::Manager => "manager@delta",
        }
    }
}

/// One link that is there now, as [`super::Tenant::links`] says it.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// Whose link it is.
    pub source: String,
    /// To whom.
    pub target: String,
    /// `user` or `group`: the last segment of the target's `@odata.type`.
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
