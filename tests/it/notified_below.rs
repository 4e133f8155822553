//! Change notifications below parents: one subscription for each parent that a row's subscription names.

use sandbox::graph::Lifecycle;
use sandbox::world::{Setup, WORK_QUEUE, World};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::stage::{setup, staged_with};

/// Three users with a mail folder or two, and recordings, in a deployment that wants notifications of both.
struct Below {
    world: World,
    users: Vec<String>,
    _root: TempDir,
}

impl Below {
    async fn new() -> Self {
        let root = staged_with(&["mailFolders", "messages", "callRecordings"]);
        for (resource, wants) in [
            ("messages", json!({"parents": {"users": "all"}, "notify": true})),
            ("callRecordings", json!({"notify": true})),
        ] {
            let file = root.path().join(format!("sync_{resource}/resource.json"));
            let mut row: Value = std::fs::read(&file)
                .map_or_else(|_| json!({}), |text| serde_json::from_slice(&text).unwrap());
            for (name, value) in wants.as_object().unwrap() {
                if name == "notify" || row.get(name).is_none() {
                    row[name] = value.clone();
                }
            }
            std::fs::write(file, row.to_string()).unwrap();
        }
        let objects = vec![("mailFolders", 1), ("messages", 1), ("callRecordings", 1)];
        let setup = Setup { users: 3, notified: true, root: root.path().to_owned(), objects, ..setup() };
        let world = World::start(setup.set("RELOOK_SECONDS", "0")).await.unwrap();
        let users = world.graph.tenant(|tenant| {
            let users = tenant.ids("users");
            for user in &users {
                tenant.create_under("callRecordings", &[user]);
                for folder in [0, 1].map(|_| tenant.create_under("mailFolders", &[user])) {
                    tenant.create_under("messages", &[user, &folder]);
                }
            }
            users
        });
        let below = Self { world, users, _root: root };
        for feed in ["users", "mailFolders", "messages", "callRecordings"] {
            below.sync(feed).await;
        }
        below
    }

    async fn sync(&self, feed: &str) {
        self.world.host.enqueue(WORK_QUEUE, &json!({ "feed": feed }).to_string());
        self.pump().await;
    }

    async fn pump(&self) {
        self.world.host.pump(WORK_QUEUE).await.unwrap();
    }

    async fn subscribe(&self) -> String {
        let said = self.world.keep_subscriptions().await.unwrap();
        self.pump().await;
        said
    }

    /// The feed of each subscription below a parent, and the name that its client state has.
    fn subscriptions(&self) -> Vec<(String, String)> {
        let all = self.world.graph.subscriptions().into_iter();
        let below = all.filter(|one| !["users", "groups"].contains(&one.feed));
        let mut named: Vec<_> = below
            .map(|one| {
                let state = one.client_state.unwrap();
                let name = state.strip_prefix("v1.").unwrap().rsplit_once('.').unwrap().0.to_owned();
                (one.feed.to_owned(), name)
            })
            .collect();
        named.sort();
        named
    }

    /// The feeds that lie on the queue.
    fn queued(&self) -> Vec<(String, String)> {
        let texts = self.world.host.messages(WORK_QUEUE).into_iter().filter_map(|message| message.text());
        let item = |text: String| serde_json::from_str::<Value>(&text).unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        texts.map(item).map(|item| (text(&item["feed"]), text(&item["parent"]))).collect()
    }
}

#[tokio::test]
async fn each_parent_has_a_subscription_of_its_own_and_a_mailbox_has_one_for_all_its_folders() {
    let below = Below::new().await;
    let said = below.subscribe().await;
    assert!(said.contains("failed none"), "{said}");
    let mut wanted: Vec<_> = ["callRecordings", "messages"]
        .iter()
        .flat_map(|feed| below.users.iter().map(move |user| (feed.to_string(), format!("{feed}/{user}"))))
        .collect();
    wanted.sort();
    assert_eq!(below.subscriptions(), wanted);
    let said = below.subscribe().await;
    assert!(said.contains("created none; extended none; 0 ended; failed none"), "{said}");
    assert_eq!(below.subscriptions(), wanted, "the second look changes nothing");
}

