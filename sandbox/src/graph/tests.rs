//! The fake over its socket, as a client meets it. Here what all feeds have in common, told with users; beside it groups and
//! links, endless rounds, and replicas.

mod children;
mod devices;
mod endless;
mod ends;
mod groups;
mod listed;
mod lists;
mod mirror;
mod replicas;
mod services;
mod stories;
mod together;
mod walked;
mod windows;

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::{Client, StatusCode, header::HeaderMap};
use serde_json::{Value, json};

use super::*;
use crate::identity::Identity;

/// Ids of Outlook that a move does not change.
const IMMUTABLE: &str = "IdType=\"ImmutableId\"";
const SELECT: &str = "$select=id,displayName,jobTitle,city";

struct Setup {
    graph: Graph,
    identity: Identity,
    token: String,
    client: Client,
}

struct Got {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Setup {
    async fn new(users: usize, options: Options) -> Self {
        Self::with(Tenant::seeded(users, 7), options).await
    }

    async fn with(tenant: Tenant, options: Options) -> Self {
        let identity = Identity::start(Default::default()).await.unwrap();
        let graph = Graph::start(tenant, identity.clone(), options).await.unwrap();
        let token = identity.issue(graph.endpoint());
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { graph, identity, token, client }
    }

    /// The same, read by an app that may read everything.
    async fn of_everything(tenant: Tenant, options: Options) -> Self {
        let mut setup = Self::with(tenant, options).await;
        let readers: Vec<_> = Row::all().map(|row| row.readers[0].as_str()).collect();
        setup.identity.set_roles(&readers);
        setup.token = setup.identity.issue(setup.graph.endpoint());
        setup
    }

    /// All that a list or a round tells, or the one object that the answer is, and the delta link.
    async fn read_all(&self, url: &str, prefer: &str) -> (Vec<Value>, Option<String>) {
        let (mut url, mut told) = (url.to_owned(), Vec::new());
        loop {
            let request = self.client.get(&url).bearer_auth(&self.token).header("Prefer", prefer);
            let answer = request.send().await.unwrap();
            let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
            assert!(body.get("error").is_none(), "{url}: {body}");
            match body["value"].as_array() {
                Some(page) => told.extend(page.clone()),
                None => told.push(body.clone()),
            }
            match body["@odata.nextLink"].as_str() {
                Some(next) => url = next.to_owned(),
                None => return (told, body["@odata.deltaLink"].as_str().map(str::to_owned)),
            }
        }
    }

    fn initial(&self) -> String {
        format!("{}/v1.0/users/delta?{SELECT}", self.graph.endpoint())
    }

    fn groups(&self, select: &str) -> String {
        format!("{}/v1.0/groups/delta?$select={select}", self.graph.endpoint())
    }

    async fn send(&self, url: &str) -> reqwest::Result<Got> {
        let answer = self.client.get(url).bearer_auth(&self.token).send().await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = serde_json::from_slice(&answer.bytes().await?).unwrap_or(Value::Null);
        Ok(Got { status, headers, body })
    }

    async fn get(&self, url: &str) -> Got {
        self.send(url).await.unwrap()
    }

    async fn code(&self, url: &str) -> (u16, String) {
        let got = self.get(url).await;
        (got.status.as_u16(), got.body["error"]["code"].as_str().unwrap_or_default().to_owned())
    }

