//! `verify`: names what differs between the tenant and the copy, and nothing else.

use sandbox::graph::{Fault, Kind, Match, TokenDeath};
use sandbox::world::{Setup, World};
use serde_json::{Value, json};

use crate::command_line::{run, stderr, stdout};
use crate::stage::setup;

/// A world with links whose copy is complete, and where reading by id shows nulls for what was never set.
async fn copied(users: usize) -> World {
    let world = World::start(Setup { users, groups: 6, page_size: 50, ..setup() }).await.unwrap();
    world.graph.quirks(|quirks| quirks.nulls_by_id = true);
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    world.graph.forget_requests();
    world
}

async fn verify(world: &World, arguments: &str, code: i32) -> String {
    let ran = run(world.settings(), &format!("verify {arguments}")).await.code(code);
    assert!(!stderr(&ran).contains("127.0.0.1") && !stderr(&ran).contains("skiptoken"), "{}", stderr(&ran));
    stdout(&ran)
}

/// The differences that it named, sorted; the last line is about all.
fn named(said: &str) -> Vec<&str> {
    let mut lines: Vec<_> = said.lines().collect();
    assert!(lines.pop().is_some_and(|all| all.contains(" differences; ")), "{said}");
    lines.sort_unstable();
    lines
}

/// Damages a document of the copy past everybody.
async fn damage(world: &World, container: &str, partition: &str, id: &str, change: impl FnOnce(&mut Value)) {
    let mut document = world.cosmos.document(container, partition, id).await.unwrap();
    change(&mut document);
    let id = document["id"].as_str().unwrap().to_owned();
    let partition = document.pointer("/_mirror/parent").and_then(Value::as_str).unwrap_or(&id).to_owned();
    world.cosmos.put(container, &partition, &document).await.unwrap();
}

/// Damages the users and their managers in every way that there is; says what should be named.
async fn damaged(world: &World) -> Vec<String> {
    let (ids, managed) = world.graph.tenant(|tenant| {
        let ids = tenant.ids("users");
        let managed: Vec<_> = ids
            .iter()
            .filter_map(|id| Some((id.clone(), tenant.targets("users-manager", id).pop()?)))
            .collect();
        (ids, managed)
    });
    let stranger = "00000000-0000-4000-8000-00000000dead";
    damage(world, "users", &ids[3], &ids[3], |user| {
        user["city"] = json!("Nowhere");
        user.as_object_mut().unwrap().remove("userPrincipalName");
        user["neverSet"] = Value::Null;
    })
    .await;
    world.cosmos.delete("users", &ids[4], &ids[4]).await.unwrap();
    damage(world, "users", &ids[5], &ids[5], |user| user["id"] = json!(stranger)).await;
    let (source, manager) = &managed[0];
    let link = format!("{source}|{manager}");
    world.cosmos.delete("users-manager", source, &link).await.unwrap();
    let (other, its) = &managed[1];
    damage(world, "users-manager", other, &format!("{other}|{its}"), |link| {
        link["id"] = json!(format!("{other}|{stranger}"));
        link["targetId"] = json!(stranger);
    })
    .await;
    let mut named = vec![
        format!("users: {} differs in city, userPrincipalName", ids[3]),
        format!("users: {} is not in the copy", ids[4]),
        format!("users: {stranger} is in the copy only"),
        format!("users: users-manager {source} -> {manager} is not in the copy"),
        format!("users: users-manager {other} -> {stranger} is in the copy only"),
    ];
    named.sort_unstable();
    named
}

