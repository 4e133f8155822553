//! Subscriptions and the notifier over their sockets, with an endpoint that behaves as it is told.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::routing::post;
use reqwest::Method;
use serde_json::{Value, json};

use super::super::{Delivered, EndpointState, Graph, Habits, Lifecycle, Limits, Tenant};
use crate::identity::Identity;
use crate::loopback::{Loopback, Server};

/// What the endpoint does, and what it got.
#[derive(Default)]
struct Endpoint {
    refuses: usize,
    wrong: bool,
    hangs: bool,
    got: Vec<Value>,
}

type Shared = Arc<Mutex<Endpoint>>;

struct World {
    graph: Graph,
    token: String,
    endpoint: Shared,
    server: Server,
}

async fn answer(State(endpoint): State<Shared>, uri: Uri, body: String) -> (StatusCode, String) {
    if endpoint.lock().unwrap().hangs {
        return std::future::pending().await;
    }
    let mut endpoint = endpoint.lock().unwrap();
    let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    if let Some((_, token)) = query.into_iter().find(|(name, _)| name == "validationToken") {
        let token = if endpoint.wrong { "something else" } else { &token };
        return (StatusCode::OK, token.to_owned());
    }
    if endpoint.refuses > 0 {
        endpoint.refuses -= 1;
        return (StatusCode::SERVICE_UNAVAILABLE, String::new());
    }
    endpoint.got.push(serde_json::from_str(&body).unwrap());
    (StatusCode::ACCEPTED, String::new())
}

impl World {
    async fn new() -> Self {
        Self::granted(&[]).await
    }

    async fn granted(roles: &[&str]) -> Self {
        let identity = Identity::start(Default::default()).await.unwrap();
        if !roles.is_empty() {
            identity.set_roles(roles);
        }
        let graph = Graph::start(Tenant::seeded(3, 7), identity.clone(), Default::default()).await.unwrap();
        let token = identity.issue(graph.endpoint());
        let endpoint = Shared::default();
        let loopback = Loopback::bind().await.unwrap();
        let router = Router::new().route("/in", post(answer)).with_state(Arc::clone(&endpoint));
        Self { graph, token, endpoint, server: loopback.serve(router) }
    }

    async fn ask(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/v1.0/subscriptions{path}", self.graph.endpoint());
        let request =
            reqwest::Client::new().request(method, url).bearer_auth(&self.token).body(body.to_string());
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
    }

    fn wanted(&self) -> Value {
        let url = format!("{}/in", self.server.origin());
        json!({
            "changeType": "updated,deleted", "resource": "/users", "clientState": "state",
            "notificationUrl": url, "lifecycleNotificationUrl": url, "expirationDateTime": in_minutes(60),
        })
    }

    async fn subscribed(&self) -> String {
        let (status, body) = self.ask(Method::POST, "", self.wanted()).await;
        assert_eq!(status, 201, "{body}");
        body["id"].as_str().unwrap().to_owned()
    }

    fn got(&self) -> Vec<Value> {
        std::mem::take(&mut self.endpoint.lock().unwrap().got)
    }
}

fn in_minutes(minutes: i64) -> String {
    let then = time::OffsetDateTime::now_utc() + time::Duration::minutes(minutes);
    then.format(&time::format_description::well_known::Rfc3339).unwrap()
}

#[tokio::test]
async fn a_subscription_is_created_once_listed_extended_and_deleted() {
    let world = World::new().await;
    let id = world.subscribed().await;
    assert_eq!(world.ask(Method::POST, "", world.wanted()).await.0, 409);
    let (_, list) = world.ask(Method::GET, "", Value::Null).await;
    assert_eq!((&list["value"][0]["id"], &list["value"][0]["clientState"]), (&json!(id), &Value::Null));
    let later = json!({"expirationDateTime": in_minutes(600)});
    assert_eq!(world.ask(Method::PATCH, &format!("/{id}"), later.clone()).await.0, 200);
    assert_eq!(world.ask(Method::PATCH, "/other", later).await.0, 404);
    let never = json!({"expirationDateTime": in_minutes(50_000)});
    assert_eq!(world.ask(Method::PATCH, &format!("/{id}"), never).await.0, 400);
    assert_eq!(world.ask(Method::DELETE, &format!("/{id}"), Value::Null).await.0, 204);
    assert_eq!(world.ask(Method::DELETE, &format!("/{id}"), Value::Null).await.0, 404);
}

