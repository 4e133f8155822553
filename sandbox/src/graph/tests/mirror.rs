//! A client that applies rounds as the documentation asks: merged by id, the last occurrence wins, links one by one.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    copy::{Difference, ExpectedLinks, differences_of, link_differences},
    graph::{Relationship, Tenant},
};

/// What the client has of one feed.
#[derive(Default)]
pub(super) struct Mirror {
    feed: &'static str,
    /// Links of a soft-deleted source are kept.
    keeps: bool,
    objects: BTreeMap<String, Value>,
    links: BTreeMap<(Relationship, String, String), String>,
}

impl Mirror {
    pub(super) fn new(feed: &'static str, keeps: bool) -> Self {
        Self { feed, keeps, ..Self::default() }
    }

    pub(super) fn apply(&mut self, page: &[Value]) {
        page.iter().for_each(|object| self.apply_one(object.clone()));
    }

    fn apply_one(&mut self, mut object: Value) {
        let id = object["id"].as_str().expect("an object has an id").to_owned();
        match object["@removed"]["reason"].as_str() {
            Some(reason) => {
                self.objects.remove(&id);
                let keeps = self.keeps && reason == "changed";
                self.links.retain(|(_, source, _), _| keeps || *source != id);
            }
            None => {
                for relationship in Relationship::all() {
                    let links = object.as_object_mut().and_then(|it| it.remove(relationship.annotation()));
                    let links = links.as_ref().and_then(Value::as_array).into_iter().flatten();
                    links.for_each(|link| self.link(relationship, &id, link));
                }
                self.objects.insert(id, object);
            }
        }
    }

    fn link(&mut self, relationship: Relationship, source: &str, link: &Value) {
        let key = (relationship, source.to_owned(), link["id"].as_str().unwrap().to_owned());
        let kind = link["@odata.type"].as_str().unwrap().trim_start_matches("#microsoft.graph.").to_owned();
        match link.get("@removed") {
            None => drop(self.links.insert(key, kind)),
            Some(removed) => {
                assert_eq!(removed["reason"], "deleted");
                self.links.remove(&key);
            }
        }
    }

    /// In what it differs from the tenant.
    pub(super) fn differences(&self, tenant: &Tenant) -> Vec<Difference> {
        let mark = |container: &str| json!({"resource": container, "tenantId": tenant.id, "generation": 1, "save": 1, "source": "delta"});
        let objects: Vec<_> = self
            .objects
            .values()
            .map(|object| {
                let mut document = object.clone();
                document["_mirror"] = mark(self.feed);
                document
            })
            .collect();
        let mut differences = differences_of(self.feed, tenant, &objects);
        for relationship in Relationship::tracked_by(self.feed) {
            let links = self.links.iter().filter(|((of, ..), _)| *of == relationship);
            let links: Vec<_> = links
                .map(|((_, source, target), kind)| {
                    let mut mark = mark(relationship.container());
                    mark["parent"] = json!(source);
                    let id = format!("{source}|{target}");
                    json!({"id": id, "sourceId": source, "targetId": target, "targetType": kind, "_mirror": mark})
                })
                .collect();
            differences.extend(link_differences(&ExpectedLinks::of(tenant, relationship), &links));
        }
        differences
    }
}
