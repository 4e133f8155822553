//! The clock of a machine is wrong: turns go by the time of Cosmos.

use std::time::Duration;

use sandbox::cosmos::{self, Moment};
use sandbox::graph::{self, RetryAfter, TokenDeath};
use sandbox::process_clock::ProcessClock;
use sandbox::world::{Setup, World};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::stage::{checkpoint, document, hasty, logged, setup};

const DAY: i64 = 86_400;
/// Tokens are worth their time by the clock of whoever uses them.
const TOKEN_LIFE: Duration = Duration::from_secs(3 * 86_400);

/// A setup whose handler has a clock of its own.
fn with_clock(setup: Setup, clock: &ProcessClock) -> Setup {
    let setup = Setup { managed_token_life: Some(TOKEN_LIFE), ..setup };
    clock.env().unwrap().iter().fold(setup, |setup, (name, value)| setup.set(name, value))
}

fn moment(value: &Value) -> OffsetDateTime {
    OffsetDateTime::parse(value.as_str().unwrap(), &Rfc3339).unwrap()
}

#[tokio::test]
async fn a_clock_a_day_off_dated_the_copy_by_that_clock() {
    for ahead in [DAY, -DAY] {
        let clock = ProcessClock::start().unwrap();
        let world = World::start(with_clock(setup(), &clock)).await.unwrap();
        let before = OffsetDateTime::now_utc() - time::Duration::seconds(2);
        clock.shift(ahead).unwrap();
        world.settle_equal().await.unwrap();
        let after = OffsetDateTime::now_utc() + time::Duration::seconds(2);
        let checkpoint = checkpoint(&world).await;
        let id = world.graph.tenant(|tenant| tenant.collection("users").living().next().unwrap().0.clone());
        let document = document(&world, &id).await;
        for told in [&checkpoint["asOf"], &checkpoint["generationBegan"], &document["_mirror"]["syncedAt"]] {
            assert!((before..after).contains(&moment(told)), "{told}, {ahead} s ahead");
        }
        let said = logged(&world, "clock_off");
        let sign = if ahead < 0 { "-8" } else { "8" };
        assert!(said.iter().any(|line| line.contains(&format!("\"seconds\":{sign}"))), "{said:?}");
    }
}

#[tokio::test]
async fn a_machine_whose_clock_was_ahead_died_and_its_lease_locked_the_feed_for_a_quarter_of_an_hour() {
    let clock = ProcessClock::start().unwrap();
    let world = World::start(with_clock(hasty(), &clock)).await.unwrap();
    world.settle().await.unwrap();
    clock.shift(DAY).unwrap();
    world.graph.kill_tokens(TokenDeath::ALL[0]);
    let mut hold = world.cosmos.hold(cosmos::Match::writes().container("users").nth(3), Moment::Before);
    let turn = world.fire();
    tokio::select! {
        _ = turn => panic!("the turn ended before it was killed"),
        () = hold.arrived() => drop(world.host.process().kill().await.unwrap()),
    }
    hold.release();
    clock.shift(0).unwrap();
    let lease = world.cosmos.document("mirror", "users", "lease").await.unwrap();
    assert!(moment(&lease["expires"]) > OffsetDateTime::now_utc() + time::Duration::hours(12), "{lease}");
    // Tries until the lease has ended, which is the patience of any story.
    world.settle_equal().await.unwrap();
}

#[tokio::test]
async fn a_clock_a_day_behind_made_an_hour_of_the_second_that_graph_asked_for() {
    let clock = ProcessClock::start().unwrap();
    let world = World::start(with_clock(setup(), &clock)).await.unwrap();
    world.settle_equal().await.unwrap();
    clock.shift(-DAY).unwrap();
    let busy =
        graph::Fault::Throttle { status: 429, retry_after: RetryAfter::DateIn(Duration::from_secs(1)) };
    world.graph.fail(graph::Match::any(), 1, busy);
    world.turn().await.unwrap();
    assert_eq!(checkpoint(&world).await["notBefore"], Value::Null);
}
