//! Whether a copy equals the tenant, to the letter.
//!
//! Pure: the tenant as it was seeded and changed on one side, the documents as they are stored on the other. What a page
//! served in between plays no part. [`differences_of`] compares objects, [`link_differences`] links.

mod difference;
mod links;

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::Value;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

pub use self::{
    difference::{Difference, What},
    links::{ExpectedLinks, link_differences},
};
use crate::graph::{Object, Row, Tenant, key};

/// Everything in which the documents of the container `users` are not a copy of the tenant's users, in the order of ids.
pub fn differences(tenant: &Tenant, documents: &[Value]) -> Vec<Difference> {
    differences_of("users", tenant, documents)
}

/// Everything in which the documents of the container `resource` are not a copy of that collection, in the order of keys.
///
/// What lies below other objects is compared by parent: `_mirror.parent` is the chain of their ids. Nothing is said of
/// objects whose parent refuses requests. What was read by time may stay after Graph forgot it, and so may what Graph only
/// reports when it is added, as long as the object above lives.
pub fn differences_of(resource: &str, tenant: &Tenant, documents: &[Value]) -> Vec<Difference> {
    let row = Row::of(resource);
    let mut found = Found { resource, skips: !row.delta, differences: Vec::new() };
    let mut copies = found.living_by(documents, |document| key_of(row, document));
    for (key, object) in tenant.living(resource) {
        let copy = copies.remove(key.as_str());
        if tenant.refusal(row, &key::above(row, key)).is_some() {
            continue;
        }
        let is_held = row.view.map_or(Some(true), |view| view.holds(object, tenant.clock()));
        match copy {
            None if is_forgotten(row, tenant, object) || is_held != Some(true) => {}
            Some(_) if is_held == Some(false) => found.add(key, What::Extra),
            None => found.add(key, What::Missing),
            Some(document) => {
                found.compare(key, object, document);
                found.check_marks(key, &[resource], &tenant.id, document);
            }
        }
    }
    let is_kept = row.window.is_some() || row.reports_additions_only();
    let was_there = |key: &str| {
        is_kept && tenant.collection(resource).entry(key).is_some() && tenant.is_reachable(row, key)
    };
    let is_refused = |key: &str| tenant.refusal(row, &key::above(row, key)).is_some();
    copies.retain(|key, _| !was_there(key) && !is_refused(key));
    copies.into_keys().for_each(|key| found.add(&key, What::Extra));
    found.sorted()
}

/// The key of the object of which a document is a copy.
fn key_of(row: &Row, document: &Value) -> String {
    let stored = document.pointer("/_mirror/graphId").unwrap_or(&document["id"]);
    key(row, document.pointer("/_mirror/parent").and_then(Value::as_str), stored.as_str().unwrap_or_default())
}

/// The key of an object with that id whose document has that parent.
pub(crate) fn key(row: &Row, parent: Option<&str>, id: &str) -> String {
    if !row.is_below() {
        return id.to_owned();
    }
    let parent = parent.unwrap_or_default();
    let ids: Vec<_> = parent.split('/').map(|id| percent_decode_str(id).decode_utf8_lossy()).collect();
    key::below(&key::chain(ids.iter().map(AsRef::as_ref)), id)
}

/// Whether Graph shows an object no longer because it is too old.
fn is_forgotten(row: &Row, tenant: &Tenant, object: &Object) -> bool {
    let Some(window) = &row.window else { return false };
    let time = object.get(&window.property).and_then(Value::as_str);
    let time = time.and_then(|time| OffsetDateTime::parse(time, &Rfc3339).ok());
    let oldest = window.retention_days.map(|days| tenant.clock().now() - Duration::days(days));
    time.zip(oldest).is_some_and(|(time, oldest)| time < oldest)
}

/// The differences of one container so far.
struct Found<'a> {
    resource: &'a str,
    /// The mirror writes only what differs.
    skips: bool,
    differences: Vec<Difference>,
}

