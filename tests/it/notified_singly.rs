//! Change notifications of resources without a delta query: what they name is read by its id, twenty at a time.

use sandbox::graph::{Fault, Kind, Match};
use sandbox::world::{Setup, WORK_QUEUE, World};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::stage::{hasty, setup, staged_with, until_settled};

/// A deployment that wants notifications of these resources, each read once.
struct Singly {
    world: World,
    _root: TempDir,
}

impl Singly {
    async fn new(resources: &[&'static str]) -> Self {
        Self::with(setup(), resources).await
    }

    async fn with(setup: Setup, resources: &[&'static str]) -> Self {
        let root = staged_with(resources);
        for resource in resources {
            let file = root.path().join(format!("sync_{resource}/resource.json"));
            let mut row: Value = std::fs::read(&file)
                .map_or_else(|_| json!({}), |text| serde_json::from_slice(&text).unwrap());
            if *resource != "callRecords" && *resource != "teams" {
                row["notify"] = true.into();
                std::fs::write(file, row.to_string()).unwrap();
            }
        }
        // What has objects is compared with its copy.
        let objects = resources.iter().map(|resource| (*resource, 1)).collect();
        let setup = Setup { users: 3, notified: true, root: root.path().to_owned(), objects, ..setup };
        let world = World::start(setup.set("RELOOK_SECONDS", "0.1")).await.unwrap();
        Self { world, _root: root }
    }

    async fn sync(&self, feeds: &[&str]) {
        for feed in feeds {
            self.world.host.enqueue(WORK_QUEUE, &json!({ "feed": feed }).to_string());
            self.pump().await;
        }
    }

    async fn pump(&self) {
        self.world.host.pump(WORK_QUEUE).await.unwrap();
    }

    async fn subscribe(&self) {
        let said = self.world.keep_subscriptions().await.unwrap();
        assert!(said.contains("failed none"), "{said}");
        self.pump().await;
        self.world.graph.forget_requests();
        self.world.cosmos.reset_log();
    }

    /// Graph tells what changed; the work items that follow from that.
    async fn told(&self) -> Vec<Value> {
        let delivered = self.world.graph.notify().await;
        assert!(delivered.statuses.iter().all(|status| *status == 202), "{:?}", delivered.statuses);
        let texts = self.world.host.messages(WORK_QUEUE).into_iter().filter_map(|message| message.text());
        texts.map(|text| serde_json::from_str(&text).unwrap()).collect()
    }

    fn requests(&self, kind: Kind) -> usize {
        self.world.graph.counts().get(&kind).copied().unwrap_or_default()
    }
}

#[tokio::test]
async fn new_call_records_are_read_by_their_ids_in_one_request_and_no_list_is_read() {
    let records = Singly::new(&["callRecords"]).await;
    records.sync(&["callRecords"]).await;
    records.subscribe().await;
    let mut made = records
        .world
        .graph
        .tenant(|tenant| [1, 2, 3].map(|minutes| tenant.create_ago("callRecords", minutes * 60 * 24)));
    made.sort();
    let items = records.told().await;
    assert_eq!(items.len(), 1, "{items:?}");
    assert_eq!((&items[0]["feed"], &items[0]["ids"]), (&json!("callRecords"), &json!(made)));
    records.pump().await;
    assert_eq!((records.requests(Kind::Batch), records.requests(Kind::List)), (1, 0));
    assert_eq!(records.world.document_writes().len(), 3);
    records.world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn rule_11_an_object_that_is_read_by_time_is_looked_up_once_and_then_no_more() {
    let records = Singly::with(hasty(), &["callRecords"]).await;
    records.sync(&["callRecords"]).await;
    records.subscribe().await;
    // Older than what the next turn reads.
    let id = records.world.graph.tenant(|tenant| tenant.create_ago("callRecords", 3 * 24 * 60));
    records.told().await;
    records.pump().await;
    let source = async || {
        let document = records.world.cosmos.document("callRecords", &id, &id).await.unwrap();
        document["_mirror"]["source"].clone()
    };
    assert_eq!(source().await, "by-id");
    until_settled(&records.world, "callRecords").await;
    assert_eq!((source().await, records.requests(Kind::ById)), (json!("checked"), 2));
    records.world.ensure_equal().await.unwrap();
}

/// Graph tells, but the replica that is asked has not heard yet.
#[tokio::test]
async fn an_object_that_graph_does_not_show_yet_comes_with_a_later_sync() {
    let records = Singly::new(&["callRecords"]).await;
    records.sync(&["callRecords"]).await;
    records.subscribe().await;
    let id = records.world.graph.tenant(|tenant| tenant.create_ago("callRecords", 5));
    let body = json!({"error": {"code": "NotFound", "message": "NotFound"}}).to_string();
    records.world.graph.fail(Match::by_id(), 1, Fault::Status { code: 404, body });
    records.told().await;
    records.pump().await;
    assert_eq!((records.requests(Kind::ById), records.requests(Kind::List)), (1, 1));
    let document = records.world.cosmos.document("callRecords", &id, &id).await.unwrap();
    assert_eq!(document["_mirror"]["source"], "window");
    records.world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn a_channel_is_read_below_the_team_that_the_notification_names() {
    let channels = Singly::new(&["teams", "channels"]).await;
    let teams = channels.world.graph.tenant(|tenant| {
        let teams = [tenant.create("teams"), tenant.create("teams")];
        teams.iter().for_each(|team| drop(tenant.create_under("channels", &[team])));
        teams
    });
    channels.sync(&["teams", "channels"]).await;
    channels.subscribe().await;
    let (new, gone) = channels.world.graph.tenant(|tenant| {
        let gone = tenant.ids_under("channels", &[&teams[1]])[0].clone();
        assert!(tenant.purge("channels", &gone));
        (tenant.create_under("channels", &[&teams[1]]), gone)
    });
    let items = channels.told().await;
    let mut ids = vec![new.clone(), gone];
    ids.sort();
    let item = json!({"feed": "channels", "parent": teams[1], "ids": ids});
    let told: Vec<_> = items
        .iter()
        .map(|item| json!({"feed": item["feed"], "parent": item["parent"], "ids": item["ids"]}))
        .collect();
    assert_eq!(told, [item]);
    channels.pump().await;
    assert_eq!((channels.requests(Kind::Batch), channels.requests(Kind::List)), (1, 0));
    assert!(channels.world.cosmos.documents("channels").await.iter().any(|one| one["id"] == *new));
    channels.world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn what_lies_below_a_team_that_no_fan_out_has_named_is_not_read() {
    let channels = Singly::new(&["teams", "channels"]).await;
    channels.sync(&["teams", "channels"]).await;
    channels.subscribe().await;
    let new = channels.world.graph.tenant(|tenant| {
        let team = tenant.create("teams");
        tenant.create_under("channels", &[&team])
    });
    let items = channels.told().await;
    let of_channels = items.into_iter().find(|item| item["feed"] == "channels").unwrap();
    assert!(of_channels["ids"].is_array(), "{of_channels}");
    channels.pump().await;
    let documents = channels.world.cosmos.documents("channels").await;
    assert!(documents.iter().all(|one| one["id"] != *new), "{documents:?}");
    channels.sync(&["teams"]).await;
    channels.world.call("POST", "/api/refresh/channels", "").await.unwrap();
    channels.world.host.pump(sandbox::world::REQUESTED_QUEUE).await.unwrap();
    channels.world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn a_chat_is_read_for_each_of_its_members_and_for_those_who_left_it() {
    let chats = Singly::new(&["chats", "chatMessages"]).await;
    let users = chats.world.graph.tenant(|tenant| tenant.ids("users"));
    let chat = |topic: &str| json!({"id": "19:both@thread.v2", "topic": topic, "chatType": "group"});
    chats.world.graph.tenant(|tenant| {
        for user in &users[..2] {
            tenant.insert_under("chats", &[user], chat("first"));
        }
    });
    chats.sync(&["users", "chats", "chatMessages"]).await;
    chats.subscribe().await;
    chats.world.graph.tenant(|tenant| {
        let key = |user: &str| format!("{user}/19%3Aboth%40thread.v2");
        assert!(tenant.purge("chats", &key(&users[0])));
        assert!(tenant.change("chats", &key(&users[1]), json!({"topic": "second"})));
        tenant.insert_under("chats", &[&users[2]], chat("second"));
    });
    let items = chats.told().await;
    assert_eq!(items.len(), 1, "{items:?}");
    assert_eq!((&items[0]["feed"], &items[0]["ids"]), (&json!("chats"), &json!(["19:both@thread.v2"])));
    chats.pump().await;
    assert_eq!((chats.requests(Kind::ChatMembers), chats.requests(Kind::List)), (1, 0));
    chats.world.ensure_equal().await.unwrap();
    let mut holders: Vec<_> = chats.world.cosmos.documents("chats").await;
    holders.retain(|one| one["id"] == "19:both@thread.v2" && one["_mirror"]["removed"].is_null());
    let mut holders: Vec<_> = holders.iter().map(|one| one["_mirror"]["parent"].as_str().unwrap()).collect();
    holders.sort_unstable();
    let mut wanted = vec![users[1].as_str(), users[2].as_str()];
    wanted.sort_unstable();
    assert_eq!(holders, wanted);
}

#[tokio::test]
async fn a_message_of_a_chat_has_the_feeds_of_its_members_read() {
    let chats = Singly::new(&["chats", "chatMessages"]).await;
    let users = chats.world.graph.tenant(|tenant| tenant.ids("users"));
    chats.world.graph.tenant(|tenant| {
        for user in &users[..2] {
            tenant.insert_under("chats", &[user], json!({"id": "19:both@thread.v2", "chatType": "group"}));
        }
    });
    chats.sync(&["users", "chats", "chatMessages"]).await;
    chats.subscribe().await;
    chats.world.graph.tenant(|tenant| {
        let at = tenant.clock().text(0);
        for user in &users[..2] {
            let message =
                json!({"id": "1700000000000", "chatId": "19:both@thread.v2", "lastModifiedDateTime": at});
            tenant.insert_under("chatMessages", &[user], message);
        }
    });
    let items = chats.told().await;
    assert_eq!((items.len(), &items[0]["ids"]), (1, &json!(["19:both@thread.v2"])), "{items:?}");
    chats.pump().await;
    assert_eq!(chats.requests(Kind::List), 2, "one window for each member");
    chats.world.ensure_equal().await.unwrap();
}
