//! Rows and permissions out of the files in `catalogue/`; pure.

use std::collections::BTreeMap;

use serde_json::Value;

use super::fields::Fields;
use super::{Linked, Permission, Row, Subscribed};

/// The file that is no resource.
const PERMISSIONS: &str = "permissions";

const KEYS: [&str; 7] = ["path", "mode", "select", "required", "links", "subscription", "permission"];
const CHANGES: [&str; 3] = ["created", "updated", "deleted"];

/// What a row may refer to.
struct Known<'a> {
    resources: Vec<&'a str>,
    permissions: BTreeMap<&'static str, Permission>,
}

/// The rows of files, each a name and a text.
///
/// # Errors
/// All faults of all files, a line each.
pub(super) fn rows(files: &[(&str, &str)]) -> Result<Vec<Row>, Vec<String>> {
    let mut faults = Vec::new();
    let mut read: BTreeMap<&str, Value> = BTreeMap::new();
    for (name, text) in files {
        match serde_json::from_str(text) {
            Ok(value) => drop(read.insert(name, value)),
            Err(error) => faults.push(format!("catalogue/{name}.json: {error}; allowed: an object")),
        }
    }
    let permissions = read.remove(PERMISSIONS).unwrap_or_else(|| Value::Object(serde_json::Map::new()));
    let resources = files.iter().map(|(name, _)| *name).filter(|name| *name != PERMISSIONS).collect();
    let known = Known { resources, permissions: self::permissions(&permissions, &mut faults) };
    let mut rows: Vec<_> =
        read.iter().filter_map(|(name, value)| row(name, value, &known, &mut faults)).collect();
    let leads_away = |row: &Row| row.targets.iter().any(|target| *target != row.resource);
    rows.sort_by_key(|row| (leads_away(row), row.resource));
    if faults.is_empty() { Ok(rows) } else { Err(faults) }
}

fn row(resource: &str, value: &Value, known: &Known<'_>, faults: &mut Vec<String>) -> Option<Row> {
    let file = format!("catalogue/{resource}.json");
    let is_named = is_word(resource);
    if !is_named {
        faults.push(format!("{file}: {resource:?} is not allowed; allowed: a name of letters and digits"));
    }
    let mut fields = Fields::of(format!("{file}: "), value, &KEYS, faults)?;
    let path = fields.text("path", "/<collection>/delta, in letters and digits", is_feed);
    let mode = fields.text("mode", "delta", |mode| mode == "delta");
    let select = fields.sorted("select", "names of properties", is_word);
    if select.as_ref().is_some_and(|select| !select.contains(&"id")) {
        fields.fault("select", "`id` is missing; every object has it");
    }
    let required = fields.texts("required", "names out of select", |name| {
        select.as_ref().is_none_or(|select| select.contains(&name))
    });
    let links = links(resource, known, &mut fields);
    let is_notified = fields.has("subscription");
    let subscription = is_notified.then(|| subscription(&mut fields));
    let permission =
        one_of("permission", &known.permissions.keys().copied().collect::<Vec<_>>(), &mut fields);
    let (path, (links, to), _) = (path?, links?, mode.filter(|_| is_named)?);
    Some(Row {
        resource: keep(resource),
        path: keep(path),
        object_path: keep(path.trim_end_matches("/delta")),
        select: keep_all(&select?),
        always: keep_all(&required?),
        container: keep(resource),
        links: links.leak(),
        targets: keep_all(&to),
        subscription: match subscription {
            Some(subscription) => Some(subscription?),
            None => None,
        },
        permission: known.permissions.get(permission?)?.clone(),
    })
}

/// The links, and where all of them together lead to.
fn links<'a>(
    resource: &str,
    known: &Known<'_>,
    fields: &mut Fields<'a, '_>,
) -> Option<(Vec<Linked>, Vec<&'a str>)> {
    let links = fields.objects("links", &["property", "many", "to"], |mut link| {
        let property = link.text("property", "the name of a navigation property", is_word);
        let many = link.flag("many");
        let to = link.texts("to", &known.resources.join(", "), |name| known.resources.contains(&name));
        let (property, many, to) = (property?, many?, to?);
        let container = keep(&format!("{resource}-{property}"));
        Some((Linked { property: keep(property), container, many }, to))
    })?;
    let mut targets = Vec::new();
    for target in links.iter().flat_map(|(_, to)| to) {
        if !targets.contains(target) {
            targets.push(*target);
        }
    }
    Some((links.into_iter().map(|(link, _)| link).collect(), targets))
}

fn subscription(fields: &mut Fields<'_, '_>) -> Option<Subscribed> {
    let mut fields = fields.object("subscription", &["resource", "changeTypes", "maxMinutes"])?;
    let resource = fields.text("resource", "/<collection>, in letters and digits", is_path);
    let changes = fields.texts("changeTypes", &CHANGES.join(", "), |name| CHANGES.contains(&name));
    let minutes = fields.number("maxMinutes");
    Some(Subscribed { resource: keep(resource?), changes: keep(&changes?.join(",")), minutes: minutes? })
}

fn permissions(value: &Value, faults: &mut Vec<String>) -> BTreeMap<&'static str, Permission> {
    let mut known = BTreeMap::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        let place = format!("catalogue/{PERMISSIONS}.json: {name}.");
        let Some(mut fields) = Fields::of(place, value, &["appRoleId", "wider"], faults) else { continue };
        let id = fields.text("appRoleId", "the id of an app role", |id| {
            id.len() == 36 && uuid::Uuid::try_parse(id).is_ok()
        });
        let wider = fields.texts("wider", "names of permissions", is_permission);
        if let (Some(id), Some(wider)) = (id, wider) {
            let name = keep(name);
            known.insert(name, Permission { name, app_role_id: keep(id), wider: keep_all(&wider) });
        }
    }
    known
}

fn one_of<'a>(key: &str, allowed: &[&str], fields: &mut Fields<'a, '_>) -> Option<&'a str> {
    fields.text(key, &allowed.join(", "), |name| allowed.contains(&name))
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_path(text: &str) -> bool {
    text.strip_prefix('/').is_some_and(|path| path.split('/').all(is_word))
}

fn is_feed(text: &str) -> bool {
    text.strip_suffix("/delta").is_some_and(is_path)
}

fn is_permission(text: &str) -> bool {
    text.split('.').all(is_word)
}

/// The table lives as long as the process.
fn keep(text: &str) -> &'static str {
    text.to_owned().leak()
}

fn keep_all(texts: &[&str]) -> &'static [&'static str] {
    texts.iter().map(|text| keep(text)).collect::<Vec<_>>().leak()
}

#[cfg(test)]
mod tests;