impl Found<'_> {
    fn add(&mut self, id: &str, what: What) {
        self.differences.push(Difference { resource: self.resource.into(), id: id.into(), what });
    }

    fn sorted(mut self) -> Vec<Difference> {
        self.differences.sort_by(|one, other| one.id.cmp(&other.id));
        self.differences
    }

    /// The documents that are no tombstones, by id.
    fn living<'d>(&mut self, documents: &'d [Value]) -> BTreeMap<String, &'d Value> {
        self.living_by(documents, |document| document["id"].as_str().unwrap_or_default().to_owned())
    }

    /// The same by another key.
    fn living_by<'d>(
        &mut self,
        documents: &'d [Value],
        key: impl Fn(&Value) -> String,
    ) -> BTreeMap<String, &'d Value> {
        let mut copies = BTreeMap::new();
        for document in documents {
            let key = key(document);
            if copies.insert(key.clone(), document).is_some() {
                self.add(&key, What::Twice);
            }
        }
        copies.retain(|_, document| document.pointer("/_mirror/removed").is_none());
        copies
    }

    fn compare(&mut self, id: &str, object: &Object, document: &Value) {
        let has_other_id = document.pointer("/_mirror/graphId").is_some();
        let mut names: Vec<_> = object.keys().filter(|name| *name != "id" || !has_other_id).collect();
        let added = document.as_object().into_iter().flat_map(Object::keys);
        names.extend(added.filter(|name| !is_added(name) && !object.contains_key(*name)));
        for name in names.into_iter().filter(|name| *name != "id" || object.contains_key("id")) {
            let (tenant, copy) = (object.get(name).cloned(), document.get(name).cloned());
            // What is not read by delta query is written only if its content differs, and null is no content.
            let is_none = [&tenant, &copy].iter().all(|value| value.as_ref().is_none_or(Value::is_null));
            if tenant != copy && !(is_none && self.skips) {
                self.add(id, What::Differs { property: name.clone(), tenant, copy });
            }
        }
    }

    fn check_marks(&mut self, id: &str, resources: &[&str], tenant_id: &str, document: &Value) {
        let sources = ["delta", "list", "window", "by-id", "checked"];
        let is_by_time = Row::named(self.resource).is_some_and(|row| row.window.is_some());
        // No enumeration vouches for what was read by id: that is generation 0 until the feed tells it, if it ever does.
        let is = |wanted: &str| document.pointer("/_mirror/source").is_some_and(|source| source == wanted);
        let by_id = is("by-id") || is_by_time && is("checked");
        for name in ["resource", "tenantId", "generation", "save", "source"] {
            let copy = document.pointer(&format!("/_mirror/{name}"));
            let is_right = copy.is_some_and(|value| match name {
                "resource" => resources.iter().any(|resource| value == resource),
                "tenantId" => value == tenant_id,
                "source" => sources.iter().any(|source| value == source),
                "generation" if by_id => value.is_u64(),
                _ => value.as_u64().is_some_and(|number| number >= 1),
            });
            if !is_right {
                self.add(id, What::Unmarked { mark: format!("_mirror.{name}"), copy: copy.cloned() });
            }
        }
        if let Some(ttl) = document.get("ttl").filter(|_| !is_by_time) {
            // A living document never expires.
            self.add(id, What::Unmarked { mark: "ttl".into(), copy: Some(ttl.clone()) });
        }
    }
}

