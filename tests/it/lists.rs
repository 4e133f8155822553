//! Rule 13: a resource without a delta query is read as a whole each time, and only what differs is written.

use std::fs;

use sandbox::graph::{Fault, Match};
use sandbox::world::{Setup, World};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::command_line::{run, stderr, stdout};
use crate::stage::setup;

/// Twenty users as the list `people`, and the settings of a deployment that mirrors it.
struct Listed {
    world: World,
    settings: Vec<(String, String)>,
    _folder: TempDir,
}

impl Listed {
    async fn new(row: &Value) -> Self {
        let world = World::start(Setup { users: 20, ..setup() }).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let function = folder.path().join("sync_people");
        fs::create_dir_all(&function).unwrap();
        fs::write(function.join("function.json"), "{}").unwrap();
        fs::write(function.join("resource.json"), row.to_string()).unwrap();
        let root = ("FUNCTIONS_APP_ROOT_PATH".to_owned(), folder.path().display().to_string());
        let settings = [world.settings_with_key(), vec![root]].concat();
        run(&settings, "init").await.code(0);
        world.cosmos.reset_log();
        Self { world, settings, _folder: folder }
    }

    async fn sync(&self, options: &str) -> String {
        stdout(&run(&self.settings, &format!("sync people {options}")).await)
    }

    /// How many living documents there are, and how many tombstones.
    async fn documents(&self) -> (usize, usize) {
        let all = self.world.cosmos.documents("people").await;
        let gone = all.iter().filter(|one| one["_mirror"].get("removed").is_some()).count();
        (all.len() - gone, gone)
    }

    fn writes(&self) -> usize {
        let writes = self.world.document_writes().len();
        self.world.cosmos.reset_log();
        writes
    }
}

fn people() -> Value {
    json!({
        "path": "/users", "mode": "list", "select": ["city", "displayName", "id"], "pageSize": 6,
        "permission": "User.Read.All",
    })
}

#[tokio::test]
async fn a_list_is_copied_and_a_second_run_writes_nothing() {
    let listed = Listed::new(&people()).await;
    let said = listed.sync("").await;
    assert!(
        said.starts_with("people: complete; 20 upserted, 0 removed") && said.contains("4 pages"),
        "{said}"
    );
    assert_eq!((listed.documents().await, listed.writes()), ((20, 0), 20));
    let id = &listed.world.graph.tenant(|tenant| tenant.ids("users"))[0];
    let document = listed.world.cosmos.document("people", id, id).await.unwrap();
    assert_eq!(document["_mirror"]["source"], "list");
    let said = listed.sync("").await;
    assert!(said.starts_with("people: complete; 0 upserted, 0 removed, 20 unchanged"), "{said}");
    assert_eq!(listed.writes(), 0, "documents that say what the list says are not written");
    let verified = stdout(&run(&listed.settings, "verify people").await.code(0));
    assert!(verified.starts_with("people: 0 differences; 20 objects"), "{verified}");
}

#[tokio::test]
async fn what_changed_is_written_and_what_is_gone_becomes_a_tombstone() {
    let listed = Listed::new(&people()).await;
    listed.sync("").await;
    listed.writes();
    let ids = listed.world.graph.tenant(|tenant| {
        let ids = tenant.ids("users");
        tenant.change("users", &ids[3], json!({"city": "Ulm"}));
        tenant.purge("users", &ids[4]);
        tenant.create("users");
        ids
    });
    let foretold = listed.sync("--dry-run").await;
    assert!(foretold.contains("; reads the whole list; 2 upserted, 1 removed"), "{foretold}");
    let said = listed.sync("").await;
    assert!(said.starts_with("people: complete; 2 upserted, 1 removed, 18 unchanged"), "{said}");
    assert_eq!((listed.documents().await, listed.writes()), ((20, 1), 3));
    let changed = listed.world.cosmos.document("people", &ids[3], &ids[3]).await.unwrap();
    assert_eq!(changed["city"], "Ulm");
}

#[tokio::test]
async fn an_object_that_the_list_loses_stays_while_graph_shows_it_by_its_id() {
    let listed = Listed::new(&people()).await;
    listed.sync("").await;
    let lost = listed.world.graph.tenant(|tenant| tenant.ids("users"))[7].clone();
    let page = json!({"value": listed.world.cosmos.documents("people").await.iter()
        .filter(|one| one["id"] != lost)
        .map(|one| json!({"id": one["id"], "displayName": one["displayName"], "city": one["city"]}))
        .collect::<Vec<_>>()});
    let answer = Fault::Status { code: 200, body: page.to_string() };
    listed.world.graph.fail(Match::any(), 1, answer);
    let said = listed.sync("").await;
    assert!(said.contains("0 removed"), "{said}");
    assert_eq!(listed.documents().await, (20, 0));
    let document = listed.world.cosmos.document("people", &lost, &lost).await.unwrap();
    assert_eq!(document["_mirror"]["source"], "by-id");
    listed.sync("").await;
    let document = listed.world.cosmos.document("people", &lost, &lost).await.unwrap();
    assert_eq!(document["_mirror"]["source"], "list", "the next list shows it again");
}

