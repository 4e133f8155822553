//! Groups, their members and owners, and users' managers.

use std::time::SystemTime;

use sandbox::cosmos::{Fault, Match, Moment};
use sandbox::graph::{Quirks, Relationship, TokenDeath, random_change};
use sandbox::world::{Setup, World};
use serde_json::json;

use crate::stage::{failure, hasty, kill_after, logged};

async fn with_groups(groups: usize) -> World {
    World::start(Setup { groups, ..hasty() }).await.unwrap()
}

async fn copied(groups: usize) -> World {
    let world = with_groups(groups).await;
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    world.cosmos.reset_log();
    world
}

#[tokio::test]
async fn groups_and_links_are_copied_and_a_second_run_writes_no_document() {
    let world = copied(12).await;
    for relationship in ["users", "groups"].into_iter().flat_map(Relationship::tracked_by) {
        let links = world.cosmos.documents(relationship.container()).await;
        assert!(!links.is_empty(), "{}", relationship.container());
        let link = &links[0];
        let id = format!("{}|{}", link["sourceId"].as_str().unwrap(), link["targetId"].as_str().unwrap());
        assert_eq!(link["id"], id);
        assert_eq!(link["_mirror"]["parent"], link["sourceId"]);
    }
    world.turn().await.unwrap();
    assert_eq!(world.document_writes(), []);
}

#[tokio::test]
async fn one_large_group_comes_in_slices_and_is_written_in_batches() {
    let world = World::start(Setup { groups: 1, users: 700, page_size: 100, ..hasty() }).await.unwrap();
    let group = world.graph.tenant(|tenant| {
        let group = tenant.ids("groups")[0].clone();
        for user in tenant.ids("users") {
            tenant.link("groups-members", &group, &user);
        }
        group
    });
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    let members = world.cosmos.documents("groups-members").await;
    assert!(members.iter().filter(|link| link["sourceId"] == group.as_str()).count() >= 700);
}

#[tokio::test]
async fn links_come_and_go() {
    let world = copied(8).await;
    let random = &mut fastrand::Rng::with_seed(11);
    for _ in 0..6 {
        world.graph.tenant(|tenant| {
            for _ in 0..12 {
                random_change(tenant, "groups", random);
            }
        });
        world.turn().await.unwrap();
        world.ensure_equal().await.unwrap();
    }
}

#[tokio::test]
async fn duplicates_empty_pages_and_replays_do_not_disturb_links() {
    let world = with_groups(8).await;
    world.graph.quirks(|quirks| {
        *quirks = Quirks {
            empty_page_every: Some(2),
            duplicate_every: Some(3),
            replays: true,
            removed_in_initial: true,
            ..Quirks::default()
        };
    });
    world.settle().await.unwrap();
    let random = &mut fastrand::Rng::with_seed(12);
    for _ in 0..4 {
        world.graph.tenant(|tenant| {
            for _ in 0..10 {
                random_change(tenant, "groups", random);
            }
        });
        world.turn().await.unwrap();
        world.ensure_equal().await.unwrap();
    }
}

