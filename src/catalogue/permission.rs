//! Permissions of Microsoft Graph: what a resource needs, what is as good, and how it is granted; pure.

/// An application permission (an app role), and the delegated permission of the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// Its value, as in `User.Read.All`.
    pub name: String,
    /// Id of the app role, empty where there is a delegated permission only:
    /// <https://learn.microsoft.com/graph/permissions-reference>.
    pub app_role_id: String,
    /// Permissions that do too, because they are wider: the column "Higher privileged permissions" of the page of
    /// the feed, as in <https://learn.microsoft.com/graph/api/user-delta#permissions>.
    pub wider: Vec<String>,
}

impl Permission {
    /// Microsoft Graph in the global cloud.
    pub const GLOBAL: &str = "https://graph.microsoft.com";
    /// Stands for an identity that is not known.
    pub const NO_PRINCIPAL: &str = "<object id of the identity>";

    /// The narrowest one among `granted` that will do, if there is one.
    pub fn satisfied_by(&self, granted: &[&str]) -> Option<&str> {
        let names = std::iter::once(&self.name).chain(&self.wider);
        names.map(String::as_str).find(|name| granted.contains(name))
    }

    /// The permissions that would do too, in brackets; nothing where there are none.
    pub fn others(&self) -> String {
        match self.wider.split_last() {
            None => String::new(),
            Some((last, [])) => format!(" ({last} would do too)"),
            Some((last, others)) => format!(" ({} or {last} would do too)", others.join(", ")),
        }
    }

    /// The command that grants it to an identity; `graph` is the origin of Microsoft Graph.
    /// <https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-assign-app-role-managed-identity>
    pub fn grant(&self, graph: &str, principal_id: Option<&str>) -> String {
        let (principal, role) = (principal_id.unwrap_or(Self::NO_PRINCIPAL), &self.app_role_id);
        format!(
            "az rest --method POST --uri {graph}/v1.0/servicePrincipals/{principal}/appRoleAssignments \
             --body \"{{'principalId':'{principal}','appRoleId':'{role}','resourceId':'$(az ad sp show \
             --id 00000003-0000-0000-c000-000000000000 --query id -o tsv)'}}\""
        )
    }
}
