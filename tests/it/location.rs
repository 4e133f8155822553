//! Where Graph sends whoever comes with a dead token: followed, unless it leads away or to nothing.

use sandbox::graph::{Fault, Match, TokenDeath};
use sandbox::world::{World, sentence};
use serde_json::json;

use crate::stage::{checkpoint, copied, document, generations, logged, setup};

/// A complete copy of a tenant that has lost a user since, whose token is dead; and that user.
async fn with_a_dead_token(world: &World) -> String {
    let purged = world.graph.tenant(|tenant| {
        let id = tenant.ids("users")[0].clone();
        tenant.purge("users", &id);
        id
    });
    world.graph.kill_tokens(TokenDeath::Location);
    purged
}

/// The paths that were asked for, with what follows `delta?`.
fn asked(world: &World) -> Vec<String> {
    world.graph.requests().iter().map(|request| request.path.clone()).collect()
}

fn is_location(path: &str) -> bool {
    path.ends_with("$deltatoken=")
}

/// The copy equals the tenant, and rests on the generation of this number.
async fn ends_well(world: &World, purged: &str, begun: usize) {
    world.ensure_equal().await.unwrap();
    let checkpoint = checkpoint(world).await;
    assert_eq!(
        (generations(world, "users"), &checkpoint["pendingSweep"], &checkpoint["atLocation"]),
        (begun, &json!(null), &json!(false))
    );
    assert_eq!(document(world, purged).await["_mirror"]["removed"]["reason"], "missing");
}

#[tokio::test]
async fn the_new_generation_begins_where_graph_says() {
    for face in [TokenDeath::Location, TokenDeath::ResyncApply, TokenDeath::ResyncUpload] {
        let world = copied().await;
        let purged = with_a_dead_token(&world).await;
        world.graph.kill_tokens(face);
        world.turn().await.unwrap();
        ends_well(&world, &purged, 2).await;
        let asked = asked(&world);
        assert!(is_location(&asked[1]), "{face:?}: {asked:?}");
        assert_eq!(asked.iter().filter(|path| is_location(path)).count(), 1, "{asked:?}");
    }
}

#[tokio::test]
async fn a_location_that_fails_is_left_for_the_first_page() {
    let refused = |code| Fault::Status { code, body: r#"{"error":{"code":"x"}}"#.into() };
    let again = Fault::GoneTo("/v1.0/users/delta?$deltatoken=".into());
    for fault in [refused(400), refused(403), refused(404), refused(500), Fault::NotJson, Fault::Html, again]
    {
        let world = copied().await;
        let purged = with_a_dead_token(&world).await;
        world.graph.fail(Match::initial(), 1, fault.clone());
        let attempt = world.fire().await.unwrap();
        assert!(sentence(&attempt).unwrap().contains("complete"), "{fault:?}: {attempt:?}");
        ends_well(&world, &purged, 3).await;
        let asked = asked(&world);
        assert!(is_location(&asked[1]) && !is_location(&asked[2]), "{fault:?}: {asked:?}");
        assert_eq!(logged(&world, "location_failed").len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_later_turn_still_knows_that_the_link_is_a_location() {
    let world = World::start(setup().set("SYNC_BUDGET_SECONDS", "0")).await.unwrap();
    world.settle().await.unwrap();
    let purged = with_a_dead_token(&world).await;
    world.graph.fail(Match::initial(), 1, Fault::Reset);
    assert!(!world.fire().await.unwrap().succeeded(), "cut off, and no time for another try");
    let before = checkpoint(&world).await;
    assert_eq!((&before["atLocation"], &before["state"]), (&json!(true), &json!("enumerating")));
    world.graph.forget_requests();
    world.graph.fail(Match::initial(), 1, Fault::Status { code: 500, body: "{}".into() });
    world.settle().await.unwrap();
    ends_well(&world, &purged, 3).await;
    let asked = asked(&world);
    assert!(is_location(&asked[0]) && !is_location(&asked[1]), "{asked:?}");
}

#[tokio::test]
async fn a_location_on_another_host_is_ignored() {
    let world = copied().await;
    let purged = with_a_dead_token(&world).await;
    world.graph.fail(
        Match::any(),
        1,
        Fault::GoneTo("https://evil.example/v1.0/users/delta?$deltatoken=hush".into()),
    );
    world.turn().await.unwrap();
    ends_well(&world, &purged, 2).await;
    assert!(!asked(&world).iter().any(|path| is_location(path)));
    let ignored = logged(&world, "location_ignored");
    assert!(ignored.len() == 1 && ignored[0].contains("evil.example"), "{ignored:?}");
    assert!(!ignored[0].contains("hush") && !ignored[0].contains("deltatoken"), "{ignored:?}");
}

#[tokio::test]
async fn the_restarts_of_a_turn_are_bounded_and_the_feed_is_named() {
    for face in [TokenDeath::SyncStateNotFound, TokenDeath::Location] {
        let world = copied().await;
        with_a_dead_token(&world).await;
        world.graph.fail(Match::skip_token(), usize::MAX, Fault::TokenDead(face));
        assert!(!world.fire().await.unwrap().succeeded());
        let said = crate::stage::failure(&world);
        assert!(said.contains("sync of users failed") && said.contains("fresh tokens 3 times"), "{said}");
        assert_eq!(logged(&world, "token_dead").len(), 4, "{face:?}: three restarts, and once more");
        assert_eq!(checkpoint(&world).await["abandoned"], json!([]), "the turn ended cleanly");
        world.graph.faults().clear();
        world.settle().await.unwrap();
        world.ensure_equal().await.unwrap();
    }
}

#[tokio::test]
async fn a_copy_that_nobody_brought_up_to_date_for_days_is_told_while_its_token_lives() {
    let world = copied().await;
    let mut old = checkpoint(&world).await;
    let then = time::OffsetDateTime::now_utc() - time::Duration::hours(6 * 24 + 1);
    old["asOf"] = json!(then.format(&time::format_description::well_known::Rfc3339).unwrap());
    world.cosmos.put("mirror", "users", &old).await.unwrap();
    assert_eq!(logged(&world, "token_old").len(), 0);
    world.turn().await.unwrap();
    let told = logged(&world, "token_old");
    assert!(told.len() == 1 && told[0].contains("\"ageHours\":145"), "{told:?}");
    assert!(
        told[0].contains("\"level\":\"ERROR\"") && told[0].contains("\"resource\":\"users\""),
        "{told:?}"
    );
    world.turn().await.unwrap();
    assert_eq!(logged(&world, "token_old").len(), 1, "the copy is fresh again");
}
