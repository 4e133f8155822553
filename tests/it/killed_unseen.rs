//! Turns that are killed are seen, although they cannot tell it themselves.

use graph_mirror::protocol::FORMAT;
use sandbox::cosmos::{Match, Moment};
use sandbox::world::World;
use serde_json::{Value, json};

use crate::stage::{hasty, logged};

async fn status(world: &World) -> Value {
    let reply = world.call("GET", "/api/status/users", "").await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.body[0].clone()
}

/// Kills a turn between a write and its save.
async fn killed(world: &World) {
    world.set_on_a_user(json!({"city": uuid::Uuid::new_v4().to_string()}));
    let mut hold = world.cosmos.hold(Match::writes().container("users"), Moment::After);
    loop {
        // A turn that comes before the lease of the one that was killed has ended is busy.
        let turn = world.fire();
        tokio::select! {
            _ = turn => {}
            () = hold.arrived() => break,
        }
    }
    world.host.process().kill().await.unwrap();
    hold.release();
}

#[tokio::test]
async fn four_turns_were_killed_and_the_status_said_that_all_was_well() {
    let world = World::start(hasty()).await.unwrap();
    world.settle().await.unwrap();
    assert_eq!(status(&world).await["unclean"], Value::Null);
    for _ in 0..4 {
        killed(&world).await;
    }
    let failed = status(&world).await;
    assert_eq!((&failed["state"], &failed["unclean"]["turns"]), (&json!("failed"), &json!(3)), "{failed}");
    assert_eq!(failed["lastRun"]["outcome"], "unclean");
    assert!(failed["lastError"].as_str().unwrap().contains("did not end cleanly"), "{failed}");
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    let after = status(&world).await;
    assert_eq!((&after["state"], &after["unclean"]["turns"]), (&json!("tracking"), &json!(4)), "{after}");
    assert_eq!(logged(&world, "turn_unclean").len(), 4, "what the alert counts");
    let runs = world.cosmos.documents("mirror").await;
    assert_eq!(runs.iter().filter(|one| one["outcome"] == "unclean").count(), 4);
}

#[tokio::test]
async fn a_run_record_and_a_mark_of_a_later_version_stopped_status_and_sweep() {
    let world = crate::stage::copied().await;
    let odd = json!({"id": "run-99999999999999999999-000000000001", "feed": "users", "format": FORMAT,
        "at": "2100-01-01T00:00:00Z", "outcome": "sideways", "counts": {}});
    world.cosmos.put("mirror", "users", &odd).await.unwrap();
    let (id, purged) = world.graph.tenant(|tenant| {
        let ids = tenant.ids("users");
        tenant.purge("users", &ids[1]);
        (ids[0].clone(), ids[1].clone())
    });
    for id in [&id, &purged] {
        let mut document = crate::stage::document(&world, id).await;
        document["_mirror"]["source"] = json!("oracle");
        world.cosmos.put("users", id, &document).await.unwrap();
    }
    world.graph.kill_tokens(sandbox::graph::TokenDeath::ALL[0]);
    world.settle_equal().await.unwrap();
    let told = status(&world).await;
    assert_eq!(
        (&told["state"], &told["lastRun"]["outcome"]),
        (&json!("tracking"), &json!("complete")),
        "{told}"
    );
}

#[tokio::test]
async fn a_newer_version_wrote_here_and_the_old_one_wrote_over_it() {
    for id in ["lease", "checkpoint"] {
        let world = crate::stage::copied().await;
        let mut newer = world.cosmos.document("mirror", "users", id).await.unwrap();
        assert_eq!(newer["format"], FORMAT, "every document says its format");
        newer["format"] = json!(FORMAT + 1);
        world.cosmos.put("mirror", "users", &newer).await.unwrap();
        assert!(!world.fire().await.unwrap().succeeded());
        let said = crate::stage::failure(&world);
        assert!(said.contains(id) && said.contains(&format!("format {}", FORMAT + 1)), "{said}");
        assert_eq!(world.document_writes(), []);
        newer["format"] = json!(FORMAT);
        world.cosmos.put("mirror", "users", &newer).await.unwrap();
    }
}
