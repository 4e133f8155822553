//! What a row may refer to; pure.

use std::collections::BTreeMap;

use super::super::Permission;
use super::super::fields::Fields;
use super::syntax::is_permission;

/// What a row may refer to.
pub(super) struct Known<'a> {
    pub(super) resources: Vec<&'a str>,
    pub(super) permissions: BTreeMap<String, Permission>,
}

impl Known<'_> {
    /// The delegated permission under the same key, which need not have an application permission of its name.
    pub(super) fn delegated(&self, fields: &mut Fields<'_, '_>) -> Option<Permission> {
        let name = fields.text("permission", "the name of a delegated permission", is_permission)?;
        let unknown = || Permission { name: name.to_owned(), app_role_id: String::new(), wider: Vec::new() };
        Some(self.permissions.get(name).cloned().unwrap_or_else(unknown))
    }

    /// The permission under the key of that name.
    pub(super) fn permission(&self, fields: &mut Fields<'_, '_>) -> Option<Permission> {
        let is_known = |name: &str| self.permissions.contains_key(name);
        // Their names are put together for a fault only.
        let name = fields.text_with("permission", is_known, || {
            self.permissions.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
        })?;
        self.permissions.get(name).cloned()
    }
}

/// Texts of their own.
pub(super) fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}