#[tokio::test]
async fn an_unsupported_change_type_an_unknown_resource_and_a_missing_url_are_refused() {
    let world = World::new().await;
    for (name, value) in
        [("changeType", json!("created")), ("resource", json!("/nothing")), ("notificationUrl", Value::Null)]
    {
        let mut wanted = world.wanted();
        wanted[name] = value;
        assert_eq!(world.ask(Method::POST, "", wanted).await.0, 400, "{name}");
    }
    world.endpoint.lock().unwrap().wrong = true;
    assert_eq!(world.ask(Method::POST, "", world.wanted()).await.0, 400);
    assert!(world.graph.subscriptions().is_empty());
}

#[tokio::test]
async fn a_refused_notification_is_delivered_again() {
    let world = World::new().await;
    let id = world.subscribed().await;
    world.graph.tenant(|tenant| {
        let ids = tenant.ids("users");
        tenant.change("users", &ids[0], json!({"city": "Ulm"}));
        tenant.purge("users", &ids[1]);
    });
    world.endpoint.lock().unwrap().refuses = 1;
    let first = world.graph.notify().await;
    assert_eq!((first.statuses, first.late), (vec![503], 1));
    assert_eq!(world.graph.notify().await.statuses, [202]);
    let got = world.got();
    let kinds: Vec<_> =
        got[0]["value"].as_array().unwrap().iter().map(|one| one["changeType"].clone()).collect();
    assert_eq!(kinds, ["updated", "deleted"]);
    assert_eq!(got[0]["value"][0]["clientState"], "state");
    assert!(world.graph.notify().await.statuses.is_empty(), "there is nothing new");
    world.graph.tell(&id, Lifecycle::SubscriptionRemoved).await;
    assert_eq!(world.got()[0]["value"][0]["lifecycleEvent"], "subscriptionRemoved");
    assert!(world.graph.subscriptions().is_empty());
}

#[tokio::test]
async fn notifications_can_come_twice_in_reverse_order_or_not_at_all() {
    let world = World::new().await;
    world.subscribed().await;
    world.graph.set_habits(Habits { twice: true, backwards: true, drop: false });
    let (one, other) = world.graph.tenant(|tenant| (tenant.create("users"), tenant.create("users")));
    world.graph.notify().await;
    let told = world.got()[0]["value"].clone();
    let ids: Vec<_> = told.as_array().unwrap().iter().map(|one| one["resourceData"]["id"].clone()).collect();
    assert_eq!(ids, [&*other, &*other, &*one, &*one]);
    world.graph.set_habits(Habits { drop: true, ..Habits::default() });
    world.graph.tenant(|tenant| tenant.create("users"));
    let dropped = world.graph.notify().await;
    assert_eq!((dropped.dropped, dropped.statuses.len()), (1, 0));
}

#[tokio::test]
async fn an_endpoint_that_never_answers_is_told_nothing_until_it_does() {
    let world = World::new().await;
    world.subscribed().await;
    let brief = std::time::Duration::from_millis(20);
    world.graph.set_limits(Limits { first: brief, further: 2 * brief });
    world.endpoint.lock().unwrap().hangs = true;
    let change = async || {
        world.graph.tenant(|tenant| tenant.create("users"));
        world.graph.notify().await
    };
    let mut last = Delivered::default();
    for _ in 0..10 {
        last = change().await;
        assert!(last.statuses.iter().all(|status| *status == 0), "{last:?}");
    }
    assert_eq!(last.state, EndpointState::Drop);
    world.endpoint.lock().unwrap().hangs = false;
    world.graph.set_limits(Limits::default());
    let again = change().await.statuses;
    assert!(
        again.iter().all(|status| *status == 202) && !again.is_empty(),
        "whoever answers is told: {again:?}"
    );
    assert_eq!(world.graph.notify().await.state, EndpointState::Well);
}

