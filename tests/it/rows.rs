//! The rows of the catalogue agree with Graph's public metadata (`tests/facts`): what they select exists, and their
//! permissions are app roles.

use std::collections::{BTreeMap, BTreeSet};

use graph_mirror::catalogue::{Mode, Resource, Status, embedded};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Facts {
    types: BTreeMap<String, Type>,
    app_roles: BTreeMap<String, String>,
}

/// Names, separated by spaces.
#[derive(Deserialize)]
struct Type {
    properties: String,
    navigation: String,
}

/// Properties that a row names and the metadata lacks: resource, property and why it is there all the same.
const EXCEPTIONS: [(&str, &str, &str); 1] = [(
    "devices",
    "extensionAttributes",
    "https://learn.microsoft.com/graph/api/resources/device documents it, and devices are copied with it",
)];

fn facts() -> Facts {
    serde_json::from_str(include_str!("../facts/metadata.json")).unwrap()
}

/// What of a row is not in the metadata, a line each.
fn faults(row: &Resource, facts: &Facts) -> Vec<String> {
    let mut faults = Vec::new();
    let name = &row.name;
    let Some(known) = row.entity_type.as_ref().and_then(|name| facts.types.get(name)) else {
        return vec![format!("{name}: type {:?} is not in tests/facts/metadata.json", row.entity_type)];
    };
    let properties: BTreeSet<_> = known.properties.split(' ').collect();
    let navigation: BTreeSet<_> = known.navigation.split(' ').collect();
    let named = row.properties.iter().chain(&row.required).chain([&row.key]);
    let named = named.chain(row.window.iter().map(|window| &window.property));
    for property in named.filter(|property| !properties.contains(&***property)) {
        if !EXCEPTIONS.iter().any(|(row, except, _)| row == name && except == property) {
            faults.push(format!("{name}: {property} is no property of {:?}", row.entity_type));
        }
    }
    for link in row.relationships.iter().filter(|link| !navigation.contains(&*link.property)) {
        faults.push(format!("{name}: {} is no navigation property", link.property));
    }
    let others = row.subscription.iter().filter_map(|to| to.permission.as_ref());
    for permission in [&row.permission].into_iter().chain(others) {
        if facts.app_roles.get(&permission.name) != Some(&permission.app_role_id) {
            faults
                .push(format!("{name}: {} is not the app role {}", permission.name, permission.app_role_id));
        }
    }
    for wider in row.permission.wider.iter().filter(|wider| !facts.app_roles.contains_key(*wider)) {
        faults.push(format!("{name}: {wider} is no app role"));
    }
    faults
}

#[test]
fn rows_select_what_there_is_and_need_permissions_that_can_be_granted() {
    let (facts, rows) = (facts(), embedded().unwrap());
    assert!(rows.len() >= 126, "{} rows", rows.len());
    let all: Vec<_> = rows.iter().flat_map(|row| faults(row, &facts)).collect();
    assert!(all.is_empty(), "{}", all.join("\n"));
    for (name, property, _) in EXCEPTIONS {
        let row = rows.iter().find(|row| row.name == name).unwrap();
        let known = &facts.types[row.entity_type.as_ref().unwrap()].properties;
        let is_new = !known.split(' ').any(|one| one == property);
        assert!(is_new && row.properties.iter().any(|one| one == property), "{property} is no exception");
    }
}

#[test]
fn each_wrong_name_in_a_row_is_found() {
    let facts = facts();
    let users = embedded().unwrap().iter().find(|row| row.name == "users").unwrap();
    let of = |change: fn(&mut Resource)| {
        let mut row = Resource::clone(users);
        change(&mut row);
        faults(&row, &facts).len()
    };
    assert_eq!(of(|_| {}), 0);
    assert_eq!(of(|row| row.properties.push("mailbox".into())), 1);
    assert_eq!(of(|row| row.required.push("extensionAttributes".into())), 1, "it is one of devices only");
    assert_eq!(of(|row| row.key = "userId".into()), 1);
    assert_eq!(of(|row| row.relationships[0].property = "mail".into()), 1);
    assert_eq!(of(|row| row.permission.app_role_id = "00000000-0000-0000-0000-000000000000".into()), 1);
    assert_eq!(of(|row| row.permission.wider.push("User.Red.All".into())), 1);
    assert_eq!(of(|row| row.entity_type = Some("microsoft.graph.usr".into())), 1);
}

#[test]
fn rows_say_what_is_not_known_of_them() {
    for row in embedded().unwrap() {
        let is_said = row.status != Status::Unverified || !row.quirks.is_empty();
        assert!(is_said, "{} is unverified and does not say why", row.name);
        for quirk in &row.quirks {
            let ends = quirk.ends_with('.') && quirk.starts_with(|first: char| !first.is_whitespace());
            assert!(ends && !quirk.contains(['[', ']']), "{}: {quirk}", row.name);
        }
        assert_eq!(row.mode == Mode::Window, row.window.is_some(), "{}", row.name);
    }
}
