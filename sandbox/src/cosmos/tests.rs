//! The account over its socket, as a client meets it.

mod official;

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use super::*;
use crate::identity::{COSMOS_AUDIENCE, Identity};

struct Setup {
    cosmos: Cosmos,
    identity: Identity,
    token: String,
    client: Client,
}

impl Setup {
    async fn new() -> Self {
        let identity = Identity::start(Default::default()).await.unwrap();
        let cosmos = Cosmos::start(identity.clone()).await.unwrap();
        let token = identity.issue(COSMOS_AUDIENCE);
        Self { cosmos, identity, token, client: Client::new() }
    }

    fn request(&self, method: Method, path: &str, partition: &str) -> RequestBuilder {
        let authorization: String =
            url::form_urlencoded::byte_serialize(format!("type=aad&ver=1.0&sig={}", self.token).as_bytes())
                .collect();
        self.client
            .request(method, format!("{}{path}", self.cosmos.endpoint()))
            .header("authorization", authorization)
            .header("x-ms-documentdb-partitionkey", json!([partition]).to_string())
    }

    async fn upsert(&self, document: Value) -> reqwest::Result<u16> {
        let partition = document["id"].as_str().unwrap_or_default().to_owned();
        let request = self.request(Method::POST, "dbs/graph/colls/users/docs", &partition);
        let answer =
            request.header("x-ms-documentdb-is-upsert", "True").body(document.to_string()).send().await?;
        Ok(answer.status().as_u16())
    }

