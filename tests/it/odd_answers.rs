//! Answers of an unexpected form: one odd member hides no other, and what is needed and missing is named.

use sandbox::graph::{Fault, Kind, Match};
use sandbox::world::{Setup, WORK_QUEUE, World};
use serde_json::{Value, json};

use crate::stage::{checkpoint, copied, copied_as, failure, logged, resting, setup, with_secret};

/// One answer of Graph, to the first request that matches.
fn answers(world: &World, when: Match, code: u16, body: impl Into<String>) {
    world.graph.fail(when, 1, Fault::Status { code, body: body.into() });
}

#[tokio::test]
async fn a_dead_token_is_recognized_in_an_error_body_of_any_form() {
    for body in [
        "\u{feff}{\"error\":{\"code\":\"SyncStateNotFound\"}}",
        "upstream says: {\"error\":{\"code\":404,\"Code\":\"SyncStateNotFound\",\"message\":{\"lang\":\"en\"}}}",
        r#"{"error":{"code":"SyncStateNotFound","code":"SyncStateNotFound","innerError":7,"innererror":{"date":null}}}"#,
        r#"{"error":{"code":"UnknownError","message":"{\"error\":{\"code\":\"SyncStateNotFound\"}}"}}"#,
    ] {
        let world = copied().await;
        let before = checkpoint(&world).await;
        answers(&world, Match::delta_token(), 404, body);
        world.settle().await.unwrap_or_else(|error| panic!("{body}: {error:#}"));
        world.ensure_equal().await.unwrap();
        let after = checkpoint(&world).await;
        assert_ne!(after["generation"], before["generation"], "{body}: the walk begins anew");
        assert_eq!(logged(&world, "token_dead").len(), 1, "{body}");
    }
}