#[tokio::test]
async fn a_subscription_needs_the_role_of_what_it_is_to() {
    let identity = Identity::start(Default::default()).await.unwrap();
    identity.set_roles(&["GroupMember.Read.All"]);
    let graph = Graph::start(Tenant::seeded(3, 7), identity.clone(), Default::default()).await.unwrap();
    let world = World { token: identity.issue(graph.endpoint()), graph, ..World::new().await };
    let mut wanted = world.wanted();
    assert_eq!(world.ask(Method::POST, "", wanted.clone()).await.0, 403);
    wanted["resource"] = json!("/groups");
    assert_eq!(world.ask(Method::POST, "", wanted).await.0, 201);
    assert_eq!(world.ask(Method::GET, "", Value::Null).await.0, 200);
}

#[tokio::test]
async fn a_mailbox_a_drive_and_a_channel_have_subscriptions_of_their_own() {
    let world = World::granted(&["Mail.Read", "Files.Read.All", "ChannelMessage.Read.All"]).await;
    let (user, other, folder, drive, item, team, channel) = world.graph.tenant(|tenant| {
        let [user, other, _] = tenant.ids("users").try_into().unwrap();
        let folder = tenant.create_under("mailFolders", &[&user]);
        let drive = tenant.create("drives");
        let item = tenant.create_under("driveItems", &[&drive]);
        let team = tenant.create("teams");
        let channel = tenant.create_under("channels", &[&team]);
        (user, other, folder, drive, item, team, channel)
    });
    let wanted = |resource: &str, changes: &str, minutes: i64| {
        let mut wanted = world.wanted();
        wanted["resource"] = json!(resource);
        wanted["changeType"] = json!(changes);
        wanted["expirationDateTime"] = json!(in_minutes(minutes));
        wanted
    };
    let mail = format!("users/{user}/messages");
    let all = "created,updated,deleted";
    for refused in [
        wanted(&mail, all, 10_090),
        wanted("users/nobody/messages", all, 60),
        wanted(&format!("drives/{drive}/root"), "deleted", 60),
    ] {
        assert_ne!(world.ask(Method::POST, "", refused.clone()).await.0, 201, "{refused}");
    }
    let messages = format!("/teams/{team}/channels/{channel}/messages");
    let mut long = wanted(&messages, all, 90);
    long["lifecycleNotificationUrl"] = Value::Null;
    assert_eq!(
        world.ask(Method::POST, "", long).await.0,
        400,
        "it needs an address for lifecycle notifications"
    );
    let others = format!("users/{other}/messages");
    for one in [
        wanted(&mail, all, 10_000),
        wanted(&others, all, 60),
        wanted(&format!("/drives/{drive}/root"), "updated", 60),
        wanted(&messages, all, 90),
    ] {
        let (status, body) = world.ask(Method::POST, "", one).await;
        assert_eq!(status, 201, "{body}");
    }
    let (message, post) = world.graph.tenant(|tenant| {
        let message = tenant.create_under("messages", &[&user, &folder]);
        let post = tenant.create_under("channelMessages", &[&team, &channel]);
        tenant.purge("driveItems", &item);
        (message, post)
    });
    world.graph.notify().await;
    let told: Vec<_> =
        world.got().iter().flat_map(|body| body["value"].as_array().unwrap().clone()).collect();
    let find =
        |resource: &str| told.iter().find(|one| one["resource"].as_str().unwrap().starts_with(resource));
    assert_eq!(told.len(), 3, "{told:?}");
    let mail = find(&mail).unwrap();
    assert_eq!(mail["changeType"], "created");
    assert_ne!(mail["resourceData"]["id"], message.as_str(), "ids are not immutable unless asked for");
    let posts = format!("teams('{team}')/channels('{channel}')/messages('");
    assert_eq!(find(&posts).unwrap()["resourceData"]["id"], post.as_str());
    let drive = find("drives/").unwrap();
    assert_eq!((&drive["changeType"], drive.get("resourceData")), (&json!("updated"), None));
}
