//! Groups of the directory, their members and owners.

use super::{DIRECTORY_MINUTES, Linked, Permission, Row, Subscribed};

/// `/groups/delta`, with `members` and `owners`, which come in slices over several pages and rounds:
/// <https://learn.microsoft.com/graph/api/group-delta>. What lives in Exchange (`allowExternalSenders`,
/// `unseenCount`…) is refused by the feed and is not here.
pub(super) const GROUPS: Row = Row {
    resource: "groups",
    path: "/groups/delta",
    object_path: "/groups",
    select: &[
        "classification",
        "createdDateTime",
        "description",
        "displayName",
        "expirationDateTime",
        "groupTypes",
        "id",
        "isAssignableToRole",
        "mail",
        "mailEnabled",
        "mailNickname",
        "membershipRule",
        "membershipRuleProcessingState",
        "onPremisesDomainName",
        "onPremisesLastSyncDateTime",
        "onPremisesNetBiosName",
        "onPremisesProvisioningErrors",
        "onPremisesSamAccountName",
        "onPremisesSecurityIdentifier",
        "onPremisesSyncEnabled",
        "preferredDataLocation",
        "preferredLanguage",
        "proxyAddresses",
        "renewedDateTime",
        "resourceProvisioningOptions",
        "securityEnabled",
        "securityIdentifier",
        "theme",
        "visibility",
    ],
    always: &["displayName", "mailEnabled", "securityEnabled"],
    container: "groups",
    links: &[
        Linked { property: "members", container: "groups-members", many: true },
        Linked { property: "owners", container: "groups-owners", many: true },
    ],
    targets: &["users", "groups"],
    subscription: Some(Subscribed {
        resource: "/groups",
        changes: "updated,deleted",
        minutes: DIRECTORY_MINUTES,
    }),
    // The page names `GroupMember.Read.All` as the least; it leaves out properties that are copied.
    permission: Permission {
        name: "Group.Read.All",
        app_role_id: "5b567255-7703-4780-807c-7be8301ae99b",
        wider: &["Directory.Read.All", "Directory.ReadWrite.All", "Group.ReadWrite.All"],
    },
};
