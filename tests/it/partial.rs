//! Rule 5: an entry of a delta round that names only a part of an object changes no more than that part.

use sandbox::graph::{Fault, Match};
use sandbox::world::{Setup, World};
use serde_json::{Value, json};

use crate::stage::{checkpoint, copied, document, setup};

/// Serves these objects as the only page of the next round of a feed.
fn serve(world: &World, feed: &'static str, objects: &Value) {
    let link = format!("{}/v1.0/{feed}/delta?$deltatoken=made-up", world.graph.endpoint());
    let body = json!({"value": objects, "@odata.deltaLink": link}).to_string();
    world.graph.fail(Match::any().feed(feed), 1, Fault::Status { code: 200, body });
}

#[tokio::test]
async fn a_round_that_names_only_members_leaves_the_group_as_it_was() {
    let world = World::start(Setup { groups: 3, ..setup() }).await.unwrap();
    world.settle().await.unwrap();
    let (group, user) = world.graph.tenant(|tenant| {
        let (group, users) = (tenant.ids("groups")[0].clone(), tenant.ids("users"));
        let members = tenant.targets("groups-members", &group);
        let user = users.into_iter().find(|user| !members.contains(user)).unwrap();
        assert!(tenant.link("groups-members", &group, &user));
        (group, user)
    });
    let member = json!({"@odata.type": "#microsoft.graph.user", "id": user});
    serve(&world, "groups", &json!([{"id": group, "members@delta": [member]}]));
    world.cosmos.reset_log();
    world.turn_feed("groups").await.unwrap();
    world.ensure_equal().await.unwrap();
    let written: Vec<_> = world.document_writes().into_iter().map(|write| write.container).collect();
    assert_eq!(written, ["groups-members"], "the group itself says nothing new");
}

#[tokio::test]
async fn a_round_that_names_one_property_changes_one_property() {
    let world = copied().await;
    let ids = world.graph.tenant(|tenant| {
        let ids = tenant.ids("users");
        tenant.change("users", &ids[0], json!({"city": "Ulm"}));
        tenant.change("users", &ids[1], json!({"city": null, "mail": "new@contoso.example"}));
        ids
    });
    let entries = json!([
        {"id": ids[0], "city": "Ulm"},
        {"id": ids[1], "city": null},
        {"id": ids[1], "mail": "new@contoso.example"},
    ]);
    serve(&world, "users", &entries);
    let said = world.turn().await.unwrap();
    assert!(said.contains("2 upserted"), "{said}");
    world.ensure_equal().await.unwrap();
    assert_eq!(
        document(&world, &ids[0]).await["_mirror"]["source"],
        "delta",
        "nothing is left to be looked up"
    );
}

#[tokio::test]
async fn a_round_that_says_nothing_new_writes_no_document() {
    let world = copied().await;
    let ids = world.graph.tenant(|tenant| {
        let ids = tenant.ids("users");
        tenant.change("users", &ids[0], json!({"city": "Ulm"}));
        ids
    });
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();
    world.cosmos.reset_log();
    world.graph.quirks(|quirks| quirks.replays = true);
    let said = world.turn().await.unwrap();
    assert!(said.contains("1 unchanged"), "the round before was told once more: {said}");
    assert_eq!(world.document_writes(), []);
    assert!(document(&world, &ids[0]).await["city"] == "Ulm");
}

#[tokio::test]
async fn a_part_of_somebody_new_is_doubtful_until_it_is_whole() {
    let world = copied().await;
    let id = world.graph.tenant(|tenant| tenant.create("users"));
    serve(&world, "users", &json!([{"id": id, "displayName": "N"}]));
    world.turn().await.unwrap();
    let mirror = document(&world, &id).await["_mirror"].clone();
    let vouched = (&mirror["source"], &mirror["generation"]);
    assert_eq!(vouched, (&json!("by-id"), &checkpoint(&world).await["generation"]));
    world.settle_equal().await.unwrap();
}

#[tokio::test]
async fn an_unclear_removal_is_decided_by_a_look() {
    for purged in [false, true] {
        let world = copied().await;
        let id = world.graph.tenant(|tenant| {
            let id = tenant.ids("users")[0].clone();
            assert!(!purged || tenant.purge("users", &id));
            id
        });
        serve(&world, "users", &json!([{"id": id, "@removed": {"reason": "moved"}}]));
        world.turn().await.unwrap();
        world.settle_equal().await.unwrap();
        assert_eq!(document(&world, &id).await.pointer("/_mirror/removed").is_some(), purged);
    }
}

#[tokio::test]
async fn an_enumeration_that_shows_a_group_without_properties_does_not_empty_it() {
    let world = World::start(Setup { groups: 3, ..setup() }).await.unwrap();
    world.settle().await.unwrap();
    let groups: Vec<Value> = world.graph.tenant(|tenant| {
        tenant
            .ids("groups")
            .into_iter()
            .map(|id| Value::Object(tenant.get("groups", &id).unwrap().clone()))
            .collect()
    });
    let mut entries = groups.clone();
    entries.extend(groups.iter().map(|group| json!({"id": group["id"], "members@delta": []})));
    world.graph.kill_tokens(sandbox::graph::TokenDeath::SyncStateNotFound);
    let link = format!("{}/v1.0/groups/delta?$deltatoken=made-up", world.graph.endpoint());
    let body = json!({"value": entries, "@odata.deltaLink": link}).to_string();
    world.graph.fail(Match::initial().feed("groups"), 1, Fault::Status { code: 200, body });
    world.turn_feed("groups").await.unwrap();
    for group in &groups {
        let id = group["id"].as_str().unwrap();
        let copy = world.cosmos.document("groups", id, id).await.unwrap();
        assert_eq!(copy["displayName"], group["displayName"], "{copy}");
    }
}

/// The request units of a turn, from its sentence.
fn request_units(said: &str) -> f64 {
    let before = said.split(" RU").next().unwrap();
    before.rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn what_says_nothing_new_costs_a_read_instead_of_a_write() {
    let world = copied().await;
    let quiet = request_units(&world.turn().await.unwrap());
    world.graph.tenant(|tenant| {
        tenant
            .ids("users")
            .iter()
            .take(40)
            .for_each(|id| assert!(tenant.change("users", id, json!({"city": "Ulm"}))));
    });
    let changed = request_units(&world.turn().await.unwrap()) - quiet;
    world.graph.quirks(|quirks| quirks.replays = true);
    let said = world.turn().await.unwrap();
    let told_again = request_units(&said) - quiet;
    println!(
        "a turn that finds nothing {quiet} RU; 40 changes {changed:.1} more, told again {told_again:.1} more"
    );
    assert!(told_again < changed, "{changed} and {told_again}: {said}");
}
