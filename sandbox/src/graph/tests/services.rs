//! How the delta queries of Outlook, drives, Teams and Education differ from those of directory objects.

use super::*;

async fn of(tenant: Tenant, page_size: usize) -> Setup {
    Setup::of_everything(tenant, Options { page_size, ..Options::default() }).await
}

fn at(setup: &Setup, path: &str) -> String {
    format!("{}/v1.0/{path}", setup.graph.endpoint())
}

async fn ask(setup: &Setup, url: &str, prefer: &str) -> Got {
    let request = setup.client.get(url).bearer_auth(&setup.token).header("Prefer", prefer);
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    Got { status, headers, body: serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap() }
}

/// All that a round tells, and its delta link.
async fn walk(setup: &Setup, url: &str, prefer: &str) -> (Vec<Value>, String) {
    let (told, delta) = setup.read_all(url, prefer).await;
    (told, delta.unwrap())
}

struct Mail {
    setup: Setup,
    user: String,
    folders: [String; 2],
    message: String,
}

impl Mail {
    async fn new() -> Self {
        let mut tenant = Tenant::seeded(1, 7);
        let user = tenant.ids("users")[0].clone();
        let folders = [(); 2].map(|()| tenant.create_under("mailFolders", &[&user]));
        let message = tenant.create_under("messages", &[&user, &folders[0]]);
        (0..4).for_each(|_| drop(tenant.create_under("messages", &[&user, &folders[0]])));
        Self { setup: of(tenant, 3).await, user, folders, message }
    }

    fn feed(&self, folder: usize) -> String {
        let (user, folder) = (&self.user, &self.folders[folder]);
        at(&self.setup, &format!("users/{user}/mailFolders/{folder}/messages/delta"))
    }
}

#[tokio::test]
async fn outlook_tells_only_what_changed_and_everything_of_what_is_new() {
    let mail = Mail::new().await;
    let (told, delta) = walk(&mail.setup, &mail.feed(0), IMMUTABLE).await;
    assert!(told.len() == 5 && told.iter().all(|one| one["subject"].is_string()));
    let new = mail.setup.graph.tenant(|tenant| {
        assert!(tenant.change("messages", &mail.message, json!({"isRead": true})));
        assert!(tenant.change("messages", &mail.message, json!({"importance": null})));
        let new = tenant.create_under("messages", &[&mail.user, &mail.folders[0]]);
        assert!(tenant.change("messages", &new, json!({"isRead": true})));
        new
    });
    let (told, delta) = walk(&mail.setup, &delta, IMMUTABLE).await;
    let find = |id: &str| told.iter().find(|one| one["id"] == id).unwrap();
    let changed = json!({"@odata.type": "#microsoft.graph.message", "id": mail.message, "isRead": true, "importance": null});
    let mut shown = find(&mail.message).clone();
    shown["@odata.type"] = changed["@odata.type"].clone();
    assert_eq!((told.len(), shown), (2, changed));
    assert!(find(&new)["subject"].is_string());
    mail.setup.graph.tenant(|tenant| tenant.purge("messages", &new));
    let (told, _) = walk(&mail.setup, &delta, IMMUTABLE).await;
    assert_eq!(told, [json!({"id": new, "@removed": {"reason": "deleted"}})]);
}

#[tokio::test]
async fn a_moved_message_is_gone_from_one_feed_and_new_in_the_other_under_an_immutable_id() {
    let mail = Mail::new().await;
    let (_, old) = walk(&mail.setup, &mail.feed(0), IMMUTABLE).await;
    let (_, new) = walk(&mail.setup, &mail.feed(1), IMMUTABLE).await;
    let (mutable, _) = walk(&mail.setup, &mail.feed(0), "x").await;
    let named = |told: &[Value]| told.iter().any(|one| one["id"] == mail.message.as_str());
    assert!(!named(&mutable), "without the preference the id is another one");
    mail.setup.graph.tenant(|tenant| {
        let folder = [mail.user.as_str(), &mail.folders[1]];
        assert!(tenant.move_under("messages", &mail.message, &folder));
    });
    let gone = walk(&mail.setup, &old, IMMUTABLE).await.0;
    assert_eq!(gone, [json!({"id": mail.message, "@removed": {"reason": "deleted"}})]);
    let come = walk(&mail.setup, &new, IMMUTABLE).await.0;
    assert_eq!((come.len(), &come[0]["id"]), (1, &json!(mail.message)));
    assert_eq!(come[0]["parentFolderId"], mail.folders[1].as_str());
    let (come, _) = walk(&mail.setup, &mail.feed(1), "x").await;
    assert!(!mutable.iter().any(|one| one["id"] == come[0]["id"]), "a mutable id changes with the folder");
    let by_id = mail.feed(1).replace("delta", come[0]["id"].as_str().unwrap());
    assert_eq!(ask(&mail.setup, &by_id, IMMUTABLE).await.body["id"], mail.message.as_str());
}

