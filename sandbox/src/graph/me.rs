//! The signed-in user, and what there is besides collections: groups of a user, photos, the tenant itself.
//!
//! `/me` is another name of `/users/<id of the signed-in user>`, for delegated tokens only. Sources:
//! <https://learn.microsoft.com/graph/api/user-get>, <https://learn.microsoft.com/graph/api/user-list-memberof>,
//! <https://learn.microsoft.com/graph/api/profilephoto-get>, <https://learn.microsoft.com/graph/api/organization-list>.
//! Left out: mail, calendars and drives of a user; groups of a user that are so by other groups.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{
    World,
    answer::Answer,
    read::version,
    relationship::Relationship,
    request::{Kind, Record},
    row::Row,
    select::Select,
};

/// The roles and scopes of which one is needed.
pub(super) fn readers(record: &Record) -> Vec<&'static str> {
    let feed = record.feed.and_then(Row::named).unwrap_or_else(|| Row::of("users"));
    let more: &[&str] = match record.kind {
        Kind::Me => &["User.Read", "User.ReadWrite"],
        Kind::Photo => &["ProfilePhoto.Read.All"],
        Kind::Organization => &["Organization.Read.All", "Directory.Read.All", "User.Read"],
        _ => &[],
    };
    let readers = feed.readers.iter().map(String::as_str);
    let lists = feed.lists.iter().map(String::as_str);
    match record.kind {
        Kind::Organization => more.to_vec(),
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
    let path = record.path.replacen("/me", &format!("/users/{user}"), 1);
    let bare = path.split('?').next().unwrap_or_default();
    let kind = match bare.rsplit('/').next().unwrap_or_default() {
        "memberOf" => Kind::MemberOf,
        "manager" => Kind::Targets,
        "$value" if bare.ends_with("/photo/$value") => Kind::Photo,
        last if last == user => Kind::ById,
        _ => Kind::Other,
    };
    Record { path, kind, feed: Some("users"), ..record.clone() }
}

impl World {
    /// `/users/{id}/photo/$value`.
    pub(super) fn photo(&self, path: &str) -> Result<Answer, Answer> {
        let photo = self.user_of(path).and_then(|id| self.tenant.photos.get(&id));
        let missing = || Answer::error(404, "ImageNotFound", "The photo was not found.");
        photo.map(|photo| Answer::text(200, "image/jpeg", photo.clone())).ok_or_else(missing)
    }

    /// `/users/{id}/memberOf`: the groups of which a user is a direct member, on one page.
    pub(super) fn member_of(&self, path: &str, query: &str) -> Result<Answer, Answer> {
        let id = self.user_of(path).ok_or_else(|| Self::not_found("user"))?;
        let options: HashMap<_, _> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let select = Select::parse(Row::of("groups"), options.get("$select").map(String::as_str), false)?;
        let key = (Relationship::named("groups-members"), id);
        let groups = self.tenant.groups().living();
        let groups = groups.filter(|(group, _)| {
            self.tenant.groups().edge(group, &key).is_some_and(super::relationship::Edge::is_now)
        });
        let value: Vec<_> = groups
            .map(|(_, group)| {
                let mut shown = select.whole(group);
                shown.insert("@odata.type".into(), json!("#microsoft.graph.group"));
                Value::Object(shown)
            })
            .collect();
        let context = format!("{}/{}/$metadata#directoryObjects", self.origin, version(path));
        Ok(Answer::json(json!({"@odata.context": context, "value": value})))
    }

    /// The tenant, as a list of one.
    pub(super) fn organization(&self, path: &str) -> Answer {
        let tenant = json!({
            "id": self.tenant.id, "displayName": "Contoso",
            "verifiedDomains": [{"name": "contoso.example", "isDefault": true, "isInitial": true}],
        });
        let context = format!("{}/{}/$metadata#organization", self.origin, version(path));
        Answer::json(json!({"@odata.context": context, "value": [tenant]}))
    }

    /// The living user that the third segment of a path names.
    fn user_of(&self, path: &str) -> Option<String> {
        let name = percent_encoding::percent_decode_str(path.split('/').nth(3)?).decode_utf8_lossy();
        let id = self.found(Row::of("users"), &name);
        self.tenant.user(&id).map(|_| id)
    }
}
