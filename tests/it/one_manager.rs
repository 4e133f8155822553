//! A relationship to one: a new link takes the place of the old one, whether Graph ends that or not.

use sandbox::graph::{Fault, Match};
use sandbox::world::{Setup, World};
use serde_json::{Value, json};

use crate::command_line::{run, stdout};
use crate::stage::setup;

/// A world with managers whose copy is complete, a user, and its managers of before and after.
async fn promoted() -> (World, String, [String; 2]) {
    let world = World::start(Setup { groups: 2, ..setup() }).await.unwrap();
    world.graph.quirks(|quirks| quirks.replaced_in_silence = true);
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    let (user, managers) = world.graph.tenant(|tenant| {
        let ids = tenant.ids("users");
        let user = ids.iter().find(|id| tenant.targets("users-manager", id).pop().is_some()).unwrap().clone();
        let old = tenant.targets("users-manager", &user).pop().unwrap();
        let new = ids.iter().find(|id| **id != user && **id != old).unwrap().clone();
        assert!(tenant.link("users-manager", &user, &new));
        (user, [old, new])
    });
    (world, user, managers)
}

async fn managers(world: &World, user: &str) -> Vec<String> {
    let links = world.cosmos.documents("users-manager").await;
    let living = links.iter().filter(|link| link.pointer("/_mirror/removed").is_none());
    let of_user = living.filter(|link| link["sourceId"] == user);
    of_user.map(|link| link["targetId"].as_str().unwrap().to_owned()).collect()
}

fn told(user: &str, managers: &[&str]) -> Value {
    let kind = "#microsoft.graph.user";
    let links: Vec<_> = managers.iter().map(|id| json!({"@odata.type": kind, "id": id})).collect();
    json!({"id": user, "manager@delta": links})
}

/// Serves these objects as the only page of the next round.
fn serve(world: &World, objects: &Value) {
    let link = format!("{}/v1.0/users/delta?$deltatoken=made-up", world.graph.endpoint());
    let body = json!({"value": objects, "@odata.deltaLink": link}).to_string();
    world.graph.fail(Match::any(), 1, Fault::Status { code: 200, body });
}

#[tokio::test]
async fn a_new_manager_without_a_word_about_the_old_one_leaves_one_manager() {
    let (world, user, [_, new]) = promoted().await;
    let said = world.turn().await.unwrap();
    assert_eq!(managers(&world, &user).await, [new], "{said}");
    world.ensure_equal().await.unwrap();
    world.cosmos.reset_log();
    world.turn().await.unwrap();
    assert_eq!(world.document_writes(), []);
}

#[tokio::test]
async fn two_managers_on_one_page_are_the_last_one() {
    for twice in [false, true] {
        let (world, user, [old, new]) = promoted().await;
        let page = match twice {
            false => json!([told(&user, &[&old, &new])]),
            true => json!([told(&user, &[&new]), told(&user, &[&old]), told(&user, &[&new])]),
        };
        serve(&world, &page);
        world.turn_feed("users").await.unwrap();
        assert_eq!(managers(&world, &user).await, [new]);
    }
}

#[tokio::test]
async fn verify_names_the_manager_that_was_replaced_during_an_enumeration() {
    let (world, user, [old, new]) = promoted().await;
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    let links = world.cosmos.documents("users-manager").await;
    let id = |target: &str| format!("{user}|{target}");
    let mut stale = links.into_iter().find(|link| link["id"] == id(&new)).unwrap();
    (stale["id"], stale["targetId"]) = (id(&old).into(), old.clone().into());
    world.cosmos.put("users-manager", &user, &stale).await.unwrap();
    serve(&world, &json!([told(&user, &[&old]), told(&user, &[&new])]));
    let said = stdout(&run(world.settings(), "verify users").await.code(3));
    let named = format!("users-manager {user} -> {old} is in the copy only");
    assert!(said.contains(&named) && said.contains("users: 1 differences"), "{said}");
}
