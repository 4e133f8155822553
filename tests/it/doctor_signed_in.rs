//! `doctor` under a credential with which a person signs in: it asks nobody, and judges by delegated permissions.

use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::command_line::text;
use crate::sign_in::Terminal;

/// The verdicts of a check, by its name.
fn of(ran: &Output, check: &str) -> Vec<Value> {
    let verdicts = text(&ran.stdout);
    let verdicts = verdicts.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    verdicts.filter(|verdict| verdict["check"] == check).collect()
}

fn findings(ran: &Output) -> Vec<Value> {
    let verdicts = text(&ran.stdout);
    let verdicts = verdicts.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    verdicts.filter(|verdict| verdict["state"] == "finding").collect()
}

#[tokio::test]
async fn nobody_is_asked_to_sign_in_and_the_command_that_does_is_named() {
    for credential in ["device-code", "interactive-browser"] {
        let at = Terminal::new(credential).await;
        let begun = Instant::now();
        let ran = at.run("doctor --output json").await;
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
        let [finding] = findings(&ran).try_into().unwrap();
        assert_eq!(
            (ran.status.code(), &finding["check"], &finding["service"]),
            (Some(1), &json!("token"), &json!("graph"))
        );
        let what = format!("Microsoft Graph has no access token by {credential}: nobody is signed in");
        assert_eq!(finding["what"], what);
        assert_eq!(finding["next"], "sign in first with `graph-mirror get /me`");
        assert_eq!(finding["command"], "graph-mirror get /me");
        assert_eq!(at.world.entra.switches().device_codes(), Vec::<String>::new(), "no sign-in was started");
        assert_eq!(at.world.entra.requests().len(), 0, "and Entra was asked for nothing");
        let cosmos = of(&ran, "role").remove(0);
        assert_eq!(cosmos["state"], "ok", "Cosmos DB is looked at all the same: {cosmos}");
    }
}

#[tokio::test]
async fn a_person_s_token_shows_scopes_and_permissions_are_judged_by_them() {
    let at = Terminal::new("device-code").await;
    at.signed_in().await;
    let ran = at.run("doctor --output json").await;
    assert_eq!((ran.status.code(), findings(&ran)), (Some(0), Vec::new()), "{}", text(&ran.stderr));
    let token = of(&ran, "token").remove(0);
    let identity = &token["identity"];
    assert_eq!((&identity["credential"], &identity["roles"]), (&json!("device-code"), &json!([])));
    assert!(identity["scopes"].as_array().unwrap().contains(&json!("User.Read.All")), "{token}");
    assert!(token["what"].as_str().unwrap().contains(", for a person, with "), "{token}");
    let permissions: Vec<_> = of(&ran, "permission").into_iter().map(|one| one["what"].clone()).collect();
    let granted = ["Device", "User", "Group"].map(|kind| json!(format!("{kind}.Read.All is granted")));
    assert_eq!(permissions, granted);
}

#[tokio::test]
async fn a_delegated_permission_that_was_not_asked_for_is_named_with_the_way_to_it() {
    let at =
        Terminal::new("device-code").await.set("GRAPH_SCOPES", "User.Read Device.Read.All Group.Read.All");
    at.signed_in().await;
    let ran = at.run("doctor --output json").await;
    let [finding] = findings(&ran).try_into().unwrap();
    assert_eq!((&finding["check"], &finding["resource"]), (&json!("permission"), &json!("users")));
    let what = "the delegated permission User.Read.All is not in the token of device-code";
    assert_eq!(finding["what"], what);
    assert_eq!(finding["next"], "add User.Read.All to GRAPH_SCOPES, and sign in again:");
    assert_eq!(finding["command"], "graph-mirror logout && graph-mirror get /me");
}

#[tokio::test]
async fn a_sign_in_that_ended_is_not_begun_anew_by_the_doctor() {
    let at = Terminal::new("device-code").await;
    at.signed_in().await;
    at.end_token();
    at.world.entra.switches().revoke_refresh_tokens();
    let ran = at.run("doctor --output json").await;
    let [finding] = findings(&ran).try_into().unwrap();
    assert_eq!(finding["check"], "token");
    assert_eq!(finding["command"], "graph-mirror get /me", "{finding}");
    assert_eq!(at.world.entra.switches().device_codes(), Vec::<String>::new(), "no sign-in was started");
}
