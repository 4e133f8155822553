//! Ids, names and sizes that Cosmos cannot hold.

use sandbox::graph::{Fault, Match};
use serde_json::{Value, json};

use crate::stage::{copied_as, document, resting, world};

/// Base64url without padding.
fn encoded(id: &str) -> String {
    use base64::Engine as _;
    format!("~{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(id))
}

#[tokio::test]
async fn ids_that_cosmos_cannot_hold_are_encoded_and_kept_whole() {
    let world = world().await;
    let long = "x".repeat(1100);
    let odd = ["a/b", "c\\d", "e?f", "g#h", "i%2Fj", "~k", &long];
    world.graph.tenant(|tenant| {
        for id in odd {
            tenant.insert("users", json!({"id": id, "displayName": format!("the one called {id}")}));
        }
    });
    let told = world.turn().await.unwrap();
    assert!(told.contains("57 upserted, 0 removed, 0 set aside"), "{told}");
    let documents = world.cosmos.documents("users").await;
    for id in odd {
        let found = documents.iter().find(|document| document["_mirror"]["graphId"] == id);
        let found = found.unwrap_or_else(|| panic!("{id} is not in the copy"));
        assert_eq!(found["displayName"], format!("the one called {id}"));
        if id.len() < 100 {
            assert_eq!(found["id"], encoded(id));
        } else {
            assert!(found["id"].as_str().unwrap().starts_with("~sha256-"));
        }
    }
    world.graph.tenant(|tenant| tenant.purge("users", "a/b"));
    world.turn().await.unwrap();
    let tombstone = document(&world, &encoded("a/b")).await;
    assert_eq!(tombstone["_mirror"]["removed"]["reason"], "deleted");
    assert_eq!(tombstone["_mirror"]["graphId"], "a/b");
}

/// Serves one page of changes as it is given here; the round after it starts anew.
async fn served(objects: Value) -> sandbox::world::World {
    let world = copied_as(resting()).await;
    let link = format!("{}/v1.0/users/delta?$deltatoken=made-up", world.graph.endpoint());
    let body = json!({"value": objects, "@odata.deltaLink": link}).to_string();
    world.graph.fail(Match::any(), 1, Fault::Status { code: 200, body });
    world
}

#[tokio::test]
async fn names_that_cosmos_keeps_for_itself_move_aside() {
    let world =
        served(json!([{"id": "odd", "ttl": 1, "_etag": "mine", "_mirror": {"removed": true}, "mail": null}]))
            .await;
    world.turn().await.unwrap();
    let document = document(&world, "odd").await;
    assert_eq!(
        document["_mirror"]["shadowed"],
        json!({"ttl": 1, "_etag": "mine", "_mirror": {"removed": true}})
    );
    assert_eq!(document["mail"], Value::Null);
    assert_eq!(document.get("ttl"), None, "a property of Graph's must not make the document expire");
    assert_eq!(document["_mirror"].get("removed"), None);
}

#[tokio::test]
async fn numbers_and_annotations_pass_and_links_leave() {
    let world = served(json!([{"id": "n", "count": 12_345_678_901_i64, "@odata.type": "#microsoft.graph.user", "manager@delta": [{"id": "m"}]}])).await;
    world.turn().await.unwrap();
    let document = document(&world, "n").await;
    assert_eq!(document["count"], 12_345_678_901_i64);
    assert_eq!(document["@odata.type"], "#microsoft.graph.user");
    assert_eq!(document.get("manager@delta"), None);
}

#[tokio::test]
async fn objects_without_an_id_are_set_aside() {
    let world = served(json!([{"displayName": "nobody"}, "text", {"id": "somebody"}])).await;
    let told = world.turn().await.unwrap();
    assert!(told.contains("1 upserted, 0 removed, 2 set aside"), "{told}");
    let documents = world.cosmos.documents("users").await;
    let notes: Vec<_> =
        documents.iter().filter(|document| !document["_mirror"]["setAside"].is_null()).collect();
    assert_eq!(notes.len(), 2);
    assert!(notes.iter().all(|note| note["id"].as_str().unwrap().starts_with("~sha256-")));
}

#[tokio::test]
async fn an_object_over_two_megabytes_is_set_aside_until_it_shrinks() {
    let world = world().await;
    let id = world.set_on_a_user(json!({"displayName": "x".repeat(2_200_000)}));
    let told = world.turn().await.unwrap();
    assert!(told.contains("1 set aside"), "{told}");
    assert!(document(&world, &id).await["_mirror"]["setAside"]["bytes"].as_u64().unwrap() > 2_200_000);
    world.graph.tenant(|tenant| tenant.change("users", &id, json!({"displayName": "short again"})));
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();
}