/// What Cosmos DB, the mirror or the page added.
fn is_added(name: &str) -> bool {
    matches!(name, "_mirror" | "_rid" | "_self" | "_etag" | "_ts" | "_attachments" | "ttl")
        // The context is that of a response, and of no object.
        || (name.starts_with("@odata.") && name != "@odata.context")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn copy_of(tenant: &Tenant) -> Vec<Value> {
        let document = |user: &Object| {
            let mut document = Value::Object(user.clone());
            document["_mirror"] = json!({"resource": "users", "tenantId": tenant.id, "generation": 1, "save": 2, "source": "delta"});
            document["_etag"] = json!("\"1\"");
            document["@odata.type"] = json!("#microsoft.graph.user");
            document
        };
        tenant.collection("users").living().map(|(_, user)| document(user)).collect()
    }

    #[test]
    fn a_faithful_copy_has_no_differences() {
        let mut tenant = Tenant::seeded(30, 1);
        let gone = tenant.ids("users")[0].clone();
        tenant.remove("users", &gone);
        let mut documents = copy_of(&tenant);
        documents.push(json!({"id": gone, "_mirror": {"removed": {"reason": "changed"}}, "ttl": 100}));
        assert_eq!(differences(&tenant, &documents), []);
    }

    #[test]
    fn a_null_property_differs_from_an_absent_one() {
        let mut tenant = Tenant::seeded(1, 1);
        let id = tenant.ids("users")[0].clone();
        tenant.change("users", &id, json!({"jobTitle": null}));
        let mut documents = copy_of(&tenant);
        documents[0].as_object_mut().unwrap().remove("jobTitle");
        documents[0]["aboutMe"] = Value::Null;
        let named: Vec<_> = differences(&tenant, &documents).iter().map(ToString::to_string).collect();
        assert_eq!(
            named,
            [
                format!("users/{id}: jobTitle is null in the tenant, absent in the copy"),
                format!("users/{id}: aboutMe is absent in the tenant, null in the copy"),
            ]
        );
    }

    #[test]
    fn null_is_nothing_where_only_what_differs_is_written() {
        let mut tenant = Tenant::seeded(1, 1);
        let role = tenant.create("roleDefinitions");
        tenant.change("roleDefinitions", &role, json!({"version": null}));
        let mut document = Value::Object(tenant.get("roleDefinitions", &role).unwrap().clone());
        document.as_object_mut().unwrap().remove("version");
        document["_mirror"] = json!({"resource": "roleDefinitions", "tenantId": tenant.id, "generation": 1, "save": 2, "source": "list"});
        assert_eq!(differences_of("roleDefinitions", &tenant, &[document.clone()]), []);
        document["displayName"] = Value::Null;
        assert_eq!(differences_of("roleDefinitions", &tenant, &[document]).len(), 1);
    }

    #[test]
    fn missing_extra_duplicate_and_unmarked_documents_are_differences() {
        let tenant = Tenant::seeded(3, 1);
        let [a, b, c] = tenant.ids("users").try_into().unwrap();
        let mut documents = copy_of(&tenant);
        documents[0]["_mirror"] = json!({"removed": {"reason": "missing"}});
        documents[1]["_mirror"]["save"] = json!(0);
        documents.push(documents[2].clone());
        documents.push(json!({"id": "~extra", "_mirror": {}}));
        let told = differences(&tenant, &documents);
        let mark = What::Unmarked { mark: "_mirror.save".into(), copy: Some(json!(0)) };
        let expected = [(a, What::Missing), (b, mark), (c, What::Twice), ("~extra".into(), What::Extra)];
        assert_eq!(told.into_iter().map(|it| (it.id, it.what)).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn groups_are_compared_like_users_and_are_called_groups() {
        let mut tenant = Tenant::seeded(1, 1);
        let group = tenant.create("groups");
        let mut document = Value::Object(tenant.get("groups", &group).unwrap().clone());
        document["_mirror"] = json!({"resource": "groups", "tenantId": tenant.id, "generation": 1, "save": 2, "source": "delta"});
        let found = |documents: &[Value]| differences_of("groups", &tenant, documents);
        assert_eq!(found(std::slice::from_ref(&document)), []);
        document["members@delta"] = json!([]);
        let named: Vec<_> = found(&[document]).iter().map(ToString::to_string).collect();
        assert_eq!(named, [format!("groups/{group}: members@delta is absent in the tenant, [] in the copy")]);
    }
}
