//! The permissions out of their file; pure.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::Permission;
use super::super::fields::Fields;
use super::known::owned;
use super::syntax::is_permission;

/// The permissions by name.
pub(super) fn permissions(
    path: &str,
    value: &Value,
    faults: &mut Vec<String>,
) -> BTreeMap<String, Permission> {
    let mut known = BTreeMap::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        let place = format!("{path}: {name}.");
        let Some(mut fields) = Fields::of(place, value, &["appRoleId", "wider"], faults) else { continue };
        let id = fields.text("appRoleId", "the id of an app role", |id| {
            id.len() == 36 && uuid::Uuid::try_parse(id).is_ok()
        });
        let wider = fields.list("wider", "names of permissions", is_permission);
        if let (Some(id), Some(wider)) = (id, wider) {
            let permission =
                Permission { name: name.clone(), app_role_id: id.to_owned(), wider: owned(&wider) };
            known.insert(name.clone(), permission);
        }
    }
    known
}
