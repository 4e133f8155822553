//! `--dry-run`: says what a command would do, and writes nothing; the command then does exactly that.

use sandbox::graph::{Match, TokenDeath};
use sandbox::world::{Setup, World};
use serde_json::{Value, json};

use crate::command_line::{run, stderr, stdout};
use crate::stage::{copied, document, setup, world};

/// What has to be the same in a dry run and in the run after it.
const SAME: [&str; 9] =
    ["resource", "outcome", "upserted", "removed", "setAside", "links", "pages", "missing", "of"];

/// One line of JSON, and the exit code.
async fn told(world: &World, line: &str) -> (Value, Option<i32>) {
    let ran = run(world.settings(), &format!("{line} --output json")).await;
    let code = ran.get_output().status.code();
    (serde_json::from_str(&stdout(&ran)).unwrap_or_else(|_| panic!("{line}: {}", stderr(&ran))), code)
}

/// A dry run that writes nothing, and the run after it, which does the same; the answer is the dry run's.
async fn foretold(world: &World, line: &str) -> Value {
    foretold_without(world, line, None).await
}

/// The same while neither of the two walks shows this group.
async fn foretold_without(world: &World, line: &str, hidden: Option<&str>) -> Value {
    let hide = || world.graph.hide("groups", hidden.map(str::to_owned));
    world.cosmos.reset_log();
    hide();
    let (dry, code) = told(world, &format!("{line} --dry-run")).await;
    assert_eq!(world.cosmos.writes().len(), 0, "a dry run writes nothing, in no container");
    assert_eq!(dry["dryRun"], true);
    hide();
    let (done, ended) = told(world, line).await;
    let of = |one: &Value| SAME.map(|name| one[name].clone());
    assert_eq!((of(&dry), code), (of(&done), ended), "{line}: {dry} and {done}");
    dry
}

