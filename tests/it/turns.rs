//! Turns: budget and continuation, requested reruns, other tenants, other definitions.

use sandbox::graph::Match;
use sandbox::world::{Setup, WORK_QUEUE, World, sentence};
use serde_json::json;

use crate::stage::{begin_pumping, checkpoint, copied, failure, hasty, logged, put_checkpoint, setup, world};

#[tokio::test]
async fn a_spent_budget_goes_on_in_the_queue() {
    let world =
        World::start(Setup { page_size: 10, ..setup() }.set("SYNC_BUDGET_SECONDS", "0")).await.unwrap();
    let first = world.fire().await.unwrap();
    assert!(sentence(&first).unwrap().contains("to be continued"), "{first:?}");
    let queued: Vec<_> =
        world.host.messages(WORK_QUEUE).iter().filter_map(|message| message.text()).collect();
    assert!(
        queued.len() == 1 && queued[0].starts_with(r#"{"feed":"users","traceparent":"00-"#),
        "{queued:?}"
    );
    let rest = world.host.pump(WORK_QUEUE).await.unwrap();
    assert_eq!(rest.len(), 4, "one page a turn");
    assert!(sentence(rest.last().unwrap()).unwrap().contains("users: complete"));
    world.ensure_equal().await.unwrap();
    assert_eq!(world.host.messages(WORK_QUEUE).len(), 0);
    // What alerts ask for: a line for each turn, in fields.
    let lines: Vec<serde_json::Value> =
        logged(&world, "turn").iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let outcomes: Vec<_> = lines.iter().map(|line| line["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["continued", "continued", "continued", "continued", "complete"]);
    assert!(
        lines.iter().all(|line| line["resource"] == "users" && line["requestCharge"].as_f64() > Some(0.0))
    );
    assert_eq!(lines.iter().map(|line| line["upserted"].as_u64().unwrap()).sum::<u64>(), 50);
}

#[tokio::test]
async fn rule_1_a_second_turn_requests_a_rerun_and_the_first_one_looks_again() {
    let world = copied().await;
    let mut hold = world.graph.hold(Match::any());
    let first = world.start_turn();
    hold.arrived().await;
    world.host.enqueue(WORK_QUEUE, r#"{"feed":"users"}"#);
    for _ in 0..2 {
        world.host.enqueue(WORK_QUEUE, r#"{"feed":"users"}"#);
        let runs = world.host.pump(WORK_QUEUE).await.unwrap();
        assert!(runs.iter().all(|run| sentence(run).unwrap().contains("busy")), "{runs:?}");
    }
    hold.release();
    assert!(first.await.unwrap().succeeded());
    assert_eq!(world.graph.requests().len(), 2, "three requests, one more look");
    let lease = world.cosmos.document("mirror", "users", "lease").await.unwrap();
    assert_eq!(
        (&lease["rerunRequested"], &lease["clean"], &lease["holder"]),
        (&json!(false), &json!(true), &json!(null))
    );
}

#[tokio::test]
async fn a_wrong_work_item_fails_and_ends_up_as_poison() {
    let world = world().await;
    for text in ["", "hello", r#"{"feed":"nobody"}"#, r#"{"feed":"users","link":"https://evil.example"}"#] {
        world.host.enqueue(WORK_QUEUE, text);
        for _ in 0..5 {
            let runs = world.host.pump(WORK_QUEUE).await.unwrap();
            assert!(runs.iter().all(|run| !run.succeeded()), "{text}: {runs:?}");
        }
        assert_eq!(world.host.messages(WORK_QUEUE).len(), 0, "{text}");
    }
    assert_eq!(world.host.poison(WORK_QUEUE).len(), 4);
    assert_eq!(world.cosmos.writes().len(), 0);
}

#[tokio::test]
async fn rule_7_another_tenants_copy_is_refused_with_both_named() {
    let world = copied().await;
    let stored = checkpoint(&world).await;
    let mut theirs = stored.clone();
    theirs["tenantId"] = json!("99999999-0000-4000-8000-000000000000");
    put_checkpoint(&world, &theirs).await;
    assert!(!world.fire().await.unwrap().succeeded());
    let said = failure(&world);
    assert!(
        said.contains("99999999-0000-4000-8000-000000000000") && said.contains(&world.identity.tenant_id()),
        "{said}"
    );
    assert_eq!(world.document_writes(), []);
    assert_eq!(checkpoint(&world).await["save"], theirs["save"]);
}

#[tokio::test]
async fn rule_2_a_turn_that_was_overtaken_stops() {
    let world = copied().await;
    let mut later = checkpoint(&world).await;
    later["epoch"] = json!(later["epoch"].as_u64().unwrap() + 1000);
    put_checkpoint(&world, &later).await;
    assert!(!world.fire().await.unwrap().succeeded());
    assert!(failure(&world).contains("a later turn has taken over"), "{}", failure(&world));
    assert_eq!(world.graph.requests().len() + world.document_writes().len(), 0);
}

#[tokio::test]
async fn rule_7_another_definition_begins_a_new_generation() {
    let world = copied().await;
    let mut other = checkpoint(&world).await;
    other["shape"] = json!("0123456789abcdef");
    put_checkpoint(&world, &other).await;
    world.graph.tenant(|tenant| {
        let id = tenant.ids("users")[0].clone();
        tenant.purge("users", &id)
    });
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();
    assert_eq!(crate::stage::generations(&world, "users"), 2);
    let begun = crate::stage::logged(&world, "generation");
    assert!(begun.last().unwrap().contains("\"reason\":\"shape\""), "{begun:?}");
}

#[tokio::test]
async fn every_turn_leaves_a_run_record_that_expires() {
    let world = copied().await;
    let control = world.cosmos.documents("mirror").await;
    let runs: Vec<_> = control.iter().filter(|one| one["id"].as_str().unwrap().starts_with("run-")).collect();
    assert_eq!(runs.len(), 1);
    assert_eq!((&runs[0]["outcome"], &runs[0]["counts"]["upserted"]), (&json!("complete"), &json!(50)));
    assert_eq!(runs[0]["ttl"], 30 * 86_400);
}

#[tokio::test]
async fn a_work_item_whose_host_died_comes_back_and_the_copy_is_right() {
    let first = World::start(Setup { page_size: 10, ..crate::stage::hasty() }).await.unwrap();
    let second = first.second_host().await.unwrap();
    let mut hold = first.graph.hold(Match::any());
    first.host.enqueue(WORK_QUEUE, r#"{"feed":"users"}"#);
    let pump = begin_pumping(&first);
    hold.arrived().await;
    first.host.shutdown().await;
    hold.discard();
    let _ended = pump.await.unwrap();
    // The lease of the dead host has not ended yet: whoever comes finds it taken, and later it is free.
    let again = second.host.pump(WORK_QUEUE).await.unwrap();
    assert!(sentence(&again[0]).unwrap().contains("busy"), "{again:?}");
    assert_eq!((second.host.messages(WORK_QUEUE).len(), second.host.poison(WORK_QUEUE).len()), (0, 0));
    second.settle().await.unwrap();
    second.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn a_work_item_that_comes_back_beside_its_own_turn_makes_that_look_again() {
    let first = copied().await;
    let second = first.second_host().await.unwrap();
    let mut hold = first.graph.hold(Match::any());
    first.host.enqueue(WORK_QUEUE, r#"{"feed":"users"}"#);
    let pump = begin_pumping(&first);
    hold.arrived().await;
    first.host.lapse(WORK_QUEUE);
    let again = second.host.pump(WORK_QUEUE).await.unwrap();
    assert!(sentence(&again[0]).unwrap().contains("busy"), "{again:?}");
    hold.release();
    assert!(pump.await.unwrap().unwrap().iter().all(|run| run.succeeded()));
    assert_eq!(first.graph.requests().len(), 2, "it looked once more");
    assert_eq!((first.host.messages(WORK_QUEUE).len(), first.host.poison(WORK_QUEUE).len()), (0, 0));
    first.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn rule_1_a_turn_that_waits_for_longer_than_its_lease_keeps_it() {
    let world = World::start(hasty().set("LEASE_SECONDS", "5")).await.unwrap();
    let mut hold = world.graph.hold(Match::any());
    let turn = world.start_turn();
    hold.arrived().await;
    let first = lease_ends(&world).await;
    // Until it was put off for a whole life.
    loop {
        let ends = lease_ends(&world).await;
        assert!(time::OffsetDateTime::now_utc() < ends, "the lease ended while its turn waited");
        if ends > first + time::Duration::seconds(5) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    hold.release();
    assert!(turn.await.unwrap().succeeded());
    world.ensure_equal().await.unwrap();
}

async fn lease_ends(world: &World) -> time::OffsetDateTime {
    let lease = world.cosmos.document("mirror", "users", "lease").await.unwrap();
    let ends = lease["expires"].as_str().unwrap();
    time::OffsetDateTime::parse(ends, &time::format_description::well_known::Rfc3339).unwrap()
}