    /// Walks a whole round; says its pages and its delta link.
    async fn walk(&self, url: &str) -> (Vec<Vec<Value>>, String) {
        let (mut url, mut pages) = (url.to_owned(), Vec::new());
        loop {
            let Got { status, body, .. } = self.get(&url).await;
            assert_eq!(status, 200, "{body}");
            pages.push(body["value"].as_array().unwrap().clone());
            match (body["@odata.nextLink"].as_str(), body["@odata.deltaLink"].as_str()) {
                (Some(next), None) => url = next.to_owned(),
                (None, Some(delta)) => return (pages, delta.to_owned()),
                links => panic!("a page has one link: {links:?}"),
            }
        }
    }
}

#[tokio::test]
async fn an_initial_round_tells_everybody_and_a_delta_round_what_changed() {
    let setup = Setup::new(25, Options { page_size: 10, ..Default::default() }).await;
    let (pages, delta) = setup.walk(&setup.initial()).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 5]);
    let mut ids: Vec<_> = pages.concat().iter().map(|user| user["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    assert_eq!(ids, setup.graph.tenant(|tenant| tenant.ids("users")));

    let (pages, second) = setup.walk(&delta).await;
    assert_eq!((pages.concat().len(), second == delta), (0, false));

    setup.graph.tenant(|tenant| {
        tenant.change("users", &ids[0], json!({"jobTitle": null}));
        tenant.remove("users", &ids[1]);
        tenant.purge("users", &ids[2]);
        tenant.remove("users", &ids[3]);
        tenant.restore("users", &ids[3]);
    });
    let (pages, _) = setup.walk(&second).await;
    let mut told = pages.concat();
    told.sort_by_key(|user| user["id"].to_string());
    assert_eq!((told.len(), &told[0]["jobTitle"]), (4, &Value::Null));
    assert_eq!(told[1], json!({"id": ids[1], "@removed": {"reason": "changed"}}));
    assert_eq!(told[2], json!({"id": ids[2], "@removed": {"reason": "deleted"}}));
    assert!(told[3].get("@removed").is_none());
}

#[tokio::test]
async fn quirks_repeat_and_pad_but_lose_nothing() {
    let quirks = Quirks {
        empty_page_every: Some(2),
        duplicate_every: Some(3),
        replays: true,
        removed_in_initial: true,
        ..Quirks::default()
    };
    let setup = Setup::new(20, Options { page_size: 5, quirks, ..Default::default() }).await;
    let gone = setup.graph.tenant(|tenant| tenant.ids("users")[0].clone());
    setup.graph.tenant(|tenant| tenant.remove("users", &gone));
    let (pages, delta) = setup.walk(&setup.initial()).await;
    assert!(pages.iter().any(Vec::is_empty));
    let mut last = BTreeMap::new();
    pages
        .concat()
        .into_iter()
        .for_each(|user| drop(last.insert(user["id"].as_str().unwrap().to_owned(), user)));
    assert_eq!((pages.concat().len(), last.len()), (27, 20));
    assert_eq!(last[&gone]["@removed"]["reason"], "changed");

    setup.graph.tenant(|tenant| tenant.restore("users", &gone));
    let (_, second) = setup.walk(&delta).await;
    let (pages, _) = setup.walk(&second).await;
    assert!(pages.concat().iter().any(|user| user["id"] == json!(gone)), "the round before is replayed");
}

#[tokio::test]
async fn links_are_good_only_verbatim_and_options_are_checked() {
    let setup = Setup::new(3, Options { page_size: 1, ..Default::default() }).await;
    let next = setup.get(&setup.initial()).await.body["@odata.nextLink"].as_str().unwrap().to_owned();
    assert_eq!(setup.get(&next).await.status, 200);
    assert_eq!(setup.get(&next).await.status, 200, "a page can be asked for again");
    assert_eq!(setup.code(&format!("{next}&{SELECT}")).await, (400, "BadRequest".into()));
    assert_eq!(
        setup
            .code(
                &next
                    .to_uppercase()
                    .replace("HTTP", "http")
                    .replace("V1.0/USERS/DELTA?$SKIPTOKEN", "v1.0/users/delta?$skiptoken")
            )
            .await
            .0,
        400
    );
    let base = format!("{}/v1.0/users/delta", setup.graph.endpoint());
    assert_eq!(
        setup.get(&format!("{base}?$select=id,signInActivity")).await.body["error"]["message"],
        "The property 'signInActivity' is not supported in delta query."
    );
    assert_eq!(setup.code(&format!("{base}?$select=aboutMe")).await.0, 400);
    assert_eq!(setup.code(&format!("{base}?$select=licenseAssignmentStates")).await.0, 200);
    assert_eq!(setup.code(&format!("{base}?$top=5")).await.0, 400);
    let (pages, _) = setup.walk(&format!("{base}?$deltatoken=latest")).await;
    assert!(pages.concat().is_empty());
}

#[tokio::test]
async fn one_user_is_read_by_id() {
    let setup = Setup::new(1, Options::default()).await;
    let id = setup.graph.tenant(|tenant| tenant.ids("users")[0].clone());
    setup.graph.tenant(|tenant| tenant.change("users", &id, json!({"city": "Ulm"})));
    let url = |id: &str| format!("{}/v1.0/users/{id}?$select=id,city,faxNumber", setup.graph.endpoint());
    let got = setup.get(&url(&id)).await;
    assert_eq!((got.body["city"].as_str(), got.body.get("faxNumber")), (Some("Ulm"), None));
    setup.graph.quirks(|quirks| quirks.nulls_by_id = true);
    assert_eq!(setup.get(&url(&id)).await.body.get("faxNumber"), Some(&Value::Null));
    assert_eq!(setup.code(&url("nobody")).await, (404, "Request_ResourceNotFound".into()));
}

#[tokio::test]
async fn a_delegated_token_reads_by_its_scopes() {
    let mut setup = Setup::new(3, Options::default()).await;
    for (scopes, status) in [(["User.Read.All"], 200), (["Mail.Read"], 403)] {
        setup.token = setup.identity.issue_delegated(setup.graph.endpoint(), &scopes, "somebody");
        assert_eq!(setup.get(&setup.initial()).await.status, status, "{scopes:?}");
    }
}

#[tokio::test]
async fn a_token_of_our_identity_with_the_role_is_required() {
    let mut setup = Setup::new(1, Options::default()).await;
    let answer = setup.client.get(setup.initial()).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers().contains_key("www-authenticate")), (401, true));
    setup.token = setup.identity.issue("https://cosmos.azure.com");
    assert_eq!(setup.code(&setup.initial()).await.0, 401);
    setup.token = setup.identity.issue("https://graph.microsoft.com/");
    assert_eq!(setup.code(&setup.initial()).await.0, 200);
    setup.identity.revoke_all();
    assert_eq!(setup.code(&setup.initial()).await.0, 401);
    setup.identity.set_roles(&["Group.Read.All"]);
    setup.token = setup.identity.issue(setup.graph.endpoint());
    assert_eq!(setup.code(&setup.initial()).await, (403, "Authorization_RequestDenied".into()));
}