#[tokio::test]
async fn a_first_copy_is_foretold() {
    let world = world().await;
    let dry = foretold(&world, "sync users").await;
    assert_eq!(
        (&dry["state"], &dry["begins"], &dry["upserted"]),
        (&json!("start"), &json!("first"), &json!(50))
    );
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn changes_are_foretold() {
    let world = copied().await;
    world.graph.tenant(|tenant| {
        let ids = tenant.ids("users");
        tenant.change("users", &ids[0], json!({"city": "Ulm"}));
        tenant.remove("users", &ids[1]);
        tenant.create("users");
    });
    let dry = foretold(&world, "sync users").await;
    assert_eq!((&dry["state"], &dry["begins"]), (&json!("tracking"), &Value::Null));
    assert_eq!((&dry["upserted"], &dry["removed"], &dry["pages"]), (&json!(2), &json!(1), &json!(1)));
    assert_eq!(dry["swept"], json!({"objects": 0, "links": 0}));
    let nothing = run(world.settings(), "sync users --dry-run").await.code(0);
    let said = stdout(&nothing);
    assert!(
        said.starts_with("users: dry run, nothing was written: would be complete; reads what changed; 0"),
        "{said}"
    );
}

#[tokio::test]
async fn a_held_sweep_is_foretold_and_so_is_its_release() {
    let world = copied().await;
    world.graph.tenant(|tenant| {
        tenant.ids("users").iter().take(20).for_each(|id| {
            tenant.remove("users", id);
        })
    });
    world.graph.kill_tokens(TokenDeath::ALL[0]);
    let held = foretold(&world, "sync users").await;
    assert_eq!((&held["outcome"], &held["begins"]), (&json!("held"), &json!("deadToken")));
    assert_eq!((&held["missing"], &held["of"]), (&json!(20), &json!(50)));
    let (again, code) = told(&world, "sync users --dry-run").await;
    assert_eq!((&again["state"], &again["begins"], code), (&json!("held"), &Value::Null, Some(3)));
    let released = foretold(&world, "sync users --accept-removals").await;
    assert_eq!((&released["removed"], &released["swept"]["objects"]), (&json!(20), &json!(20)));
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn links_that_a_sweep_takes_are_foretold() {
    let world = World::start(Setup { groups: 8, ..setup() }).await.unwrap();
    foretold(&world, "sync users").await;
    foretold(&world, "sync groups").await;
    world.ensure_equal().await.unwrap();
    // A new generation does not see a link any more that the feed never told is gone.
    let link = world.cosmos.documents("groups-members").await[0].clone();
    let (source, target) =
        (link["sourceId"].as_str().unwrap().to_owned(), link["targetId"].as_str().unwrap().to_owned());
    world.graph.tenant(|tenant| tenant.unlink("groups-members", &source, &target));
    world.graph.kill_tokens(TokenDeath::ALL[0]);
    let dry = foretold(&world, "sync groups").await;
    assert_eq!(dry["swept"], json!({"objects": 0, "links": 1}), "{dry}");
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();
}

/// Groups and their links were read long ago, so that a sweep need not wait, but were written just now: nobody looks at
/// what is doubtful at the end of a turn.
async fn age(world: &World) {
    for container in ["groups", "groups-members", "groups-owners"] {
        for mut one in world.cosmos.documents(container).await {
            one["_mirror"]["syncedAt"] = json!("2026-01-01T00:00:00Z");
            let partition = one["_mirror"]["parent"].as_str().or(one["id"].as_str()).unwrap().to_owned();
            world.cosmos.put(container, &partition, &one).await.unwrap();
        }
    }
}

#[tokio::test]
async fn links_of_what_lives_although_an_enumeration_does_not_show_it_were_counted_as_removed() {
    let setup = Setup { groups: 12, ..setup() }.set("DOUBT_MINUTES", "1");
    let world = World::start(setup).await.unwrap();
    world.settle_equal().await.unwrap();
    age(&world).await;
    let links = world.cosmos.documents("groups-members").await;
    let link = |without: &[&str]| {
        let ends = |link: &Value| ["sourceId", "targetId"].map(|end| link[end].as_str().unwrap().to_owned());
        links.iter().map(ends).find(|[source, _]| !without.contains(&&**source)).unwrap()
    };
    let [unseen, _] = link(&[]);
    let [purged, _] = link(&[&unseen]);
    let [group, member] = link(&[&unseen, &purged]);
    world.graph.tenant(|tenant| assert!(tenant.purge("groups", &purged)));
    world.graph.kill_tokens(TokenDeath::ALL[0]);
    let dry = foretold_without(&world, "sync groups", Some(&unseen)).await;
    assert_eq!((&dry["swept"]["objects"], dry["swept"]["links"] == 0), (&json!(1), false), "{dry}");
    // The next enumeration does not show it either, and now it is known to live.
    age(&world).await;
    world.graph.tenant(|tenant| assert!(tenant.unlink("groups-members", &group, &member)));
    world.graph.kill_tokens(TokenDeath::ALL[0]);
    let dry = foretold_without(&world, "sync groups", Some(&unseen)).await;
    assert_eq!(dry["swept"], json!({"objects": 0, "links": 1}), "{dry}");
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn a_turn_that_did_not_end_cleanly_is_taken_into_account() {
    let world = copied().await;
    let mut lease = world.cosmos.document("mirror", "users", "lease").await.unwrap();
    lease["clean"] = false.into();
    world.cosmos.put("mirror", "users", &lease).await.unwrap();
    world.graph.tenant(|tenant| tenant.create("users"));
    let dry = foretold(&world, "sync users").await;
    assert_eq!((&dry["outcome"], &dry["upserted"]), (&json!("complete"), &json!(1)));
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn while_another_turn_holds_the_feed_a_dry_run_says_so_and_asks_for_no_rerun() {
    let world = copied().await;
    let mut hold = world.graph.hold(Match::any());
    let turn = world.start_turn();
    hold.arrived().await;
    let (busy, code) = told(&world, "sync users --dry-run").await;
    assert_eq!((&busy["outcome"], code), (&json!("busy"), Some(1)));
    assert!(busy["until"].is_string(), "{busy}");
    assert_eq!(world.cosmos.document("mirror", "users", "lease").await.unwrap()["rerunRequested"], false);
    hold.release();
    assert!(turn.await.unwrap().succeeded());
}

#[tokio::test]
async fn a_repair_is_foretold() {
    let world = copied().await;
    let id = world.a_user();
    let mut damaged = document(&world, &id).await;
    damaged["displayName"] = json!("another name");
    world.cosmos.put("users", &id, &damaged).await.unwrap();
    world.cosmos.reset_log();
    run(world.settings(), "verify users --dry-run").await.code(2);
    let dry = run(world.settings(), "verify users --repair --dry-run --output json").await.code(3);
    let last: Value = serde_json::from_str(stdout(&dry).lines().last().unwrap()).unwrap();
    let plan = json!({"resource": "users", "outcome": "complete", "dryRun": true, "refreshed": [id], "reset": false});
    assert_eq!(last, plan);
    assert_eq!(world.cosmos.writes().len(), 0);
    run(world.settings(), "verify users --repair").await.code(0);
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn what_would_happen_to_subscriptions_is_foretold() {
    let world = World::start(Setup { notified: true, ..setup() }).await.unwrap();
    world.settle().await.unwrap();
    world.cosmos.reset_log();
    let (dry, code) = told(&world, "subscriptions renew --dry-run").await;
    assert_eq!((&dry["dryRun"], &dry["created"], code), (&json!(true), &json!(["users", "groups"]), Some(0)));
    assert_eq!((world.graph.subscriptions().len(), world.cosmos.writes().len()), (0, 0));
    run(world.settings(), "subscriptions renew").await.code(0);
    let id = world.graph.subscriptions()[0].id.clone();
    let (dry, _) = told(&world, "subscriptions renew --dry-run").await;
    assert_eq!(
        (&dry["created"], &dry["extended"]),
        (&json!([]), &json!([])),
        "they are younger than ten minutes"
    );
    let (dry, _) = told(&world, &format!("subscriptions delete {id} --dry-run")).await;
    assert_eq!((&dry["subscription"]["id"], world.graph.subscriptions().len()), (&json!(id), 2));
    let off: Vec<_> =
        world.settings().iter().filter(|(name, _)| !name.starts_with("NOTIFICATION")).cloned().collect();
    let dry = run(&off, "subscriptions renew --dry-run").await.code(0);
    assert!(stdout(&dry).contains("notifications are off; 2 ended"), "{}", stdout(&dry));
    assert_eq!(world.graph.subscriptions().len(), 2);
    let (ended, _) = told(&world, &format!("subscriptions delete {id}")).await;
    assert_eq!(ended, json!({"id": id, "outcome": "complete"}));
    assert_eq!(world.graph.subscriptions().len(), 1);
}