#[tokio::test]
async fn a_notification_leads_to_the_feeds_of_its_parent_and_to_no_other() {
    let below = Below::new().await;
    below.subscribe().await;
    let user = &below.users[1];
    let (folder, message) = below.world.graph.tenant(|tenant| {
        let folder = tenant.ids_under("mailFolders", &[user])[0].clone();
        let message = tenant.create_under("messages", &[user, &folder]);
        tenant.create_under("callRecordings", &[user]);
        (folder, message)
    });
    below.world.graph.forget_requests();
    let delivered = below.world.graph.notify().await;
    assert!(delivered.statuses.iter().all(|status| *status == 202), "{:?}", delivered.statuses);
    let mut queued = below.queued();
    queued.sort();
    let of_user = |feed: &str| (feed.to_owned(), user.clone());
    assert_eq!(queued, [of_user("callRecordings"), of_user("messages")]);
    below.pump().await;
    let requests = below.world.graph.requests();
    let parents: Vec<_> = requests.iter().filter_map(|one| one.parent.as_deref()).collect();
    assert!(parents.iter().all(|parent| parent.starts_with(user.as_str())), "{parents:?}");
    assert!(parents.iter().any(|parent| parent.ends_with(&folder.replace('=', "%3D"))), "{parents:?}");
    let documents = below.world.cosmos.documents("messages").await;
    assert!(documents.iter().any(|one| one["id"] == *message), "the new message is copied");
    below.world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn what_graph_says_of_one_subscription_concerns_that_one() {
    let below = Below::new().await;
    below.subscribe().await;
    let one = below.world.graph.subscriptions().into_iter().find(|one| one.feed == "messages").unwrap();
    below.world.graph.tell(&one.id, Lifecycle::SubscriptionRemoved).await;
    assert_eq!(below.subscriptions().len(), 5);
    below.world.graph.forget_requests();
    below.pump().await;
    assert_eq!(below.subscriptions().len(), 6, "it was created anew");
    let posted = below.world.graph.requests();
    let of_subscriptions = |method: &str| {
        posted.iter().filter(|one| one.method == method && one.path.contains("/subscriptions")).count()
    };
    assert_eq!((of_subscriptions("POST"), of_subscriptions("PATCH")), (1, 0), "no other was touched");
}

#[tokio::test]
async fn a_parent_that_is_gone_has_no_subscription_and_what_is_refused_is_not_tried_for_ever() {
    let below = Below::new().await;
    below.world.graph.refuse_subscriptions(Some((403, "ExtensionError")));
    let said = below.subscribe().await;
    assert!(
        said.contains("created none") && said.contains(&format!("messages/{}", below.users[0])),
        "{said}"
    );
    below.world.graph.refuse_subscriptions(None);
    let said = below.subscribe().await;
    assert!(!said.contains("messages/") && below.subscriptions().is_empty(), "not before a day: {said}");
    for record in below.world.cosmos.documents("mirror").await {
        if record["id"].as_str().unwrap().starts_with("below-") {
            assert!(record["problem"].is_string() && record["key"].is_string(), "{record}");
            let mut record = record;
            record["refusedAt"] = json!("2026-01-01T00:00:00Z");
            below.world.cosmos.put("mirror", "subscriptions", &record).await.unwrap();
        }
    }
    below.subscribe().await;
    assert_eq!(below.subscriptions().len(), 6);
    below.world.graph.tenant(|tenant| assert!(tenant.purge("users", &below.users[0])));
    for feed in ["users", "callRecordings", "mailFolders", "messages"] {
        // A person asks: a round of the timer does not begin twice within an hour.
        let path = format!("/api/refresh/{feed}");
        below.world.call("POST", &path, "").await.unwrap();
        below.world.host.pump(sandbox::world::REQUESTED_QUEUE).await.unwrap();
        below.pump().await;
    }
    let said = below.subscribe().await;
    assert!(said.contains("2 ended"), "{said}");
    assert!(below.subscriptions().iter().all(|(_, name)| !name.contains(&below.users[0])));
    assert_eq!(below.subscriptions().len(), 4);
}
