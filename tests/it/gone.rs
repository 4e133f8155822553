//! What removes an object or a link, and what only looks as if it did.

use sandbox::graph::{Fault, Match};
use sandbox::world::World;
use serde_json::{Value, json};

use crate::stage::{copied, document};

/// Serves one page of changes as it is given here; the round after it starts anew.
fn serve(world: &World, feed: &'static str, objects: &Value) {
    let link = format!("{}/v1.0/{feed}/delta?$deltatoken=made-up", world.graph.endpoint());
    let body = json!({"value": objects, "@odata.deltaLink": link}).to_string();
    world.graph.fail(Match::any().feed(feed), 1, Fault::Status { code: 200, body });
}

fn ids(world: &World) -> Vec<String> {
    world.graph.tenant(|tenant| tenant.ids("users"))
}

#[tokio::test]
async fn the_annotations_of_a_response_are_no_properties_of_the_user() {
    let world = copied().await;
    let id = world.change_a_user();
    let body = json!({
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users/$entity",
        "@microsoft.graph.tips": "Use $select",
        "@odata.etag": "W/\"1\"",
        "id": id,
        "city": "Ulm",
    });
    world.graph.fail(Match::by_id(), 1, Fault::Status { code: 200, body: body.to_string() });
    let reply = world.call("POST", &format!("/api/refresh/users/{id}"), "").await.unwrap();
    assert_eq!((reply.status, &reply.body["upserted"]), (200, &json!(1)), "{}", reply.body);
    let copy = document(&world, &id).await;
    assert_eq!((copy.get("@odata.context"), copy.get("@microsoft.graph.tips")), (None, None), "{copy}");
    assert_eq!(copy["@odata.etag"], "W/\"1\"", "an annotation of the object itself stays");
}

#[tokio::test]
async fn a_404_that_does_not_say_that_the_user_is_gone_removes_nobody() {
    for code in ["UnknownError", "BadGateway", "ResourceNotFound", ""] {
        let world = copied().await;
        let id = ids(&world)[0].clone();
        let body = json!({"error": {"code": code, "message": "no"}}).to_string();
        world.graph.fail(Match::by_id(), 1, Fault::Status { code: 404, body });
        let reply = world.call("POST", &format!("/api/refresh/users/{id}"), "").await.unwrap();
        assert_eq!(reply.status, 502, "`{code}`: {}", reply.body);
        let copy = document(&world, &id).await;
        assert!(copy.pointer("/_mirror/removed").is_none(), "`{code}`: {copy}");
        world.ensure_equal().await.unwrap();
    }
}

#[tokio::test]
async fn only_certain_words_remove_a_user_and_their_case_does_not_matter() {
    let world = copied().await;
    let ids = ids(&world);
    serve(
        &world,
        "users",
        &json!([
            {"id": ids[0], "@removed": {"reason": "Deleted"}},
            {"id": ids[1], "@removed": {"reason": "CHANGED"}},
            {"id": ids[2], "@removed": null, "displayName": "lives"},
            {"id": ids[3], "@removed": {"reason": "moved"}},
            {"id": ids[4], "@removed": {}},
            {"id": ids[5], "@removed": false},
        ]),
    );
    let told = world.turn().await.unwrap();
    assert!(told.contains("removed"), "{told}");
    let mut reasons = Vec::new();
    for id in &ids[..6] {
        reasons.push(document(&world, id).await.pointer("/_mirror/removed/reason").cloned());
    }
    let (deleted, changed) = (Some(json!("deleted")), Some(json!("changed")));
    assert_eq!(reasons, [deleted, changed, None, None, None, None]);
    for id in &ids[2..6] {
        assert!(document(&world, id).await["displayName"].is_string(), "{id} has kept what it was");
    }
}

#[tokio::test]
async fn only_certain_words_remove_a_member() {
    let world = copied().await;
    let (group, members) = world.graph.tenant(|tenant| {
        let members = tenant.ids("users")[..5].to_vec();
        let group = tenant.insert("groups", json!({"id": "g", "displayName": "G"}));
        for member in &members {
            tenant.link("groups-members", &group, member);
        }
        (group, members)
    });
    world.turn_feed("groups").await.unwrap();
    serve(
        &world,
        "groups",
        &json!([{"id": group, "displayName": "G", "members@delta": [
            {"id": members[0], "@odata.type": "#microsoft.graph.user", "@removed": {"reason": "Deleted"}},
            {"id": members[1], "@odata.type": "#microsoft.graph.user", "@removed": null},
            {"id": members[2], "@odata.type": "#microsoft.graph.user", "@removed": {"reason": "moved"}},
            {"id": members[3], "@odata.type": "#microsoft.graph.user", "@removed": {}},
            {"id": members[4], "@odata.type": "#microsoft.graph.user"},
        ]}]),
    );
    world.turn_feed("groups").await.unwrap();
    let links = world.cosmos.documents("groups-members").await;
    let lives = |target: &String| {
        let link = links.iter().find(|link| link["id"] == format!("{group}|{target}")).unwrap();
        link.pointer("/_mirror/removed").is_none()
    };
    let living: Vec<_> = members.iter().map(lives).collect();
    assert_eq!(living, [false, true, true, true, true]);
}