#[tokio::test]
async fn the_size_of_a_page_is_preferred_and_a_lost_state_is_told() {
    let mail = Mail::new().await;
    let first = ask(&mail.setup, &mail.feed(0), "odata.maxpagesize=2, IdType=\"ImmutableId\"").await;
    assert_eq!(first.body["value"].as_array().unwrap().len(), 2);
    let next = first.body["@odata.nextLink"].as_str().unwrap();
    let record = mail.setup.graph.requests().pop().unwrap();
    assert_eq!(record.prefer.as_deref(), Some("odata.maxpagesize=2, IdType=\"ImmutableId\""));
    mail.setup.graph.fail(Match::skip_token().service("identity"), 1, Fault::Html);
    mail.setup.graph.fail(
        Match::skip_token().service("outlook"),
        1,
        Fault::TokenDead(TokenDeath::SyncStateNotFound),
    );
    assert_eq!(mail.setup.code(next).await, (410, "SyncStateNotFound".into()));
}

#[tokio::test]
async fn a_calendar_is_seen_through_a_window_that_the_token_keeps() {
    let mut tenant = Tenant::seeded(1, 7);
    let user = tenant.ids("users")[0].clone();
    let event = tenant.create_under("calendarView", &[&user]);
    let far = tenant.create_under("calendarView", &[&user]);
    let until = |start: &str, end: &str| {
        let time = |time: &str| json!({"dateTime": format!("{time}T10:00:00.0000000"), "timeZone": "UTC"});
        json!({"start": time(start), "end": time(end)})
    };
    // It has begun before.
    tenant.change("calendarView", &event, until("2026-04-30", "2026-05-01"));
    tenant.change("calendarView", &far, until("2027-05-05", "2027-05-06"));
    let setup = of(tenant, 5).await;
    let path = at(&setup, &format!("users/{user}/calendarView/delta"));
    let window = format!("{path}?startDateTime=2026-05-01T00:00:00Z&endDateTime=2026-06-01T00:00:00Z");
    assert_eq!(setup.code(&path).await, (400, "ErrorInvalidParameter".into()));
    assert_eq!(setup.code(&format!("{window}&$select=id")).await, (400, "ErrorInvalidUrlQuery".into()));
    let (told, delta) = walk(&setup, &window, IMMUTABLE).await;
    assert_eq!((told.len(), &told[0]["id"]), (1, &json!(event)));
    setup.graph.tenant(|tenant| {
        tenant.change("calendarView", &event, json!({"subject": "moved"}));
        tenant.change("calendarView", &far, json!({"subject": "far"}));
    });
    let (told, _) = walk(&setup, &delta, IMMUTABLE).await;
    let find = |id: &str| told.iter().find(|one| one["id"] == id).unwrap().clone();
    assert_eq!(find(&event)["subject"], "moved");
    assert_eq!(find(&far), json!({"id": far, "@removed": {"reason": "deleted"}}), "it merely changed");
}