#[tokio::test]
async fn an_undamaged_copy_has_no_differences_and_nothing_is_written() {
    let world = copied(300).await;
    world.cosmos.reset_log();
    for feed in ["users", "groups"] {
        let said = verify(&world, feed, 0).await;
        assert!(said.starts_with(&format!("{feed}: 0 differences; ")), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    assert!(verify(&world, "users", 0).await.contains("300 objects and"));
    assert!(world.cosmos.writes().is_empty(), "it only reads, and takes no lease");
    world.graph.fail(Match::skip_token(), 1, Fault::TokenDead(TokenDeath::ALL[0]));
    verify(&world, "users", 0).await;
    assert_eq!(world.graph.faults().unused(), 0, "a walk whose token dies begins anew");
}

#[tokio::test]
async fn a_damaged_copy_names_each_difference_and_nothing_else() {
    let world = copied(120).await;
    let damage = damaged(&world).await;
    assert_eq!(named(&verify(&world, "users", 3).await), damage);
    let said = verify(&world, "users --output json", 3).await;
    let mut told: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let all = told.pop().unwrap();
    assert_eq!(
        (&all["resource"], &all["differences"], &all["objects"]),
        (&json!("users"), &json!(5), &json!(121))
    );
    let kinds: Vec<_> = told.iter().map(|line| line["difference"].as_str().unwrap()).collect();
    assert_eq!(kinds.len(), 5, "{kinds:?}");
    assert!(!said.contains("Nowhere"), "names, never values: {said}");
    assert_eq!(verify(&world, "groups", 0).await.lines().count(), 1, "the groups are whole");
}

#[tokio::test]
async fn links_of_groups_are_compared_one_by_one() {
    let world = copied(60).await;
    let (group, member, owner) = world.graph.tenant(|tenant| {
        let group = tenant.create("groups");
        let users = tenant.ids("users");
        for user in &users[..30] {
            tenant.link("groups-members", &group, user);
        }
        tenant.link("groups-owners", &group, &users[40]);
        (group, users[7].clone(), users[40].clone())
    });
    world.turn().await.unwrap();
    world.cosmos.delete("groups-members", &group, &format!("{group}|{member}")).await.unwrap();
    damage(&world, "groups-owners", &group, &format!("{group}|{owner}"), |link| {
        link["id"] = json!(format!("{group}|{member}"));
        link["targetId"] = json!(member);
    })
    .await;
    let mut expected = [
        format!("groups: groups-members {group} -> {member} is not in the copy"),
        format!("groups: groups-owners {group} -> {member} is in the copy only"),
    ];
    expected.sort_unstable();
    assert_eq!(named(&verify(&world, "groups", 3).await), expected);
}

#[tokio::test]
async fn soft_deleted_ends_of_links_are_no_differences() {
    let world = copied(60).await;
    world.graph.tenant(|tenant| {
        let groups = tenant.ids("groups");
        let member = tenant.targets("groups-members", &groups[0])[0].clone();
        tenant.remove("users", &member);
        tenant.remove("groups", &groups[1]);
        let manager =
            tenant.ids("users").iter().find_map(|user| tenant.targets("users-manager", user).pop()).unwrap();
        tenant.remove("users", &manager);
    });
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();
    for feed in ["users", "groups"] {
        verify(&world, feed, 0).await;
    }
    // A feed that does not tell of such links either must not make them differences.
    let (group, member) = world.graph.tenant(|tenant| {
        let group = tenant.ids("groups")[0].clone();
        let member = tenant.ids("users")[0].clone();
        tenant.link("groups-members", &group, &member);
        (group, member)
    });
    world.turn().await.unwrap();
    world.graph.tenant(|tenant| {
        tenant.unlink("groups-members", &group, &member);
        tenant.remove("users", &member)
    });
    world.turn_feed("users").await.unwrap();
    let said = verify(&world, "groups", 0).await;
    assert!(said.starts_with("groups: 0 differences"), "{said}");
}

#[tokio::test]
async fn what_changes_between_the_enumeration_and_the_second_look_is_no_difference() {
    let world = World::start(setup()).await.unwrap();
    world.settle().await.unwrap();
    let mut hold = world.graph.hold(Match::skip_token());
    let verified = tokio::spawn({
        let world = world.clone();
        async move { verify(&world, "users", 0).await }
    });
    hold.arrived().await;
    world.graph.tenant(|tenant| {
        let ids = tenant.ids("users");
        for id in &ids[..15] {
            tenant.change("users", id, json!({"city": "Elsewhere"}));
        }
        tenant.remove("users", &ids[20]);
        tenant.remove("users", &ids[21]);
    });
    world.turn().await.unwrap();
    world.graph.forget_requests();
    hold.release();
    let said = verified.await.unwrap();
    assert!(said.starts_with("users: 0 differences"), "{said}");
    assert!(world.graph.counts()[&Kind::ById] > 0, "there were suspects");
}

#[tokio::test]
async fn what_was_set_aside_is_counted_and_a_failure_is_told() {
    let world = World::start(setup()).await.unwrap();
    let first = world.a_user();
    let write = sandbox::cosmos::Match::writes().container("users").id(&first);
    world.cosmos.fail(write, 1, sandbox::cosmos::Fault::Refuse(400));
    world.settle().await.unwrap();
    let said = verify(&world, "users", 0).await;
    assert!(said.contains("50 objects and 0 links compared, 1 set aside"), "{said}");
    world.graph.fail(Match::any(), 1, Fault::NotJson);
    let failed = run(world.settings(), "verify users --output json").await.code(1);
    let told: Value = serde_json::from_str(&stdout(&failed)).unwrap();
    assert!(told["error"].as_str().unwrap().starts_with("verify of users failed"), "{told}");
    run(&[], "verify users").await.code(78);
    let unknown = run(&[], "verify people").await.code(2).stdout("");
    assert!(stderr(&unknown).contains("there is no resource 'people'"), "{}", stderr(&unknown));
}

#[tokio::test]
async fn a_repair_mends_objects_and_links_and_looks_again() {
    let world = copied(120).await;
    let damage = damaged(&world).await;
    let said = verify(&world, "users --repair", 0).await;
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.last(), Some(&"users: 5 differences mended, 0 left"), "{said}");
    let mut named = lines[..5].to_vec();
    named.sort_unstable();
    assert_eq!(named, damage, "first what was found");
    world.ensure_equal().await.unwrap();
    verify(&world, "users", 0).await;
    let said = verify(&world, "users --repair --output json", 0).await;
    assert_eq!(said.lines().count(), 1, "nothing to repair: {said}");
}

#[tokio::test]
async fn objects_are_repaired_without_reading_the_feed_anew_and_what_is_held_is_left() {
    let world = World::start(Setup { groups: 6, ..setup() }).await.unwrap();
    world.settle().await.unwrap();
    let ids = world.graph.tenant(|tenant| tenant.ids("users"));
    damage(&world, "users", &ids[3], &ids[3], |user| user["city"] = json!("Nowhere")).await;
    let said = verify(&world, "users --repair --output json", 0).await;
    let last: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(
        last,
        json!({"resource": "users", "outcome": "complete", "repaired": 1, "left": 0, "undecided": 0})
    );
    world.ensure_equal().await.unwrap();
    assert_eq!(crate::stage::generations(&world, "users"), 1);
    // Links too many, and more of them than the removal limit lets go.
    let links = world.cosmos.documents("users-manager").await;
    for link in &links[..20] {
        let source = link["sourceId"].as_str().unwrap();
        damage(&world, "users-manager", source, link["id"].as_str().unwrap(), |link| {
            let nobody = format!("nobody-{source}");
            link["id"] = json!(format!("{nobody}|{source}"));
            (link["sourceId"], link["targetId"]) = (json!(nobody), json!(source));
            link["_mirror"]["parent"] = json!(nobody);
        })
        .await;
    }
    let ran = run(world.settings(), "verify users --repair").await.code(3);
    assert!(stdout(&ran).ends_with("users: 0 differences mended, 20 left\n"), "{}", stdout(&ran));
    assert!(stderr(&ran).contains("`sync users --accept-removals` lets them go"), "{}", stderr(&ran));
    run(world.settings(), "sync users --accept-removals").await.code(0);
    verify(&world, "users", 0).await;
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn a_repair_waits_for_the_turn_that_holds_the_feed() {
    let world = World::start(setup()).await.unwrap();
    world.settle().await.unwrap();
    let id = world.graph.tenant(|tenant| tenant.ids("users")[3].clone());
    damage(&world, "users", &id, &id, |user| user["city"] = json!("Nowhere")).await;
    crate::stage::unsettle(&world).await;
    let mut hold = world.graph.hold(Match::delta_token());
    let turn = world.start_turn();
    hold.arrived().await;
    let repaired = tokio::spawn({
        let world = world.clone();
        async move { verify(&world, "users --repair", 0).await }
    });
    while world.cosmos.document("mirror", "users", "lease").await.unwrap()["rerunRequested"] != true {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    hold.release();
    assert!(turn.await.unwrap().succeeded());
    assert!(repaired.await.unwrap().ends_with("users: 1 differences mended, 0 left\n"));
    world.ensure_equal().await.unwrap();
}

/// Graph refuses one request of this kind, with 403.
fn forbid(world: &World, when: Match) {
    let body = r#"{"error":{"code":"Authorization_RequestDenied","message":"no"}}"#.to_owned();
    world.graph.fail(when, 1, Fault::Status { code: 403, body });
}

#[tokio::test]
async fn one_group_whose_members_are_refused_does_not_hide_the_differences_of_the_others() {
    let world = copied(60).await;
    let links = world.graph.tenant(|tenant| {
        let mut groups = tenant.ids("groups");
        groups.retain(|group| !tenant.targets("groups-members", group).is_empty());
        groups.sort_unstable();
        let member = |group: &String| (group.clone(), tenant.targets("groups-members", group)[0].clone());
        [member(&groups[0]), member(&groups[1])]
    });
    for (group, member) in &links {
        world.cosmos.delete("groups-members", group, &format!("{group}|{member}")).await.unwrap();
    }
    let generation = async |world: &World| {
        world.cosmos.document("mirror", "groups", "checkpoint").await.unwrap()["generation"].clone()
    };
    let before = generation(&world).await;
    forbid(&world, Match::targets());
    let said = verify(&world, "groups", 3).await;
    let is_refused = |group: &str| said.contains(&format!("groups: groups-members {group} was not compared"));
    let [(refused, _), (group, member)] = match links {
        [one, other] if is_refused(&other.0) => [other, one],
        both => both,
    };
    let expected = format!("groups: groups-members {group} -> {member} is not in the copy");
    assert!(said.contains(&expected), "{said}");
    assert!(said.contains(&format!("groups: groups-members {refused} was not compared")), "{said}");
    assert!(said.contains("1 differences") && said.contains("1 not to be looked at again"), "{said}");
    forbid(&world, Match::targets());
    let said = verify(&world, "groups --output json", 3).await;
    let all: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    let not_compared = &all["notCompared"];
    let one = |id: &str| json!([{"container": "groups-members", "id": id, "status": 403}]);
    assert!(*not_compared == one(&refused) || *not_compared == one(&group), "{said}");
    // Reading everything anew would also sweep what nobody has compared.
    forbid(&world, Match::targets());
    let said = verify(&world, "groups --repair", 3).await;
    assert!(said.contains("links are not mended"), "{said}");
    assert_eq!(generation(&world).await, before);
    assert!(verify(&world, "groups --repair", 0).await.contains("2 differences mended"));
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn one_object_that_is_refused_does_not_hide_the_others_either() {
    let world = copied(60).await;
    let mut ids = world.graph.tenant(|tenant| tenant.ids("users"));
    ids.sort_unstable();
    for id in &ids[..2] {
        world.cosmos.delete("users", id, id).await.unwrap();
    }
    forbid(&world, Match::by_id());
    let said = verify(&world, "users", 3).await;
    let [one, other] = [&ids[0], &ids[1]].map(|id| said.contains(&format!("users: {id} was not compared")));
    assert!(one != other, "one of them: {said}");
    assert!(said.contains("is not in the copy") && said.contains("1 differences"), "{said}");
    let link = world.cosmos.documents("users-manager").await.swap_remove(0);
    let (source, id) = (link["sourceId"].as_str().unwrap(), link["id"].as_str().unwrap());
    world.cosmos.delete("users-manager", source, id).await.unwrap();
    forbid(&world, Match::targets());
    let said = verify(&world, "users", 3).await;
    assert!(said.contains(&format!("users: users-manager {source} was not compared")), "{said}");
    assert!(said.contains("2 differences"), "{said}");
}
