//! The HTTP front: routes, keys, replies, the admin door.

use sandbox::host::{Host, Options};
use serde_json::{Value, json};

use crate::app::{App, requests};

async fn post(host: &Host, path: &str, key: Option<&str>) -> (u16, String) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut request = client.post(format!("{}{path}", host.url())).body(r#"{"full":true}"#);
    if let Some(key) = key {
        request = request.header("x-functions-key", key);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

fn echo() -> App {
    App::new().act("refresh", json!({"echo": true})).act("notifications", json!({"echo": true}))
}

#[tokio::test]
async fn a_request_becomes_an_envelope_and_its_output_the_reply() {
    let host = echo().start().await;
    let (status, body) = post(&host, "/api/refresh/users?full=1", Some("sandbox-function-key")).await;
    assert_eq!(status, 201);
    let envelope: Value = serde_json::from_str(&body).unwrap();
    let request = &envelope["Data"]["req"];
    assert_eq!(request["Params"], json!({"resource": "users", "id": null}));
    assert_eq!(request["Body"], r#"{"full":true}"#);
    assert_eq!(request["Query"], json!({"full": "1"}));
    assert!(request["Url"].as_str().unwrap().ends_with("/api/refresh/users?full=1"));
}

#[tokio::test]
async fn keys_routes_and_methods_are_checked() {
    let host = echo().start().await;
    assert_eq!(post(&host, "/api/refresh/users", None).await.0, 401);
    assert_eq!(post(&host, "/api/refresh/users?code=sandbox-function-key", None).await.0, 201);
    assert_eq!(post(&host, "/api/refresh/users?code=sandbox-function-key", Some("wrong")).await.0, 401);
    assert_eq!(post(&host, "/api/notifications", None).await.0, 201);
    assert_eq!(post(&host, "/refresh/users", Some("sandbox-function-key")).await.0, 404);
    assert_eq!(post(&host, "/api/nothing", None).await.0, 404);
    assert_eq!(reqwest::get(format!("{}/api/refresh/users", host.url())).await.unwrap().status(), 404);
}

#[tokio::test]
async fn a_failure_is_an_empty_500_and_a_disabled_function_is_not_there() {
    let app = App::new().act("notifications", json!({"status": 400, "body": "why"}));
    let host = app.start().await;
    assert_eq!(post(&host, "/api/notifications", None).await, (500, String::new()));

    let mut options = app.options();
    options.env.retain(|(name, _)| !name.starts_with("AzureWebJobs_"));
    options.env.push(("AzureWebJobs_notifications_Disabled".into(), "true".into()));
    let host = Host::start(Options { ..options }).await.unwrap();
    assert_eq!(post(&host, "/api/notifications", None).await.0, 404);
}

#[tokio::test]
async fn the_admin_door_runs_a_function_in_the_background() {
    let host = App::new().start().await;
    assert_eq!(post(&host, "/admin/functions/tick", Some("sandbox-function-key")).await.0, 401);
    assert_eq!(post(&host, "/admin/functions/nothing", Some("sandbox-master-key")).await.0, 404);
    assert_eq!(post(&host, "/admin/functions/tick", Some("sandbox-master-key")).await.0, 202);
    requests(&host, "tick", 1).await;
}
