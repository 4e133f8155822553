//! Whether a copy equals the tenant, to the letter.
//!
//! [`differences`] is pure: the tenant as it was seeded and changed on one side, the documents as they are stored on the other.
//! What a page served in between plays no part.

use std::{collections::BTreeMap, fmt};

use serde_json::Value;

use crate::graph::{Object, Tenant};

/// One way in which the copy is not the tenant.
#[derive(Clone, Debug, PartialEq)]
pub enum Difference {
    /// A living user has no living document.
    Missing {
        /// The user.
        id: String,
    },
    /// A living document has no living user.
    Extra {
        /// The document.
        id: String,
    },
    /// A property is not the same; nothing means absent.
    Differs {
        /// The user.
        id: String,
        /// The property.
        property: String,
        /// What the tenant has.
        tenant: Option<Value>,
        /// What the copy has.
        copy: Option<Value>,
    },
    /// A document lacks something of ours, or has it wrong.
    Unmarked {
        /// The document.
        id: String,
        /// What is wrong, such as `_mirror.save`.
        mark: String,
        /// What the document has there.
        copy: Option<Value>,
    },
    /// Two documents have one id.
    Twice {
        /// The id.
        id: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { id } => write!(out, "users/{id}: living in the tenant, missing in the copy"),
            Self::Extra { id } => write!(out, "users/{id}: not in the tenant, living in the copy"),
            Self::Differs { id, property, tenant, copy } => {
                write!(
                    out,
                    "users/{id}: {property} is {} in the tenant, {} in the copy",
                    Shown(tenant),
                    Shown(copy)
                )
            }
            Self::Unmarked { id, mark, copy } => {
                write!(out, "users/{id}: {mark} is {} in the copy", Shown(copy))
            }
            Self::Twice { id } => write!(out, "users/{id}: twice in the copy"),
        }
    }
}

struct Shown<'a>(&'a Option<Value>);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => out.write_str("absent"),
            Some(value) => write!(out, "{value}"),
        }
    }
}

/// Everything in which the documents of the container `users` are not a copy of the tenant's users, in the order of ids.
pub fn differences(tenant: &Tenant, documents: &[Value]) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut copies = BTreeMap::new();
    for document in documents {
        let id = document["id"].as_str().unwrap_or_default();
        if copies.insert(id, document).is_some() {
            differences.push(Difference::Twice { id: id.into() });
        }
    }
    copies.retain(|_, document| !is_tombstone(document));
    for (id, user) in tenant.users.living() {
        match copies.remove(id.as_str()) {
            None => differences.push(Difference::Missing { id: id.clone() }),
            Some(document) => {
                compare(id, user, document, &mut differences);
                check_marks(id, tenant, document, &mut differences);
            }
        }
    }
    differences.extend(copies.into_keys().map(|id| Difference::Extra { id: id.into() }));
    differences.sort_by(|one, other| one.id().cmp(other.id()));
    differences
}

impl Difference {
    /// The object that it is about.
    pub fn id(&self) -> &str {
        match self {
            Self::Missing { id }
            | Self::Extra { id }
            | Self::Differs { id, .. }
            | Self::Unmarked { id, .. }
            | Self::Twice { id } => id,
        }
    }
}

fn is_tombstone(document: &Value) -> bool {
    document.pointer("/_mirror/removed").is_some()
}

/// What Cosmos DB, the mirror or the page added.
fn is_added(name: &str) -> bool {
    matches!(name, "_mirror" | "_rid" | "_self" | "_etag" | "_ts" | "_attachments" | "ttl")
        || name.starts_with("@odata.")
}

fn compare(id: &str, user: &Object, document: &Value, differences: &mut Vec<Difference>) {
    let mut names: Vec<_> = user.keys().collect();
    let added = document.as_object().into_iter().flat_map(Object::keys);
    names.extend(added.filter(|name| !is_added(name) && !user.contains_key(*name)));
    for name in names {
        let (tenant, copy) = (user.get(name), document.get(name));
        if tenant != copy {
            let (tenant, copy) = (tenant.cloned(), copy.cloned());
            differences.push(Difference::Differs { id: id.into(), property: name.clone(), tenant, copy });
        }
    }
}

fn check_marks(id: &str, tenant: &Tenant, document: &Value, differences: &mut Vec<Difference>) {
    let positive = |value: &Value| value.as_u64().is_some_and(|number| number >= 1);
    // No walk vouches for what was read by id: that is generation 0 until the feed tells it.
    let by_id = document.pointer("/_mirror/source").is_some_and(|source| source == "by-id");
    let sources = ["delta", "list", "window", "by-id", "checked"];
    for name in ["resource", "tenantId", "generation", "save", "source"] {
        let mark = format!("_mirror.{name}");
        let copy = document.pointer(&format!("/_mirror/{name}"));
        let is_right = copy.is_some_and(|value| match name {
            "resource" => value == "users",
            "tenantId" => *value == *tenant.id,
            "source" => sources.iter().any(|source| value == source),
            "generation" if by_id => value.is_u64(),
            _ => positive(value),
        });
        if !is_right {
            differences.push(Difference::Unmarked { id: id.into(), mark, copy: copy.cloned() });
        }
    }
    if let Some(ttl) = document.get("ttl") {
        // A living document never expires.
        differences.push(Difference::Unmarked { id: id.into(), mark: "ttl".into(), copy: Some(ttl.clone()) });
    }
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
        tenant.users.living().map(|(_, user)| document(user)).collect()
    }

    #[test]
    fn a_faithful_copy_has_no_differences() {
        let mut tenant = Tenant::seeded(30, 1);
        let gone = tenant.user_ids()[0].clone();
        tenant.remove_user(&gone);
        let mut documents = copy_of(&tenant);
        documents.push(json!({"id": gone, "_mirror": {"removed": {"reason": "changed"}}, "ttl": 100}));
        assert_eq!(differences(&tenant, &documents), []);
    }

    #[test]
    fn absent_is_not_null() {
        let mut tenant = Tenant::seeded(1, 1);
        let id = tenant.user_ids()[0].clone();
        tenant.change_user(&id, json!({"jobTitle": null}));
        let mut documents = copy_of(&tenant);
        documents[0].as_object_mut().unwrap().remove("jobTitle");
        documents[0]["aboutMe"] = Value::Null;
        let told: Vec<_> = differences(&tenant, &documents).iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                format!("users/{id}: jobTitle is null in the tenant, absent in the copy"),
                format!("users/{id}: aboutMe is absent in the tenant, null in the copy"),
            ]
        );
    }

    #[test]
    fn missing_extra_twice_and_unmarked_documents_are_told() {
        let tenant = Tenant::seeded(3, 1);
        let [a, b, c] = tenant.user_ids().try_into().unwrap();
        let mut documents = copy_of(&tenant);
        documents[0]["_mirror"] = json!({"removed": {"reason": "missing"}});
        documents[1]["_mirror"]["save"] = json!(0);
        documents.push(documents[2].clone());
        documents.push(json!({"id": "~extra", "_mirror": {}}));
        let told = differences(&tenant, &documents);
        let mark = Difference::Unmarked { id: b, mark: "_mirror.save".into(), copy: Some(json!(0)) };
        assert_eq!(
            told,
            [
                Difference::Missing { id: a },
                mark,
                Difference::Twice { id: c },
                Difference::Extra { id: "~extra".into() }
            ]
        );
    }
}
