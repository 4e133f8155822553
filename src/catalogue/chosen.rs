//! Which objects of a parent a deployment has chosen: what lies below the others is not copied. Pure.

use super::Permission;

/// The choice, at one of the resources that a feed lies under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The resource, such as `users`.
    pub resource: String,
    /// Its objects.
    pub who: Who,
}

/// The chosen objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// All of them.
    All,
    /// Those with these ids.
    Ids(Vec<String>),
    /// The members of a group, and of the groups in it.
    Group {
        /// The id of the group.
        id: String,
        /// What reads its members.
        permission: Box<Permission>,
    },
}

impl Who {
    /// Whether an id is among those that the row lists; none where another list says that.
    pub fn lists(&self, id: &str) -> Option<bool> {
        match self {
            Self::All => Some(true),
            Self::Ids(ids) => Some(ids.iter().any(|chosen| chosen.eq_ignore_ascii_case(id))),
            Self::Group { .. } => None,
        }
    }
}
