//! The choice of parents of a resource that is added, as the file that says it; pure.

use serde_json::json;

use super::AddError;
use crate::catalogue::Resource;

/// The parents whose objects are copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// All of them.
    All,
    /// Those with these ids.
    Ids(Vec<String>),
    /// The members of the group with this id.
    Group(String),
}

/// The `resource.json` that chooses the parents; none where there is nothing to choose.
pub(super) fn choice(row: &Resource, who: Option<&Choice>) -> Result<Option<String>, AddError> {
    let Some(parent) = row.parents().first() else {
        return match who {
            Some(_) => Err(AddError::NoParents(row.name.clone())),
            None => Ok(None),
        };
    };
    let value = match who {
        Some(Choice::All) => json!("all"),
        Some(Choice::Ids(ids)) => json!(ids),
        Some(Choice::Group(id)) => json!({ "group": id }),
        None if row.parents_required => {
            return Err(AddError::NothingChosen { resource: row.name.clone(), parent: parent.clone() });
        }
        None => return Ok(None),
    };
    let own = json!({ "parents": { parent: value } });
    Ok(Some(serde_json::to_string_pretty(&own).unwrap_or_default() + "\n"))
}