#[tokio::test]
async fn a_claims_challenge_is_met_by_a_token_that_was_asked_for_with_the_claims() {
    let mut setup = Setup::new(1, Options::default()).await;
    let claims = json!({"access_token": {"nbf": {"essential": true, "value": "1604106651"}}});
    setup.graph.demand_claims(Some(claims.clone()));
    let got = setup.get(&setup.initial()).await;
    let challenge = got.headers["www-authenticate"].to_str().unwrap();
    assert_eq!(got.status, 401);
    assert!(challenge.contains("error=\"insufficient_claims\""), "{challenge}");
    let encoded = challenge.split("claims=\"").nth(1).unwrap().trim_end_matches('"');
    let named: Value = serde_json::from_slice(&BASE64_STANDARD.decode(encoded).unwrap()).unwrap();
    assert_eq!(named, claims);
    let mut asked = claims;
    asked["access_token"]["xms_cc"] = json!({"values": ["cp1"]});
    setup.token = setup.identity.issue_with_claims(setup.graph.endpoint(), asked);
    assert_eq!(setup.get(&setup.initial()).await.status, 200);
    setup.token = setup.identity.issue(setup.graph.endpoint());
    assert_eq!(setup.get(&setup.initial()).await.status, 401);
    setup.graph.demand_claims(None);
    assert_eq!(setup.get(&setup.initial()).await.status, 200);
}

