//! Chats: who is in one, and how change notifications of Teams name objects.
//!
//! A chat lies below each of its members. Sources: <https://learn.microsoft.com/graph/api/chat-list-members>,
//! <https://learn.microsoft.com/graph/teams-changenotifications-chat>.

use serde_json::{Value, json};

use super::{answer::Answer, collection::Collection, key, row::Row, world::World};

/// `/chats/{id}/members`: the users below whom the chat lies, on one page.
pub(super) fn members(world: &World, path: &str) -> Result<Answer, Answer> {
    let row = Row::of("chats");
    let id = path.split('/').nth(3).unwrap_or_default();
    let id = percent_encoding::percent_decode_str(id).decode_utf8_lossy();
    let value: Vec<_> = world
        .tenant
        .living("chats")
        .filter(|(key, _)| key::id(row, key) == id)
        .filter_map(|(key, _)| key::above(row, key).pop())
        .map(|user| {
            json!({"@odata.type": "#microsoft.graph.aadUserConversationMember", "id": format!("m-{user}"),
                "roles": ["owner"], "userId": user, "tenantId": world.tenant.id})
        })
        .collect();
    match value.is_empty() {
        true => Err(Answer::error(404, "NotFound", "NotFound")),
        false => Ok(Answer::json(json!({ "value": value }))),
    }
}

/// How a change notification names an object of Teams below others: `teams('…')/channels('…')`. Chats are named without the
/// user whose they are.
pub(super) fn resource(feed: &Row, objects: &Collection, object_key: &str) -> Option<String> {
    if feed.service != "teams" || !feed.is_below() {
        return None;
    }
    let id = key::id(feed, object_key);
    if feed.name == "chats" {
        return Some(format!("chats('{id}')"));
    }
    if feed.name == "chatMessages" {
        let chat = objects.entry(object_key)?.properties.get("chatId").and_then(Value::as_str)?;
        return Some(format!("chats('{chat}')/messages('{id}')"));
    }
    let mut ids = key::above(feed, object_key).into_iter().chain([id]);
    let names = feed.path().split('/').filter(|segment| !segment.starts_with('{'));
    let named: Vec<_> = names.filter_map(|name| Some(format!("{name}('{}')", ids.next()?))).collect();
    Some(named.join("/"))
}