#[tokio::test]
async fn the_removal_limit_holds_until_somebody_accepts_or_the_list_is_whole_again() {
    let listed = Listed::new(&people()).await;
    listed.sync("").await;
    listed.world.graph.tenant(|tenant| {
        tenant.ids("users").iter().take(12).for_each(|id| assert!(tenant.purge("users", id)))
    });
    let said = listed.sync("").await;
    assert!(said.contains("held by the removal limit"), "{said}");
    assert_eq!(listed.documents().await, (20, 0));
    let said = listed.sync("--accept-removals").await;
    assert!(said.contains("12 removed"), "{said}");
    assert_eq!(listed.documents().await, (8, 12));
}

#[tokio::test]
async fn a_list_that_ends_in_the_middle_removes_nobody() {
    let listed = Listed::new(&people()).await;
    listed.sync("").await;
    listed.writes();
    for answer in [
        Fault::Status { code: 200, body: r#"{"value":[],"@odata.nextLink":7}"#.into() },
        Fault::Status { code: 200, body: "{\"value\":[{\"id\":\"x\"}".into() },
        Fault::Status { code: 500, body: String::new() },
        Fault::Status { code: 400, body: r#"{"error":{"code":"Request_UnsupportedQuery"}}"#.into() },
    ] {
        listed.world.graph.fail(Match::any().nth(2), 40, answer);
        let ran = run(
            &[listed.settings.clone(), vec![("SYNC_BUDGET_SECONDS".into(), "2".into())]].concat(),
            "sync people",
        )
        .await;
        listed.world.graph.faults().clear();
        assert!(!stderr(&ran).is_empty());
        assert_eq!((listed.documents().await, listed.writes()), ((20, 0), 0));
    }
    let said = listed.sync("").await;
    assert!(said.contains("complete; 0 upserted, 0 removed, 20 unchanged"), "{said}");
}

#[tokio::test]
async fn a_list_that_is_cut_into_turns_remembers_what_it_has_shown() {
    let listed = Listed::new(&people()).await;
    listed.sync("").await;
    let gone = listed.world.graph.tenant(|tenant| {
        let gone = tenant.ids("users")[19].clone();
        assert!(tenant.purge("users", &gone));
        gone
    });
    listed.writes();
    let no_budget = [listed.settings.clone(), vec![("SYNC_BUDGET_SECONDS".into(), "0".into())]].concat();
    let said = stdout(&run(&no_budget, "sync people").await.code(0));
    assert!(said.starts_with("people: complete; 0 upserted, 1 removed"), "{said}");
    assert_eq!((listed.documents().await, listed.writes()), ((19, 1), 1));
    let tombstone = listed.world.cosmos.document("people", &gone, &gone).await.unwrap();
    assert_eq!(tombstone["_mirror"]["removed"]["reason"], "missing");
}

#[tokio::test]
async fn what_a_list_has_shown_is_lost_and_the_list_begins_anew() {
    let listed = Listed::new(&people()).await;
    listed.sync("").await;
    // Two pages and the ids that they have shown are saved; then Graph fails.
    listed.world.graph.fail(Match::any().nth(3), 40, Fault::Status { code: 500, body: String::new() });
    listed.sync("").await;
    listed.world.graph.faults().clear();
    let kept = |all: Vec<Value>| -> Vec<String> {
        let ids = all.iter().filter_map(|one| one["id"].as_str());
        ids.filter(|id| id.starts_with("seen-")).map(str::to_owned).collect()
    };
    let kept = kept(listed.world.cosmos.documents("mirror").await);
    assert_eq!(kept.len(), 3 + 2, "three pages of the first list, and two of this one: {kept:?}");
    for id in kept {
        listed.world.cosmos.delete("mirror", "people", &id).await.unwrap();
    }
    let ran = run(&listed.settings, "sync people").await.code(0);
    assert!(stderr(&ran).contains("seenLost"), "{}", stderr(&ran));
    assert!(stdout(&ran).contains("complete; 0 upserted, 0 removed"), "{}", stdout(&ran));
    assert_eq!(listed.documents().await, (20, 0));
}

#[tokio::test]
async fn where_graph_shows_no_object_by_its_id_the_list_decides_alone() {
    let mut row = people();
    row["objectPath"] = Value::Null;
    let listed = Listed::new(&row).await;
    listed.sync("").await;
    let gone = listed.world.graph.tenant(|tenant| {
        let gone = tenant.ids("users")[4].clone();
        assert!(tenant.purge("users", &gone));
        gone
    });
    let verified = stdout(&run(&listed.settings, "verify people").await.code(3));
    assert!(verified.contains("1 difference") && verified.contains(&gone), "{verified}");
    listed.world.graph.forget_requests();
    let said = listed.sync("").await;
    assert!(said.contains("1 removed"), "{said}");
    assert_eq!((listed.documents().await, listed.world.graph.requests().len()), ((19, 1), 4), "four pages");
    run(&listed.settings, "verify people").await.code(0);
}
