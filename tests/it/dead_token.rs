//! A dead token is a plan, not an error: a new generation, a readable copy throughout, then the sweep.

use sandbox::graph::TokenDeath;
use serde_json::json;

use crate::stage::{checkpoint, copied, document, generations, logged};

#[tokio::test]
async fn rule_7_every_face_of_a_dead_token_begins_a_new_generation() {
    for face in TokenDeath::ALL {
        let world = copied().await;
        let purged = world.graph.tenant(|tenant| {
            let ids = tenant.ids("users");
            tenant.change("users", &ids[1], json!({"city": "Ulm"}));
            tenant.purge("users", &ids[0]);
            ids[0].clone()
        });
        world.graph.kill_tokens(face);
        let attempt = world.fire().await.unwrap();
        assert!(attempt.succeeded(), "{face:?}: {attempt:?}");
        world.ensure_equal().await.unwrap();
        let checkpoint = checkpoint(&world).await;
        assert_eq!(
            (generations(&world, "users"), &checkpoint["pendingSweep"]),
            (2, &json!(null)),
            "{face:?}"
        );
        let tombstone = document(&world, &purged).await;
        assert_eq!(tombstone["_mirror"]["removed"]["reason"], "missing", "{face:?}");
        assert_eq!(logged(&world, "token_dead").len(), 1, "{face:?}");
    }
}

#[tokio::test]
async fn rule_9_a_sweep_that_would_remove_too_much_is_held_and_paid_later() {
    let world = copied().await;
    let gone = world.graph.tenant(|tenant| {
        let ids: Vec<_> = tenant.ids("users").into_iter().take(20).collect();
        for id in &ids {
            tenant.remove("users", id);
        }
        ids
    });
    world.graph.kill_tokens(TokenDeath::ALL[0]);
    let told = world.turn().await.unwrap();
    assert!(told.contains("held by the removal limit"), "{told}");
    let owing = checkpoint(&world).await;
    assert_eq!((generations(&world, "users"), &owing["pendingSweep"]), (2, &owing["generation"]));
    assert_eq!(world.differences().await.len(), 20, "the removal limit keeps them");
    world.graph.tenant(|tenant| gone.iter().skip(5).for_each(|id| assert!(tenant.restore("users", id))));
    let told = world.turn().await.unwrap();
    assert!(
        told.contains("complete;") && told.contains("5 removed"),
        "a later walk below the removal limit: {told}"
    );
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn rule_9_an_enumeration_that_is_cut_short_removes_nothing() {
    let world = copied().await;
    let ids = world.graph.tenant(|tenant| {
        let ids = tenant.ids("users");
        tenant.purge("users", &ids[0]);
        ids
    });
    world.graph.kill_tokens(TokenDeath::ALL[0]);
    world.graph.fail(sandbox::graph::Match::skip_token().nth(2), 1, sandbox::graph::Fault::NotJson);
    assert!(!world.fire().await.unwrap().succeeded());
    assert_eq!(
        document(&world, &ids[0]).await["_mirror"].get("removed"),
        None,
        "not yet: the walk is incomplete"
    );
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
}
