//! Every resource of the catalogue, by the unmodified binary: all of it, and then what changed.

use sandbox::graph::Tenant;
use sandbox::world::{Setup, World};
use serde_json::{Map, Value, json};

use crate::command_line::{run, stderr, stdout};
use crate::stage::{setup, staged_with};

/// Graph only tells what is added to these.
const ADDITIONS: [&str; 4] =
    ["adhocCallRecordings", "adhocCallTranscripts", "callRecordings", "callTranscripts"];

/// Graph never tells that one of these is gone: the next generation sweeps them.
const NEVER_TOLD: [&str; 3] = ["educationClasses", "educationSchools", "educationUsers"];

/// The rows, parents first.
async fn rows() -> Vec<Value> {
    let said = stdout(&run(&[], "resources --output json").await.code(0));
    let mut rows: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    rows.sort_by_key(|row| row["parents"].as_array().map_or(0, Vec::len));
    rows
}

/// Another value of some property with a text, which is no key and no time.
fn patch(object: &Map<String, Value>, row: &Value) -> Option<Value> {
    let is_free = |name: &str, text: &str| {
        let is_key = name == row["key"] || name.to_lowercase().ends_with("id");
        !is_key && !name.contains('@') && !name.ends_with("DateTime") && !text.contains("T00:")
    };
    let selected = |name: &str| {
        let select = row["select"].as_array().filter(|select| !select.is_empty());
        select.is_none_or(|select| select.iter().any(|one| one == name))
    };
    let found = object.iter().find_map(|(name, value)| {
        let text = value.as_str().filter(|text| is_free(name, text) && selected(name))?;
        Some((name.clone(), format!("{text} anew")))
    });
    found.map(|(name, text)| json!({ name: text }))
}

fn change(tenant: &mut Tenant, row: &Value) {
    let name = row["resource"].as_str().unwrap();
    let ids = tenant.ids(name);
    let Some(first) = ids.first() else { return };
    // What changes after the overlap of a time range, nobody reads again; an expanded null is shown or not.
    let is_added = ADDITIONS.contains(&name);
    let is_fixed = is_added || row["mode"] == "window" || name == "roleManagementPolicyAssignments";
    if let Some(patch) = tenant.get(name, first).filter(|_| !is_fixed).and_then(|object| patch(object, row)) {
        tenant.change(name, first, patch);
    }
    // Stories of their own remove objects with links.
    let has_links = row["links"].as_array().is_some_and(|links| !links.is_empty());
    let stays = has_links || is_added || NEVER_TOLD.contains(&name);
    if let Some(second) = ids.get(1).filter(|_| !stays) {
        tenant.purge(name, second);
    }
    if is_added {
        tenant.create(name);
    }
}

#[tokio::test]
async fn every_resource_is_copied_and_then_followed() {
    let rows = rows().await;
    let names: Vec<_> = rows.iter().map(|row| row["resource"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 126);
    let there = ["users", "groups", "devices"];
    let added: Vec<_> = names.iter().copied().filter(|name| !there.contains(name)).collect();
    let root = staged_with(&added);
    let setup = Setup { users: 4, groups: 3, root: root.path().to_owned(), ..setup() };
    let world = World::start(setup.of_every_feed(3)).await.unwrap();
    let root = ("FUNCTIONS_APP_ROOT_PATH".to_owned(), root.path().display().to_string());
    let settings = [world.settings(), &[root]].concat();
    let sync = format!("sync {}", names.join(" "));
    for round in ["all of it", "what changed"] {
        // Links end with the objects that they lead to, which are synced after them.
        println!("{round}:\n{}", stdout(&run(&settings, &sync).await));
        let ran = run(&settings, &sync).await;
        let said = stdout(&ran);
        println!("and again:\n{said}");
        assert_eq!(
            said.lines().filter(|line| line.contains(": complete")).count(),
            names.len(),
            "{}",
            stderr(&ran)
        );
        let differences = world.differences().await;
        assert!(differences.is_empty(), "{round}: {differences:#?}");
        world.graph.tenant(|tenant| rows.iter().for_each(|row| change(tenant, row)));
    }
}
