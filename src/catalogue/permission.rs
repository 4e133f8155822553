//! Permissions of Microsoft Graph: what a resource needs, what is as good, and how it is granted; pure.

/// An application permission (an app role), and the delegated permission of the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// Its value, as in `User.Read.All`.
    pub name: &'static str,
    /// Id of the app role: <https://learn.microsoft.com/graph/permissions-reference>.
    pub app_role_id: &'static str,
    /// Permissions that do too, because they are wider: the column "Higher privileged permissions" of the page of
    /// the feed, as in <https://learn.microsoft.com/graph/api/user-delta#permissions>.
    pub wider: &'static [&'static str],
}

impl Permission {
    /// Microsoft Graph in the global cloud.
    pub const GLOBAL: &str = "https://graph.microsoft.com";
    /// Stands for an identity that is not known.
    pub const NO_PRINCIPAL: &str = "<object id of the identity>";

    /// The narrowest one among `granted` that will do, if there is one.
    pub fn satisfied_by(&self, granted: &[&str]) -> Option<&'static str> {
        std::iter::once(&self.name).chain(self.wider).copied().find(|name| granted.contains(name))
    }

    /// The command that grants it to an identity; `graph` is the origin of Microsoft Graph.
    /// <https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-assign-app-role-managed-identity>
    pub fn grant(&self, graph: &str, principal_id: Option<&str>) -> String {
        let (principal, role) = (principal_id.unwrap_or(Self::NO_PRINCIPAL), self.app_role_id);
        format!(
            "az rest --method POST --uri {graph}/v1.0/servicePrincipals/{principal}/appRoleAssignments \
             --body \"{{'principalId':'{principal}','appRoleId':'{role}','resourceId':'$(az ad sp show \
             --id 00000003-0000-0000-c000-000000000000 --query id -o tsv)'}}\""
        )
    }
}

#[cfg(test)]
mod tests {
    use crate::catalogue::row;

    #[test]
    fn a_wider_permission_will_do_and_a_narrower_one_will_not() {
        let users = &row("users").unwrap().permission;
        assert_eq!(users.satisfied_by(&["Directory.Read.All", "User.Read.All"]), Some("User.Read.All"));
        assert_eq!(users.satisfied_by(&["Mail.Read", "Directory.Read.All"]), Some("Directory.Read.All"));
        assert_eq!(users.satisfied_by(&["User.ReadBasic.All", "Group.Read.All"]), None);
        assert_eq!(row("groups").unwrap().permission.satisfied_by(&["GroupMember.Read.All"]), None);
    }
}
