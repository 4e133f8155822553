//! The feeds as rows: what there is to select, what comes unasked, and who may read.

use super::{
    relationship::Relationship,
    seed::{PROPERTIES, groups::GROUP_PROPERTIES},
};

/// One feed: `/v1.0/<name>/delta`, and beside it `/v1.0/<name>/{id}` and `/v1.0/<name>/{id}/<navigation property>`.
#[derive(Debug)]
pub(super) struct Feed {
    pub(super) name: &'static str,
    /// The last segment of the type of its objects.
    pub(super) kind: &'static str,
    /// What can be selected and is tracked.
    pub(super) properties: &'static [&'static str],
    /// What can be selected and is not tracked.
    pub(super) untracked: &'static [&'static str],
    /// What comes without `$select`.
    pub(super) default: &'static [&'static str],
    /// The navigation properties that can be selected.
    pub(super) relationships: &'static [Relationship],
    /// The navigation properties that come without `$select`.
    pub(super) default_relationships: &'static [Relationship],
    /// The application roles of which one is needed.
    pub(super) readers: &'static [&'static str],
}

/// All feeds.
pub(super) static FEEDS: [&Feed; 2] = [&USERS, &GROUPS];

/// Roles and default properties: <https://learn.microsoft.com/graph/api/user-delta>.
#[rustfmt::skip]
pub(super) static USERS: Feed = Feed {
    name: "users",
    kind: "user",
    properties: PROPERTIES,
    untracked: &["licenseAssignmentStates"],
    default: &[
        "businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone", "officeLocation",
        "preferredLanguage", "surname", "userPrincipalName",
    ],
    relationships: &[Relationship::Manager],
    default_relationships: &[],
    readers: &["User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"],
};

/// Roles: <https://learn.microsoft.com/graph/api/group-delta>; members come by default:
/// <https://learn.microsoft.com/graph/delta-query-groups>.
#[rustfmt::skip]
pub(super) static GROUPS: Feed = Feed {
    name: "groups",
    kind: "group",
    properties: GROUP_PROPERTIES,
    untracked: &["deletedDateTime"],
    default: GROUP_PROPERTIES,
    relationships: &[Relationship::Members, Relationship::Owners],
    default_relationships: &[Relationship::Members],
    readers: &[
        "Group.Read.All", "Group.ReadWrite.All", "GroupMember.Read.All", "GroupMember.ReadWrite.All",
        "Directory.Read.All", "Directory.ReadWrite.All",
    ],
};

impl Feed {
    /// What `<id>/<navigation property>` asks for.
    pub(super) fn relationship_of(&self, path: &str) -> Option<Relationship> {
        let (id, property) = path.split_once('/')?;
        let named = self.relationships.iter().find(|relationship| relationship.name() == property);
        named.copied().filter(|_| !id.is_empty())
    }

    /// The feed with that name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        FEEDS.into_iter().find(|feed| feed.name == name)
    }
}