#[tokio::test]
async fn a_drive_tells_with_a_facet_what_is_gone_in_any_order() {
    let mut tenant = Tenant::seeded(1, 7);
    let site = tenant.create("sites");
    let drive = tenant.create_under("drives", &[&site]);
    let folder = tenant.create_under("driveItems", &[&drive]);
    let inside = |tenant: &mut Tenant| {
        let item = tenant.create_under("driveItems", &[&drive]);
        tenant.change("driveItems", &item, json!({"parentReference": {"id": folder}}));
        item
    };
    let mut items: Vec<_> = (0..5).map(|_| inside(&mut tenant)).collect();
    let setup = of(tenant, 50).await;
    let path = at(&setup, &format!("drives/{drive}/root/delta"));
    let (told, delta) = walk(&setup, &format!("{path}?$top=4"), "x").await;
    assert_eq!(told.len(), 6);
    assert!(delta.contains("/root/delta(token='d"), "{delta}");
    setup.graph.quirks(|quirks| quirks.duplicate_every = Some(1));
    setup.graph.tenant(|tenant| tenant.change("driveItems", &items[0], json!({"name": "last"})));
    let (told, delta) = walk(&setup, &delta, "x").await;
    assert_eq!((told.len(), &told[1]["name"]), (2, &json!("last")), "the last one counts");
    setup.graph.quirks(|quirks| quirks.duplicate_every = None);
    setup.graph.tenant(|tenant| assert!(tenant.purge("driveItems", &folder)));
    let (told, _) = walk(&setup, &delta, "x").await;
    items.push(folder);
    assert_eq!(told.len(), items.len(), "what is in a folder goes with it");
    for one in &told {
        assert_eq!((&one["deleted"], one.get("name")), (&json!({"state": "deleted"}), None));
        assert!(items.iter().any(|item| one["id"] == item.as_str()) && one.get("@removed").is_none());
    }
}

#[tokio::test]
async fn a_drive_begins_now_or_at_a_time_and_says_where_to_go_when_a_token_died() {
    let mut tenant = Tenant::seeded(1, 7);
    let drive = tenant.create("drives");
    let item = tenant.create_under("driveItems", &[&drive]);
    let setup = of(tenant, 50).await;
    let path = at(&setup, &format!("drives/{drive}/root/delta"));
    let (told, delta) = walk(&setup, &format!("{path}?token=latest"), "x").await;
    assert!(told.is_empty());
    let ago = |minutes| setup.graph.clock().text(minutes).replace(':', "%3A");
    assert_eq!(walk(&setup, &format!("{path}?token={}", ago(5)), "x").await.0.len(), 1);
    assert_eq!(walk(&setup, &format!("{path}?token={}", ago(-5)), "x").await.0.len(), 0);
    assert_eq!(setup.code(&format!("{path}?token=yesterday")).await, (400, "invalidRequest".into()));
    setup.graph.kill_tokens(TokenDeath::ResyncApply);
    let dead = setup.get(&delta).await;
    assert_eq!(dead.body["error"]["innerError"]["code"], "resyncChangesApplyDifferences");
    let (told, _) = walk(&setup, dead.headers["location"].to_str().unwrap(), "x").await;
    assert_eq!((told.len(), &told[0]["id"]), (1, &json!(item)));
}

#[tokio::test]
async fn a_deleted_message_of_a_channel_is_an_empty_one_and_a_class_goes_in_silence() {
    let mut tenant = Tenant::seeded(1, 7);
    let team = tenant.create("teams");
    let channel = tenant.create_under("channels", &[&team]);
    let message = tenant.create_under("channelMessages", &[&team, &channel]);
    let class = tenant.create("educationClasses");
    let setup = of(tenant, 50).await;
    let messages = at(&setup, &format!("teams/{team}/channels/{channel}/messages/delta"));
    let (_, messages) = walk(&setup, &messages, "x").await;
    let (_, classes) = walk(&setup, &at(&setup, "education/classes/delta"), "x").await;
    setup.graph.tenant(|tenant| {
        assert!(tenant.purge("channelMessages", &message) && tenant.purge("educationClasses", &class));
    });
    let (told, _) = walk(&setup, &messages, "x").await;
    assert!(told[0]["deletedDateTime"].is_string() && told[0].get("@removed").is_none());
    assert_eq!((&told[0]["id"], &told[0]["body"]["content"]), (&json!(message), &json!("")));
    assert_eq!(walk(&setup, &classes, "x").await.0, [Value::Null; 0]);
}