#[tokio::test]
async fn faults_strike_as_scripted_and_are_used_up() {
    let setup = Setup::new(3, Options { page_size: 1, ..Default::default() }).await;
    let fail = |fault| setup.graph.fail(Match::any(), 1, fault);
    let retry_after = RetryAfter::Seconds("2.128".into());
    fail(Fault::Throttle { status: 429, retry_after });
    let got = setup.get(&setup.initial()).await;
    assert_eq!((got.status.as_u16(), got.headers["retry-after"].to_str().unwrap()), (429, "2.128"));
    fail(Fault::Html);
    assert_eq!(setup.get(&setup.initial()).await.headers["content-type"], "text/html");
    fail(Fault::NoValue);
    assert!(setup.get(&setup.initial()).await.body.get("value").is_none());
    fail(Fault::NoLink);
    assert!(setup.get(&setup.initial()).await.body.get("@odata.nextLink").is_none());
    fail(Fault::ForeignLink("evil.example".into()));
    let link = setup.get(&setup.initial()).await.body["@odata.nextLink"].as_str().unwrap().to_owned();
    assert!(link.starts_with("https://evil.example/v1.0/users/delta?$skiptoken="));
    fail(Fault::RedirectTo("https://evil.example/".into()));
    assert_eq!(setup.get(&setup.initial()).await.headers["location"], "https://evil.example/");
    fail(Fault::Huge(100_000));
    assert!(setup.get(&setup.initial()).await.body.to_string().len() > 100_000);
    fail(Fault::Reset);
    assert!(setup.send(&setup.initial()).await.is_err());
    for framing in [Framing::Length, Framing::Chunked] {
        fail(Fault::CutBody(framing));
        let error = setup.send(&setup.initial()).await.err().expect("the body breaks off");
        assert!(error.is_body() || error.is_decode(), "{framing:?}: {error:?}");
    }
    assert_eq!(setup.get(&setup.initial()).await.status, 200);
    assert_eq!(setup.graph.faults().unused(), 0);
}

#[tokio::test]
async fn a_dead_token_stays_dead_and_a_location_restarts() {
    let setup = Setup::new(3, Options::default()).await;
    for death in TokenDeath::ALL {
        let (_, delta) = setup.walk(&setup.initial()).await;
        setup.graph.fail(Match::delta_token(), 1, Fault::TokenDead(death));
        let first = setup.get(&delta).await;
        let second = setup.get(&delta).await;
        assert_eq!(
            (first.status, &first.body["error"]["code"]),
            (second.status, &second.body["error"]["code"]),
            "{death:?}"
        );
        if let Some(location) = first.headers.get("location") {
            let (pages, _) = setup.walk(location.to_str().unwrap()).await;
            assert_eq!(pages.concat().len(), 3);
            assert!(pages.concat().iter().all(|user| user.get("surname").is_none()), "the selection is kept");
        }
    }
}

#[tokio::test]
async fn requests_are_recorded_and_can_be_held() {
    let setup = Setup::new(3, Options { page_size: 2, ..Default::default() }).await;
    let mut hold = setup.graph.hold(Match::skip_token());
    let initial = setup.initial();
    let walk = setup.walk(&initial);
    let release = async {
        hold.arrived().await;
        assert_eq!(setup.graph.requests().last().unwrap().status, None);
        hold.release();
    };
    tokio::join!(walk, release);
    assert_eq!(setup.graph.counts(), BTreeMap::from([(Kind::Initial, 1), (Kind::SkipToken, 1)]));
    assert!(setup.graph.requests().iter().all(|record| record.has_token && record.status == Some(200)));
}

#[tokio::test]
async fn answers_name_the_request_and_are_compressed_when_asked() {
    let setup = Setup::new(3, Options::default()).await;
    let client = Client::builder().no_gzip().build().unwrap();
    let request = client.get(setup.initial()).bearer_auth(&setup.token);
    let request = request
        .header("client-request-id", "mine")
        .header("accept-encoding", "gzip")
        .header("prefer", "return=minimal");
    let answer = request.send().await.unwrap();
    assert_eq!(
        (&answer.headers()["client-request-id"], &answer.headers()["content-encoding"]),
        (&"mine".parse().unwrap(), &"gzip".parse().unwrap())
    );
    assert!(answer.headers().contains_key("request-id") && answer.headers().contains_key("date"));
    let [record] = setup.graph.requests().try_into().unwrap();
    assert_eq!(
        (record.client_request_id.as_deref(), record.prefer.as_deref()),
        (Some("mine"), Some("return=minimal"))
    );
    setup.graph.forget_requests();
    assert!(setup.graph.requests().is_empty());
}
