//! `refresh` of a resource whose row says `onBehalfOf`: Microsoft Graph is read as the caller, into a copy of their own.

use std::fs;

use sandbox::caller::{Reply, call_as};
use sandbox::identity::{COSMOS_AUDIENCE, Request, Signer, User};
use sandbox::world::{Credential, Setup, WORK_QUEUE, World};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::stage::{logged, setup, staged_with};

const PATH: &str = "/api/refresh/myFolders";

/// A deployment that reads mail folders as its callers, and two users who have some.
struct Api {
    world: World,
    ada: User,
    eva: User,
    _root: TempDir,
}

impl Api {
    async fn new() -> Self {
        Self::of(setup()).await
    }

    async fn of(setup: Setup) -> Self {
        let root = staged_with(&[]);
        let row = json!({
            "path": "/me/mailFolders/delta", "mode": "delta", "updates": "partial", "service": "outlook",
            "select": ["displayName", "id"], "permission": "Mail.ReadBasic", "onBehalfOf": true,
        });
        let folder = root.path().join("sync_myFolders");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("resource.json"), row.to_string()).unwrap();
        let row = json!({
            "path": "/users/delta", "mode": "delta", "select": ["displayName", "id"], "required": ["displayName"],
            "permission": "User.ReadBasic.All", "onBehalfOf": true,
        });
        let folder = root.path().join("sync_colleagues");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("resource.json"), row.to_string()).unwrap();
        let (graph_as, cosmos_as) = match setup.graph_as {
            Credential::ManagedIdentity => (Credential::ClientSecret, Credential::ClientSecret),
            other => (other, Credential::ManagedIdentity),
        };
        let setup = Setup { users: 3, root: root.path().to_owned(), graph_as, cosmos_as, ..setup };
        Self::start(setup, root).await
    }

    async fn start(setup: Setup, root: TempDir) -> Self {
        let world = World::start(setup).await.unwrap();
        world.identity.set_delegated(&["User.Read", "Mail.ReadBasic"]);
        let [ada, eva, ..] = &world.identity.users()[..] else { panic!("there are three users") };
        let (ada, eva) = (ada.clone(), eva.clone());
        world.graph.tenant(|tenant| {
            for (user, count) in [(&ada, 7), (&eva, 4)] {
                (0..count).for_each(|_| drop(tenant.create_under("mailFolders", &[&user.object_id])));
            }
        });
        for name in ["myFolders", "colleagues"] {
            world.cosmos.add_container(name, "/_mirror/parent").await.unwrap();
        }
        Self { world, ada, eva, _root: root }
    }

    async fn token(&self, user: &User) -> String {
        self.world.entra.visitor().token_for_api(&user.user_principal_name).await.unwrap()
    }

    async fn call(&self, token: &str, path: &str, body: &str) -> Reply {
        let bearer = format!("Bearer {token}");
        call_as(&self.world.host, &[("authorization", &bearer)], path, body).await.unwrap()
    }

    async fn call_as(&self, user: &User, path: &str) -> Reply {
        self.call(&self.token(user).await, path, "").await
    }

    /// The living documents of a user.
    async fn copy(&self, user: &User) -> Vec<String> {
        let all = self.world.cosmos.documents("myFolders").await;
        let own = all.into_iter().filter(|one| one["_mirror"]["parent"] == json!(user.object_id));
        let living = own.filter(|one| one["_mirror"].get("removed").is_none());
        let mut ids: Vec<_> = living.map(|one| one["id"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    }

    fn there(&self, user: &User) -> Vec<String> {
        let mut ids = self.world.graph.tenant(|tenant| tenant.ids_under("mailFolders", &[&user.object_id]));
        ids.sort();
        ids
    }

    /// The requests to Entra with this endpoint or grant.
    fn asked(&self, what: &str) -> usize {
        let is = |request: &&Request| {
            request.endpoint == what || request.get("grant_type").is_some_and(|grant| grant.ends_with(what))
        };
        self.world.entra.requests().iter().filter(is).count()
    }

    /// Nothing was read of Graph, exchanged or written, and no token is in the log.
    async fn ensure_untouched(&self) {
        assert!(self.world.graph.requests().is_empty(), "{:?}", self.world.graph.requests());
        assert!(self.world.cosmos.documents("myFolders").await.is_empty());
        assert!(self.world.cosmos.documents("mirror").await.is_empty());
        self.ensure_silent();
    }

    fn ensure_silent(&self) {
        let secrets = self.world.identity.tokens().into_iter().chain(self.world.entra.switches().secrets());
        let secrets: Vec<_> = secrets.chain(["eyJ".to_owned()]).filter(|secret| !secret.is_empty()).collect();
        for line in self.world.host.logs() {
            assert!(!secrets.iter().any(|secret| line.text.contains(secret)), "{}", line.text);
        }
    }
}

#[tokio::test]
async fn graph_is_read_as_the_caller_with_tokens_of_both_versions() {
    let api = Api::new().await;
    let (ada, eva) = (&api.ada, &api.eva);
    let reply = api.call_as(ada, PATH).await;
    assert_eq!((reply.status, &reply.body["outcome"]), (200, &json!("complete")), "{}", reply.body);
    assert_eq!(reply.body["upserted"], 7);
    api.world.entra.switches().set_version_1(true);
    let reply = api.call_as(eva, PATH).await;
    assert_eq!((reply.status, &reply.body["upserted"]), (200, &json!(4)), "{}", reply.body);
    assert_eq!((api.copy(ada).await, api.copy(eva).await), (api.there(ada), api.there(eva)));

    // What goes from one mailbox goes from one copy; the other one stays as it is.
    api.world.graph.tenant(|tenant| {
        let id = tenant.ids_under("mailFolders", &[&ada.object_id])[0].clone();
        assert!(tenant.purge("mailFolders", &id));
    });
    let reply = api.call_as(ada, PATH).await;
    assert_eq!((reply.status, &reply.body["removed"]), (200, &json!(1)), "{}", reply.body);
    assert_eq!((api.copy(ada).await, api.copy(eva).await), (api.there(ada), api.there(eva)));

    // One object, and one of somebody else.
    let (own, other) = (api.there(ada)[0].clone(), api.there(eva)[0].clone());
    let reply = api.call_as(ada, &format!("{PATH}/{own}")).await;
    assert_eq!((reply.status, &reply.body["unchanged"]), (200, &json!(1)), "{}", reply.body);
    let reply = api.call_as(ada, &format!("{PATH}/{other}")).await;
    assert_eq!(reply.status, 404, "{}", reply.body);

    let paths = api.world.graph.requests().into_iter().map(|request| request.path);
    assert!(paths.filter(|path| path.contains("mailFolders")).all(
        |path| !path.contains(&api.world.a_user())
            || path.contains("skiptoken")
            || path.contains("deltatoken")
    ));
    assert_eq!(api.asked("keys"), 1, "they are read once");
    assert!(api.world.host.messages(WORK_QUEUE).is_empty());
    api.ensure_silent();
}

#[tokio::test]
async fn what_others_read_as_applications_is_read_as_the_caller_into_a_container_of_its_own() {
    let api = Api::new().await;
    api.world.identity.set_delegated(&["User.Read.All"]);
    api.world.turn().await.unwrap();
    let before = api.world.cosmos.documents("users").await;
    for user in [&api.ada, &api.eva] {
        let reply = api.call_as(user, "/api/refresh/colleagues").await;
        assert_eq!((reply.status, &reply.body["upserted"]), (200, &json!(3)), "{}", reply.body);
    }
    let documents = api.world.cosmos.documents("colleagues").await;
    let of = |user: &User| {
        documents.iter().filter(|one| one["_mirror"]["parent"] == json!(user.object_id)).count()
    };
    assert_eq!((documents.len(), of(&api.ada), of(&api.eva)), (6, 3, 3));
    assert_eq!(api.world.cosmos.documents("users").await, before);
    api.world.ensure_equal().await.unwrap();
    api.ensure_silent();
}

#[tokio::test]
async fn a_token_that_is_not_a_user_s_for_this_api_is_refused_and_nothing_is_read_or_written() {
    let api = Api::new().await;
    let forge =
        |claims: Value, header: Value, signer| api.world.entra.forge(&api.ada, &claims, &header, signer);
    let claims = |claims: Value| forge(claims, json!({}), Signer::Entra);
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    let graph = api.world.graph.endpoint();
    let for_graph = api.world.identity.issue_delegated(graph, &["Mail.ReadBasic"], &api.ada.object_id);
    let of_app = api.world.identity.issue(&api.world.entra.app_id_uri());
    let other = "99999999-0000-4000-8000-000000000000";
    for (token, word) in [
        (claims(json!({"exp": now - 120})), "has expired"),
        (claims(json!({"nbf": now + 600})), "is not good yet"),
        (claims(json!({"tid": other})), "issued by another tenant"),
        (claims(json!({"iss": format!("https://login.example/{other}/v2.0")})), "issued by another tenant"),
        (claims(json!({"aud": "api://another"})), "is for another API"),
        (claims(json!({"aud": "00000003-0000-0000-c000-000000000000"})), "is one for Microsoft Graph"),
        (for_graph, "is one for Microsoft Graph"),
        (forge(json!({}), json!({}), Signer::Stranger), "the signature of the access token is wrong"),
        (forge(json!({}), json!({}), Signer::Nobody), "is not signed with RS256"),
        (forge(json!({}), json!({"kid": "made-up"}), Signer::Entra), "no key of Microsoft Entra"),
        (forge(json!({}), json!({"kid": "made-up-2"}), Signer::Stranger), "no key of Microsoft Entra"),
        (of_app, "is not a user's"),
        (claims(json!({"scp": null})), "is not a user's"),
        ("hush".to_owned(), "it does not have three parts"),
    ] {
        let reply = api.call(&token, PATH, "").await;
        let detail = reply.body["detail"].as_str().unwrap_or_default();
        assert_eq!(reply.status, 401, "{word}: {}", reply.body);
        assert!(detail.contains(word), "{word}: {detail}");
        let challenge = reply.header("www-authenticate").unwrap();
        let client = format!("client_id=\"{}\"", api.world.entra.client_id());
        for part in ["Bearer realm=\"\"", "authorization_uri=", &client, "error=\"invalid_token\"", word] {
            assert!(challenge.contains(part), "{part}: {challenge}");
        }
        assert!(!format!("{detail}{challenge}").contains(&token));
    }
    assert_eq!((api.asked("keys"), api.asked("jwt-bearer")), (1, 0), "made-up keys cause no requests");
    api.ensure_untouched().await;
}

#[tokio::test]
async fn a_caller_without_a_token_is_told_what_to_send() {
    let api = Api::new().await;
    let token = api.token(&api.ada).await;
    for (headers, word) in [
        (vec![], "there is no access token; send `Authorization: Bearer"),
        (vec![("authorization", "Basic YTpi")], "`Authorization` has no bearer token"),
        (
            vec![("x-ms-token-aad-access-token", &*token)],
            "counts only where the authentication of App Service is on",
        ),
    ] {
        let reply = call_as(&api.world.host, &headers, PATH, "").await.unwrap();
        assert_eq!(reply.status, 401, "{}", reply.body);
        assert!(reply.body["detail"].as_str().unwrap().contains(word), "{}", reply.body);
        let challenge = reply.header("www-authenticate").unwrap();
        assert!(challenge.starts_with("Bearer ") && !challenge.contains("error="), "{challenge}");
    }
    api.ensure_untouched().await;

    // Another value is no permission either; App Service writes `True`.
    for (value, status) in [("1", 401), ("True", 200)] {
        let world = api.world.clone().reconfigured("WEBSITE_AUTH_ENABLED", value).await.unwrap();
        let header = [("x-ms-token-aad-access-token", &*token)];
        let reply = call_as(&world.host, &header, PATH, "").await.unwrap();
        assert_eq!(reply.status, status, "{value}: {}", reply.body);
    }
    assert_eq!(api.copy(&api.ada).await, api.there(&api.ada));
}

#[tokio::test]
async fn what_entra_refuses_is_told_with_the_next_step() {
    let api = Api::new().await;
    let switches = api.world.entra.switches();
    let claims = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
    switches.require_interaction(Some(claims));
    let reply = api.call_as(&api.ada, PATH).await;
    assert_eq!(reply.status, 401, "{}", reply.body);
    let detail = reply.body["detail"].as_str().unwrap();
    assert!(
        detail.contains("multi-factor authentication is required") && detail.contains("sign in again"),
        "{detail}"
    );
    let challenge = reply.header("www-authenticate").unwrap();
    assert!(
        challenge.contains("error=\"insufficient_claims\", claims=\"eyJhY2Nlc3NfdG9rZW4i"),
        "{challenge}"
    );
    switches.require_interaction(None);

    switches.withdraw_consent(&api.world.entra.client_id(), &api.ada.object_id);
    let reply = api.call_as(&api.ada, PATH).await;
    assert_eq!((reply.status, reply.header("www-authenticate")), (403, None), "{}", reply.body);
    let detail = reply.body["detail"].as_str().unwrap();
    assert!(detail.contains("consent") && detail.contains("az ad app permission admin-consent"), "{detail}");
    api.ensure_untouched().await;

    // Eva has consented, but not to mail.
    api.world.identity.set_delegated(&["User.Read"]);
    let reply = api.call_as(&api.eva, PATH).await;
    assert_eq!(reply.status, 403, "{}", reply.body);
    let detail = reply.body["detail"].as_str().unwrap();
    assert!(detail.contains("lacks the delegated permission Mail.ReadBasic"), "{detail}");
    assert!(api.copy(&api.eva).await.is_empty());
    api.ensure_silent();
}

#[tokio::test]
async fn a_claims_challenge_of_graph_that_only_the_user_can_answer_reaches_the_caller() {
    let api = Api::new().await;
    let demanded = json!({"access_token": {"nbf": {"essential": true, "value": "1626979123"}}});
    api.world.graph.demand_claims(Some(demanded.clone()));
    let reply = api.call_as(&api.ada, PATH).await;
    assert_eq!(reply.status, 200, "another exchange has the claims: {}", reply.body);
    let mut hold = api.world.graph.hold(sandbox::graph::Match::any());
    let token = api.token(&api.eva).await;
    let (host, header) = (api.world.host.clone(), format!("Bearer {token}"));
    let calling =
        tokio::spawn(async move { call_as(&host, &[("authorization", &header)], PATH, "").await.unwrap() });
    hold.arrived().await;
    api.world.entra.switches().require_interaction(Some(&demanded.to_string()));
    hold.release();
    let reply = calling.await.unwrap();
    assert_eq!(reply.status, 401, "{}", reply.body);
    assert!(reply.header("www-authenticate").unwrap().contains("insufficient_claims"));
    assert!(api.copy(&api.eva).await.is_empty());
}

#[tokio::test]
async fn a_caller_goes_on_by_calling_again_and_nothing_is_queued() {
    let api = Api::of(Setup { page_size: 3, ..setup() }.set("SYNC_BUDGET_SECONDS", "0")).await;
    let mut statuses = Vec::new();
    for _ in 0..10 {
        let reply = api.call_as(&api.ada, PATH).await;
        statuses.push(reply.status);
        if reply.status == 200 {
            break;
        }
        assert_eq!(
            (reply.status, reply.header("location"), reply.header("retry-after")),
            (202, None, Some("1"))
        );
        assert_eq!(reply.body["outcome"], "continued");
        assert!(api.world.host.messages(WORK_QUEUE).is_empty());
    }
    assert!(statuses.len() > 2 && statuses.last() == Some(&200), "{statuses:?}");
    assert_eq!(api.copy(&api.ada).await, api.there(&api.ada));
    let body = json!({"parent": api.eva.object_id}).to_string();
    let reply = api.call(&api.token(&api.ada).await, PATH, &body).await;
    assert_eq!(reply.status, 400, "{}", reply.body);
    assert!(api.copy(&api.eva).await.is_empty());
}

#[tokio::test]
async fn it_takes_an_app_registration_with_a_proof_of_its_own() {
    for graph_as in [Credential::ClientCertificate, Credential::WorkloadIdentity] {
        let api = Api::of(Setup { graph_as, ..setup() }).await;
        let reply = api.call_as(&api.ada, PATH).await;
        assert_eq!((reply.status, &reply.body["upserted"]), (200, &json!(7)), "{graph_as:?}: {}", reply.body);
    }
    let root = staged_with(&[]);
    let folder = root.path().join("sync_myFolders");
    fs::create_dir(&folder).unwrap();
    let row = json!({"path": "/me/mailFolders", "mode": "list", "permission": "Mail.ReadBasic", "onBehalfOf": true});
    fs::write(folder.join("resource.json"), row.to_string()).unwrap();
    let api = Api::start(Setup { users: 3, root: root.path().to_owned(), ..setup() }, root).await;
    let reply = api.call_as(&api.ada, PATH).await;
    assert_eq!(reply.status, 500, "{}", reply.body);
    assert!(reply.body["detail"].as_str().unwrap().contains("set GRAPH_CREDENTIAL to client-certificate"));
    api.world.host.enqueue(WORK_QUEUE, r#"{"feed":"myFolders"}"#);
    api.world.host.deliver_one(WORK_QUEUE).await.unwrap();
    assert!(logged(&api.world, "invocation_failed").pop().unwrap().contains("is read as a person"));
    api.ensure_untouched().await;
    assert!(api.world.identity.requests_for(COSMOS_AUDIENCE) > 0);

    // With a managed identity, a registration that trusts it does.
    api.world.entra.switches().trust_managed_identity();
    let mut world = api.world.clone();
    for (name, value) in api.world.entra.env_of(&api.world.entra.client_id()) {
        let name = if name == "AZURE_CLIENT_ID" { "API_CLIENT_ID" } else { &name };
        world = world.reconfigured(name, &value).await.unwrap();
    }
    let api = Api { world, ..api };
    let reply = api.call_as(&api.ada, PATH).await;
    assert_eq!((reply.status, &reply.body["upserted"]), (200, &json!(7)), "{}", reply.body);
    assert_eq!(api.copy(&api.ada).await, api.there(&api.ada));
    let exchanged = api.world.entra.requests().pop().unwrap();
    assert!(exchanged.get("client_assertion").is_some() && exchanged.get("client_secret").is_none());
    api.ensure_silent();
}
