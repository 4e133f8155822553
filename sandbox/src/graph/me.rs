//! The signed-in user, and what there is besides collections: photos, the tenant itself.
//!
//! `/me` is another name of `/users/<id of the signed-in user>`, for delegated tokens only. Sources:
//! <https://learn.microsoft.com/graph/api/user-get>,
//! <https://learn.microsoft.com/graph/api/profilephoto-get>, <https://learn.microsoft.com/graph/api/organization-list>.

use serde_json::json;

use super::{
    answer::Answer,
    by_ids,
    kind::Kind,
    request::{Record, version},
    row::Row,
    world::World,
};

/// The roles and scopes of which one is needed.
pub(super) fn readers(record: &Record) -> Vec<&'static str> {
    let asked = match record.kind {
        Kind::Me => as_user(record, "me").feed,
        _ => record.feed,
    };
    if record.kind == Kind::GetByIds {
        return by_ids::collections().flat_map(|row| &row.readers).map(String::as_str).collect();
    }
    let feed = asked.and_then(Row::named).unwrap_or_else(|| Row::of("users"));
    let more: &[&str] = match record.kind {
        Kind::Me if feed.name == "users" => &["User.Read", "User.ReadWrite"],
        Kind::Photo => &["ProfilePhoto.Read.All"],
        _ => &[],
    };
    let readers = feed.readers.iter().map(String::as_str);
    let lists = feed.lists.iter().map(String::as_str);
    match record.kind {
        Kind::List | Kind::ById => readers.chain(lists).collect(),
        _ => readers.chain(more.iter().copied()).collect(),
    }
}

/// What a token without a user is answered.
pub(super) fn nobody() -> Answer {
    Answer::error(400, "BadRequest", "/me request is only valid with delegated authentication flow.")
}

/// The same request for the user by id.
pub(super) fn as_user(record: &Record, user: &str) -> Record {
    record.with_path(&record.method, &record.path.replacen("/me", &format!("/users/{user}"), 1))
}

/// `/users/{id}/photo/$value`.
pub(super) fn photo(world: &World, path: &str) -> Result<Answer, Answer> {
    let photo = user_of(world, path).and_then(|id| world.tenant.photos.get(&id));
    let missing = || Answer::error(404, "ImageNotFound", "The photo was not found.");
    photo.map(|photo| Answer::text(200, "image/jpeg", photo.clone())).ok_or_else(missing)
}

/// Whether a list is that of the tenant itself, of which nothing else is known.
pub(super) fn is_organization(world: &World, feed: &Row) -> bool {
    feed.name == "organization" && world.tenant.collection(&feed.name).position() == 0
}

/// The tenant, as a list of one.
pub(super) fn organization(world: &World, path: &str) -> Answer {
    let tenant = json!({
        "id": world.tenant.id, "displayName": "Contoso",
        "verifiedDomains": [{"name": "contoso.example", "isDefault": true, "isInitial": true}],
    });
    let context = format!("{}/{}/$metadata#organization", world.origin, version(path));
    Answer::json(json!({"@odata.context": context, "value": [tenant]}))
}

/// The living user that the third segment of a path names.
fn user_of(world: &World, path: &str) -> Option<String> {
    let name = percent_encoding::percent_decode_str(path.split('/').nth(3)?).decode_utf8_lossy();
    let id = world.found(Row::of("users"), &name);
    world.tenant.get("users", &id).map(|_| id)
}
