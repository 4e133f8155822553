//! The parents that a row chooses; pure.

use serde_json::Value;

use super::super::fields::Fields;
use super::super::{Chosen, Who};
use super::known::Known;

/// What is allowed, in words.
const CHOICE: &str = "one parent out of path with {\"group\": \"<id>\"}, [\"<id>\", …] or \"all\", such as {\"users\": {\"group\": \"<id>\"}}";
/// What reads the members of a group: <https://learn.microsoft.com/graph/api/group-list-transitivemembers>.
const MEMBERS: &str = "GroupMember.Read.All";

/// The choice under the key `parents`, if it is there.
pub(super) fn choice(known: &Known<'_>, fields: &mut Fields<'_, '_>) -> Option<Option<Chosen>> {
    let Some(given) = fields.map("parents", CHOICE)? else { return Some(None) };
    let chosen = match given.iter().next().filter(|_| given.len() == 1) {
        Some((resource, who)) => who_of(known, who).map(|who| Chosen { resource: resource.clone(), who }),
        None => None,
    };
    if chosen.is_none() {
        fields.fault(
            "parents",
            format_args!("{} is not allowed; allowed: {CHOICE}", Value::Object(given.clone())),
        );
    }
    chosen.map(Some)
}

fn who_of(known: &Known<'_>, who: &Value) -> Option<Who> {
    let is_id =
        |id: &&str| !id.trim().is_empty() && !id.contains(['/', '?', '#']) && !id.contains(char::is_control);
    match who {
        Value::String(all) if all == "all" => Some(Who::All),
        Value::Array(ids) if !ids.is_empty() => {
            let ids = ids.iter().map(|id| id.as_str().filter(is_id).map(str::to_owned));
            ids.collect::<Option<_>>().map(Who::Ids)
        }
        Value::Object(group) if group.len() == 1 => {
            let id = group.get("group")?.as_str().filter(is_id)?.to_owned();
            let permission = Box::new(known.permissions.get(MEMBERS)?.clone());
            Some(Who::Group { id, permission })
        }
        _ => None,
    }
}