#[tokio::test]
async fn a_token_answer_of_another_form_is_read() {
    for wording in [
        r#"{"access_token":"{token}","expires_in":"{seconds}"}"#,
        "\u{feff}{\"access_token\":\"{token}\",\"expires_on\":{end},\"resource\":null,\"n\":1e400}",
        r#"{"token_type":7,"access_token":"{token}","access_token":"{token}","expires_in":null,"expires_on":"{end}"}"#,
    ] {
        for setup in [setup(), with_secret()] {
            let world = World::start(setup).await.unwrap();
            world.identity.set_wording(wording);
            world.turn().await.unwrap_or_else(|error| panic!("{wording}: {error:#}"));
            world.ensure_equal().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_token_answer_that_lacks_what_is_needed_names_it_and_quotes_nothing() {
    for (wording, word) in [
        (r#"{"hush":"{token}","expires_in":3600}"#, "no `access_token`"),
        (r#"{"access_token":"{token}","expires_in":"hush"}"#, "no `expires_in` or `expires_on`"),
    ] {
        for setup in [setup(), with_secret()] {
            let world = World::start(setup).await.unwrap();
            world.identity.set_wording(wording);
            assert!(!world.fire().await.unwrap().succeeded());
            let said = failure(&world);
            assert!(said.contains(word) && !said.contains("hush") && !said.contains("eyJ"), "{said}");
        }
    }
}

#[tokio::test]
async fn somebody_elses_odd_subscription_does_not_end_the_care_of_ours() {
    let world = World::start(Setup { notified: true, ..setup() }.set("RELOOK_SECONDS", "0")).await.unwrap();
    world.settle().await.unwrap();
    world.keep_subscriptions().await.unwrap();
    let list = |odd: Value| {
        let all = world.graph.subscriptions();
        let ours = all.iter().map(|one| one.json());
        json!({"@odata.context": 7, "value": odd.as_array().unwrap().iter().cloned().chain(ours).collect::<Vec<_>>()})
    };
    for odd in [
        json!([null, 7, {}]),
        json!([{"id": "f", "resource": "/me/messages", "notificationUrl": null, "expirationDateTime": null}]),
        json!([{"id": "f", "resource": null, "notificationUrl": "https://other.example", "expirationDateTime": "soon"}]),
    ] {
        answers(&world, Match::kind(Kind::Other), 200, list(odd.clone()).to_string());
        let told = world.keep_subscriptions().await.unwrap();
        assert!(told.contains("created none") && told.contains("failed none"), "{odd}: {told}");
    }
    assert_eq!(world.graph.subscriptions().len(), 2);
}

#[tokio::test]
async fn a_lifecycle_notification_with_other_names_is_heard() {
    let world = World::start(Setup { notified: true, ..setup() }.set("RELOOK_SECONDS", "0")).await.unwrap();
    world.settle().await.unwrap();
    world.keep_subscriptions().await.unwrap();
    world.host.pump(WORK_QUEUE).await.unwrap();
    let tenant = world.graph.tenant(|tenant| tenant.id.clone());
    let users = world.graph.subscriptions().into_iter().find(|one| one.feed == "users").unwrap();
    let state = users.client_state.unwrap();
    for one in [
        json!({"organizationId": tenant, "clientState": state, "lifecycleEvent": "missed", "subscriptionId": null}),
        json!({"TenantId": tenant, "ClientState": state, "resourceData": null}),
        json!({"clientState": state, "resourceData": {"organizationId": tenant, "sequenceNumber": 1.5}}),
    ] {
        world.graph.tenant(|tenant| tenant.create("users"));
        let url = format!("{}/api/notifications", world.host.url());
        let body = json!({"value": [null, one], "validationTokens": null}).to_string();
        let request = reqwest::Client::new().post(url).header("content-type", "application/json").body(body);
        assert_eq!(request.send().await.unwrap().status(), 202);
        world.host.pump(WORK_QUEUE).await.unwrap();
        world.ensure_equal().await.unwrap_or_else(|error| panic!("{one}: {error:#}"));
    }
}

#[tokio::test]
async fn one_member_without_an_id_does_not_stop_the_groups() {
    let world = copied_as(Setup { groups: 5, ..resting() }).await;
    let (group, user) =
        world.graph.tenant(|tenant| (tenant.ids("groups")[0].clone(), tenant.ids("users")[0].clone()));
    let other = "99999999-aaaa-4bbb-8ccc-dddddddddddd";
    let link = format!("{}/v1.0/groups/delta?$deltatoken=made-up", world.graph.endpoint());
    let page = json!({"value": [
        {"id": group, "displayName": "told", "members@delta": [{"@odata.type": "#microsoft.graph.user"}, {"id": user}], "owners@delta": null},
        {"id": other, "displayName": "another", "members@delta": 7},
    ], "@odata.deltaLink": link});
    answers(&world, Match::delta_token().feed("groups"), 200, page.to_string());
    let told = world.turn_feed("groups").await.unwrap();
    assert!(told.contains("2 upserted, 0 removed, 2 set aside, 1 links"), "{told}");
    let named = logged(&world, "links_set_aside");
    assert_eq!(named.len(), 2, "{named:?}");
    assert!(named[0].contains(&group) && named[0].contains("\"members\""), "{}", named[0]);
    assert_eq!(world.cosmos.document("groups", other, other).await.unwrap()["displayName"], "another");
    // Graph does not know the made-up token, so the next turn enumerates; the group that does not exist is looked up.
    world.reconfigured("DOUBT_MINUTES", "0").await.unwrap().settle_equal().await.unwrap();
}

#[tokio::test]
async fn a_value_that_cosmos_cannot_hold_does_not_cost_the_user() {
    let world = copied_as(resting()).await;
    let link = format!("{}/v1.0/users/delta?$deltatoken=made-up", world.graph.endpoint());
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let page = format!(
        r#"{{"value":[{{"id":"odd","displayName":"half \ud800","city":"Ulm","employeeId":1e400,"otherMails":{deep},"x\udc00":1}}],"@odata.deltaLink":"{link}"}}"#
    );
    answers(&world, Match::delta_token(), 200, page);
    let told = world.turn().await.unwrap();
    assert!(told.contains("1 upserted, 0 removed, 1 set aside"), "{told}");
    let document = crate::stage::document(&world, "odd").await;
    assert_eq!((&document["city"], document.get("displayName")), (&json!("Ulm"), None));
    let shadowed = &document["_mirror"]["shadowed"];
    assert_eq!(shadowed["displayName"], r#""half \ud800""#);
    assert_eq!((&shadowed["employeeId"], &shadowed["otherMails"]), (&json!("1e400"), &json!(deep)));
    assert_eq!(document["_mirror"].get("setAside"), None, "the object is kept");
    let named = logged(&world, "value_set_aside");
    assert_eq!(named.len(), 1, "{named:?}");
    assert!(named[0].contains("displayName") && !named[0].contains("half"), "{}", named[0]);
}