    async fn read(&self, id: &str) -> (u16, Value) {
        let answer =
            self.request(Method::GET, &format!("dbs/graph/colls/users/docs/{id}"), id).send().await.unwrap();
        (answer.status().as_u16(), serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    }
}

#[tokio::test]
async fn documents_are_written_read_replaced_under_a_condition_and_queried() {
    let setup = Setup::new().await;
    assert_eq!(setup.upsert(json!({"id": "a", "jobTitle": null, "city": "Zürich"})).await.unwrap(), 201);
    assert_eq!(setup.upsert(json!({"id": "a", "jobTitle": null, "city": "Ulm"})).await.unwrap(), 200);
    let (status, document) = setup.read("a").await;
    assert_eq!((status, &document["jobTitle"], &document["city"]), (200, &Value::Null, &json!("Ulm")));
    assert!(document.as_object().unwrap().contains_key("jobTitle"));

    let replace = |etag: String| {
        setup
            .request(Method::PUT, "dbs/graph/colls/users/docs/a", "a")
            .header("if-match", etag)
            .body(r#"{"id":"a"}"#)
    };
    assert_eq!(replace("\"stale\"".into()).send().await.unwrap().status(), 412);
    assert_eq!(replace(document["_etag"].as_str().unwrap().into()).send().await.unwrap().status(), 200);

    let query = setup
        .request(Method::POST, "dbs/graph/colls/users/docs", "a")
        .header("x-ms-documentdb-isquery", "True");
    let query = query
        .header("content-type", "application/query+json")
        .body(r#"{"query":"SELECT VALUE c.id FROM c"}"#);
    let answer: Value = serde_json::from_slice(&query.send().await.unwrap().bytes().await.unwrap()).unwrap();
    assert_eq!(answer["Documents"], json!(["a"]));

    let statuses: Vec<_> =
        setup.cosmos.writes().iter().map(|write| (write.operation, write.status)).collect();
    assert_eq!(
        statuses,
        [
            (Operation::Upsert, Some(201)),
            (Operation::Upsert, Some(200)),
            (Operation::Replace, Some(412)),
            (Operation::Replace, Some(200))
        ]
    );
    setup.cosmos.reset_log();
    assert!(setup.cosmos.writes().is_empty());
}

#[tokio::test]
async fn many_documents_are_listed_whole_and_the_container_has_ttl_on() {
    let setup = Setup::new().await;
    for number in 0..1_100 {
        setup.upsert(json!({"id": number.to_string()})).await.unwrap();
    }
    assert_eq!(setup.cosmos.documents("users").await.len(), 1_100);
    assert!(setup.cosmos.document("users", "7", "7").await.is_some());
    assert!(setup.cosmos.document("users", "x", "x").await.is_none());
    let answer = setup.request(Method::GET, "dbs/graph/colls/users", "").send().await.unwrap();
    let container: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    assert_eq!(
        (&container["defaultTtl"], &container["partitionKey"]["paths"]),
        (&json!(-1), &json!(["/id"]))
    );
}

#[tokio::test]
async fn only_a_good_token_or_the_key_is_let_in_and_a_token_makes_no_containers() {
    let mut setup = Setup::new().await;
    assert_eq!(setup.client.get(setup.cosmos.endpoint()).send().await.unwrap().status(), 401);
    assert_eq!(setup.request(Method::GET, "", "").send().await.unwrap().status(), 200);
    let create = setup
        .request(Method::POST, "dbs/graph/colls", "")
        .body(r#"{"id":"x","partitionKey":{"paths":["/id"],"kind":"Hash"}}"#);
    assert_eq!(create.send().await.unwrap().status(), 403);

    let signed = |key: &str| {
        let payload = "get\ncolls\ndbs/graph/colls/users\nthu, 01 jan 2026 00:00:00 gmt\n\n";
        let signature = azure_core::hmac::hmac_sha256(payload, &key.to_owned().into()).unwrap();
        let authorization: String =
            url::form_urlencoded::byte_serialize(format!("type=master&ver=1.0&sig={signature}").as_bytes())
                .collect();
        let request = setup.client.get(format!("{}dbs/graph/colls/users", setup.cosmos.endpoint()));
        request
            .header("authorization", authorization)
            .header("x-ms-date", "Thu, 01 Jan 2026 00:00:00 GMT")
            .send()
    };
    assert_eq!(signed(setup.cosmos.key()).await.unwrap().status(), 200);
    assert_eq!(signed(&BASE64_STANDARD.encode("another")).await.unwrap().status(), 401);

    setup.token = setup.identity.issue("https://graph.microsoft.com");
    assert_eq!(setup.read("a").await.0, 401);
}

#[tokio::test]
async fn what_the_service_refuses_is_refused() {
    let setup = Setup::new().await;
    for id in ["a/b", "a\\b", "a?b", "a#b", &"x".repeat(1_024)] {
        assert_eq!(setup.upsert(json!({"id": id})).await.unwrap(), 400, "{id}");
    }
    assert_eq!(setup.upsert(json!({"id": "a", "ttl": 0})).await.unwrap(), 400);
    assert_eq!(setup.upsert(json!({"id": "a", "padding": " ".repeat(2 << 20)})).await.unwrap(), 413);
    assert_eq!(setup.upsert(json!({"id": "a%b c'd"})).await.unwrap(), 201);
    assert!(setup.cosmos.document("users", "a%b c'd", "a%b c'd").await.is_some());
}

#[tokio::test]
async fn documents_expire_when_their_time_has_come() {
    const DAY: u64 = 86_400;
    let setup = Setup::new().await;
    setup.upsert(json!({"id": "a", "ttl": 2 * DAY})).await.unwrap();
    setup.upsert(json!({"id": "b", "ttl": 2 * DAY})).await.unwrap();
    setup.upsert(json!({"id": "b"})).await.unwrap();
    // The time that the test itself takes passes too: a day is left for it.
    setup.cosmos.advance(Duration::from_secs(DAY));
    assert_eq!(setup.read("a").await.0, 200);
    setup.cosmos.advance(Duration::from_secs(DAY));
    assert_eq!(setup.read("a").await.0, 404);
    assert_eq!(setup.cosmos.documents("users").await.len(), 1);
}

#[tokio::test]
async fn a_version_that_took_the_place_of_one_that_expires_at_that_moment_stays() {
    const DAY: u64 = 86_400;
    let setup = Setup::new().await;
    setup.upsert(json!({"id": "a", "ttl": DAY})).await.unwrap();
    // As by a request whose own look at what has expired is over.
    setup.cosmos.put("users", "a", &json!({"id": "a"})).await.unwrap();
    setup.cosmos.advance(Duration::from_secs(2 * DAY));
    assert_eq!(setup.read("a").await.0, 200);
}

#[tokio::test]
async fn a_container_with_a_default_ttl_deletes_what_says_nothing_else_and_one_without_deletes_nothing() {
    const DAY: u64 = 86_400;
    let setup = Setup::new().await;
    setup.upsert(json!({"id": "a"})).await.unwrap();
    setup.upsert(json!({"id": "b", "ttl": -1})).await.unwrap();
    setup.upsert(json!({"id": "c", "ttl": 4 * DAY})).await.unwrap();
    setup.cosmos.set_default_ttl("users", Some(2 * DAY as i64)).await.unwrap();
    setup.cosmos.advance(Duration::from_secs(DAY));
    assert_eq!(setup.read("a").await.0, 200);
    setup.cosmos.advance(Duration::from_secs(2 * DAY));
    assert_eq!(setup.read("a").await.0, 404, "also what was written before");
    assert_eq!(setup.cosmos.documents("users").await.len(), 2);
    setup.cosmos.set_default_ttl("users", None).await.unwrap();
    setup.cosmos.advance(Duration::from_secs(9 * DAY));
    assert_eq!(setup.cosmos.documents("users").await.len(), 2);
}

#[tokio::test]
async fn a_client_is_told_whether_it_is_the_container_that_is_wrong() {
    let setup = Setup::new().await;
    let sub_status = async |partition: &str| {
        let request = setup.request(Method::POST, "dbs/graph/colls/users/docs", partition);
        let answer = request.body(json!({"id": "a"}).to_string()).send().await.unwrap();
        let sub_status =
            answer.headers().get("x-ms-substatus").map(|value| value.to_str().unwrap().to_owned());
        (answer.status().as_u16(), sub_status.unwrap_or_default())
    };
    assert_eq!(sub_status("b").await, (400, "1001".into()));
    setup.cosmos.remove_container("users").await.unwrap();
    assert_eq!(sub_status("a").await, (404, "1003".into()));
}

#[tokio::test]
async fn faults_strike_where_they_are_meant_to() {
    let setup = Setup::new().await;
    let users = || Match::operation(Operation::Upsert).container("users");
    setup.cosmos.fail(users().nth(2), 1, Fault::Throttle { retry_after_ms: 7 });
    setup.cosmos.fail(users().id("c"), 1, Fault::Lost);
    setup.cosmos.fail(users().id("d"), 1, Fault::Reset);
    setup.cosmos.fail(Match::writes().id("e"), 1, Fault::RetryWith);
    assert_eq!(setup.upsert(json!({"id": "a"})).await.unwrap(), 201);
    assert_eq!(setup.upsert(json!({"id": "b"})).await.unwrap(), 429);
    assert!(setup.upsert(json!({"id": "c"})).await.is_err());
    assert!(setup.upsert(json!({"id": "d"})).await.is_err());
    assert_eq!(setup.upsert(json!({"id": "e"})).await.unwrap(), 449);
    let mut there: Vec<_> =
        setup.cosmos.documents("users").await.iter().map(|document| document["id"].clone()).collect();
    there.sort_by_key(ToString::to_string);
    assert_eq!(there, ["a", "c"]);
    let statuses: Vec<_> = setup.cosmos.writes().iter().map(|write| write.status).collect();
    assert_eq!(statuses, [Some(201), Some(429), Some(201), None, Some(449)]);
    assert_eq!(setup.cosmos.faults().unused(), 0);
}

#[tokio::test]
async fn a_held_write_is_carried_out_late_even_if_nobody_waits_any_more() {
    let setup = Setup::new().await;
    let mut hold = setup.cosmos.hold(Match::writes(), Moment::Before);
    tokio::select! {
        _ = setup.upsert(json!({"id": "a"})) => panic!("it is held"),
        () = hold.arrived() => {}
    }
    assert!(setup.cosmos.documents("users").await.is_empty());
    let mut applied = setup.cosmos.hold(Match::writes(), Moment::After);
    hold.release();
    applied.arrived().await;
    assert_eq!(setup.cosmos.documents("users").await.len(), 1);
    applied.release();
}

#[tokio::test]
async fn sabotage_is_answered_as_success() {
    let setup = Setup::new().await;
    for sabotage in [Sabotage::Null, Sabotage::Page, Sabotage::Removal] {
        setup.cosmos.sabotage(sabotage);
    }
    let write = async |id: &str, save: u64, removed: Value| {
        let mut document = json!({"id": id, "city": null, "_mirror": {"save": save}});
        if !removed.is_null() {
            document["_mirror"]["removed"] = removed;
        }
        assert_eq!(setup.upsert(document).await.unwrap(), 201);
    };
    write("a", 4, Value::Null).await;
    write("b", 4, Value::Null).await;
    write("c", 5, Value::Null).await;
    write("d", 5, Value::Null).await;
    write("e", 6, json!({"reason": "deleted"})).await;
    write("f", 6, json!({"reason": "deleted"})).await;
    let there = |id: &'static str| setup.cosmos.document("users", id, id);
    assert!(
        there("a").await.unwrap().get("city").is_none() && there("b").await.unwrap().get("city").is_some()
    );
    assert!(there("c").await.is_none() && there("d").await.is_none());
    assert!(there("e").await.is_none() && there("f").await.is_some());
    assert_eq!(setup.cosmos.sabotaged().len(), 3);
}

#[tokio::test]
async fn links_are_kept_by_their_parent() {
    let identity = Identity::start(Default::default()).await.unwrap();
    let cosmos = Cosmos::start(identity).await.unwrap();
    cosmos.add_all_containers().await.unwrap();
    for container in ["groups-members", "groups-owners", "users-manager"] {
        let link = json!({"id": "g|u", "sourceId": "g", "targetId": "u", "_mirror": {"parent": "g"}});
        cosmos.put(container, "g", &link).await.unwrap();
        assert_eq!(cosmos.document(container, "g", "g|u").await.unwrap()["targetId"], "u");
        assert_eq!(cosmos.document(container, "u", "g|u").await, None);
        assert_eq!(cosmos.documents(container).await.len(), 1);
    }
    cosmos.put("groups", "g", &json!({"id": "g"})).await.unwrap();
    assert_eq!(cosmos.documents("groups").await.len(), 1);
}

#[tokio::test]
async fn a_read_of_another_session_may_be_behind_and_one_of_the_same_session_is_not() {
    let identity = Identity::start(Default::default()).await.unwrap();
    let options = Options { replica: true, ..Options::default() };
    let cosmos = Cosmos::start_with(identity.clone(), options).await.unwrap();
    let token = identity.issue(COSMOS_AUDIENCE);
    let setup = Setup { cosmos, identity, token, client: Client::new() };
    setup.upsert(json!({"id": "a", "n": 1})).await.unwrap();
    setup.upsert(json!({"id": "a", "n": 2})).await.unwrap();
    let behind = setup.cosmos.read_behind(Match::any());
    let request = setup.request(Method::POST, "dbs/graph/colls/users/docs", "a");
    let request = request.header("x-ms-documentdb-is-upsert", "True").body(r#"{"id":"a","n":3}"#);
    let answer = request.send().await.unwrap();
    let session = answer.headers()["x-ms-session-token"].to_str().unwrap().to_owned();
    let read = async |session: Option<&str>| {
        let request = setup.request(Method::GET, "dbs/graph/colls/users/docs/a", "a");
        let request = session.into_iter().fold(request, |it, token| it.header("x-ms-session-token", token));
        let answer = request.send().await.unwrap();
        serde_json::from_slice::<Value>(&answer.bytes().await.unwrap()).unwrap()["n"].clone()
    };
    assert_eq!(read(None).await, 2, "another session");
    assert_eq!(read(Some(&session)).await, 3, "the session that wrote it, {session}");
    assert_eq!(behind.answered(), 1);
    let over = json!({"id": "a", "n": 4, "_etag": setup.read("a").await.1["_etag"]});
    assert!(
        !setup.cosmos.put_over("users", "a", &over).await.unwrap(),
        "writes are checked against the latest"
    );
    drop(behind);
    assert_eq!(read(None).await, 3);
}

#[tokio::test]
async fn a_token_is_for_all_accounts_or_for_this_one() {
    let mut setup = Setup::new().await;
    let account = setup.cosmos.endpoint();
    for (audience, status) in [
        (COSMOS_AUDIENCE, 404),
        (account.as_str(), 404),
        ("https://another.documents.azure.com", 401),
        ("https://graph.microsoft.com", 401),
    ] {
        setup.token = setup.identity.issue(audience);
        assert_eq!(setup.read("nobody").await.0, status, "{audience}");
    }
}