#[tokio::test]
async fn what_is_gone_for_good_takes_its_links_along_in_both_directions() {
    let world = copied(6).await;
    world.graph.tenant(|tenant| {
        let member = tenant.targets("groups-members", &tenant.ids("groups")[0])[0].clone();
        let manager =
            tenant.ids("users").iter().find_map(|user| tenant.targets("users-manager", user).pop()).unwrap();
        tenant.purge("users", &manager);
        if member != manager && !tenant.purge("users", &member) {
            tenant.purge("groups", &member);
        }
        let group = tenant.ids("groups")[1].clone();
        tenant.purge("groups", &group);
    });
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn a_tombstone_that_cosmos_stamps_later_than_its_page_began_takes_its_links_along_at_once() {
    let world = copied(6).await;
    let manager = world.graph.tenant(|tenant| {
        let manager =
            tenant.ids("users").iter().find_map(|user| tenant.targets("users-manager", user).pop()).unwrap();
        tenant.purge("users", &manager);
        manager
    });
    let mut hold = world.cosmos.hold(Match::writes().container("users").id(&manager), Moment::Before);
    let turn = tokio::spawn({
        let world = world.clone();
        async move { world.turn().await }
    });
    hold.arrived().await;
    // Cosmos stamps in whole seconds.
    let second = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let begun = second(SystemTime::now());
    while second(SystemTime::now()) == begun {
        tokio::task::yield_now().await;
    }
    hold.release();
    turn.await.unwrap().unwrap();
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn links_to_a_user_whom_an_enumeration_merely_did_not_show_are_read_anew() {
    let world = copied(6).await;
    let [purged, deleted] = world.graph.tenant(|tenant| {
        let mut members: Vec<_> =
            tenant.ids("groups").iter().flat_map(|group| tenant.targets("groups-members", group)).collect();
        members.retain(|member| tenant.get("users", member).is_some());
        members.dedup();
        let (purged, deleted) =
            (members[0].clone(), members.iter().find(|one| **one != members[0]).unwrap().clone());
        tenant.purge("users", &purged);
        tenant.remove("users", &deleted);
        [purged, deleted]
    });
    let dead = sandbox::graph::Fault::TokenDead(TokenDeath::ALL[0]);
    world.graph.fail(sandbox::graph::Match::delta_token().feed("users"), 1, dead);
    world.settle_equal().await.unwrap();
    for id in [&purged, &deleted] {
        let tombstone = crate::stage::document(&world, id).await;
        assert_eq!(tombstone["_mirror"]["removed"]["reason"], "missing");
    }
    assert_eq!(crate::stage::generations(&world, "groups"), 2, "only the walk can tell which links are left");
    world.cosmos.reset_log();
    world.turn().await.unwrap();
    assert_eq!(world.document_writes(), [], "and then it is quiet again");
}

#[tokio::test]
async fn a_dead_token_sweeps_links_that_are_gone() {
    let world = copied(6).await;
    world.graph.tenant(|tenant| {
        let group = tenant.ids("groups")[0].clone();
        let member = tenant.targets("groups-members", &group)[0].clone();
        tenant.unlink("groups-members", &group, &member);
    });
    world.graph.kill_tokens(TokenDeath::ALL[0]);
    world.settle_equal().await.unwrap();
}

#[tokio::test]
async fn rule_12_a_killed_turn_that_wrote_links_ends_in_a_new_generation_and_an_equal_copy() {
    let world = with_groups(10).await;
    kill_after(Match::writes().container("groups-members").nth(3), &world, "groups").await;
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    // A link that a frozen turn writes late: doubtful, and nobody can look it up.
    let checkpoint = world.cosmos.document("mirror", "groups", "checkpoint").await.unwrap();
    let abandoned = checkpoint["abandoned"][0]["from"].clone();
    let mut late = world.cosmos.documents("groups-members").await.remove(0);
    let (source, generation) =
        (late["sourceId"].as_str().unwrap().to_owned(), checkpoint["generation"].clone());
    let stranger = "00000000-0000-4000-8000-00000000dead";
    late["id"] = json!(format!("{source}|{stranger}"));
    late["targetId"] = json!(stranger);
    late["_mirror"]["save"] = abandoned;
    world.cosmos.put("groups-members", &source, &late).await.unwrap();
    assert_eq!(world.differences().await.len(), 1);
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    let after = world.cosmos.document("mirror", "groups", "checkpoint").await.unwrap();
    assert!(after["generation"].as_u64() > generation.as_u64());
    assert!(logged(&world, "generation").iter().any(|line| line.contains("doubtfulLinks")));
}

#[tokio::test]
async fn a_batch_that_fails_inside_is_no_success() {
    let world = with_groups(4).await;
    let members = || Match::writes().container("groups-members");
    world.cosmos.fail(members(), 2, Fault::Throttle { retry_after_ms: 30 });
    world.cosmos.fail(members().nth(2), 2, Fault::Inside(429, 0));
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    assert_eq!(world.cosmos.faults().unused(), 0);
    for (status, word) in [(500, "no certain answer"), (400, "refuses the document")] {
        let world = with_groups(4).await;
        world.cosmos.fail(members(), 1, Fault::Inside(status, 0));
        assert!(!world.fire_feed("groups").await.unwrap().succeeded(), "{status}");
        assert!(failure(&world).contains(word), "{status}: {}", failure(&world));
        world.settle().await.unwrap();
        world.ensure_equal().await.unwrap();
    }
}
