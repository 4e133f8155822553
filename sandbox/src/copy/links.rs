//! Whether the copied links are those of the tenant.
//!
//! A link is current unless its source or its target is deleted for good: Graph does not end it with a soft delete. While
//! the source is among the deleted items Graph tells nothing of its links, so that a copy may have any that ever were, or
//! not; once the source is restored it has to be right. Source: <https://learn.microsoft.com/graph/delta-query-groups>.

use serde_json::{Value, json};

use super::{Difference, Found, Object, What};
use crate::graph::{Link, Relationship, Tenant};

/// The links of one relationship that a copy should have.
#[derive(Clone, Debug)]
pub struct ExpectedLinks {
    relationship: Relationship,
    tenant_id: String,
    links: Vec<Link>,
}

impl ExpectedLinks {
    /// Those of the tenant as it is.
    pub fn of(tenant: &Tenant, relationship: Relationship) -> Self {
        Self {
            relationship,
            tenant_id: tenant.id.clone(),
            links: tenant.links_not_known_to_be_gone(relationship),
        }
    }

    /// How many have to be there.
    pub fn count(&self) -> usize {
        self.links.iter().filter(|link| !link.dormant).count()
    }
}

/// Everything in which the documents of a container such as `groups-members` are not the expected links, in the order of
/// ids. A document is `{id: "<source>|<target>", sourceId, targetId, targetType, _mirror: {parent: "<source>", …}}`, and
/// `_mirror.resource` names the container or the resource of the source.
pub fn link_differences(expected: &ExpectedLinks, documents: &[Value]) -> Vec<Difference> {
    let container = expected.relationship.container();
    let mut found = Found { resource: container, skips: false, differences: Vec::new() };
    let mut copies = found.living(documents);
    for link in &expected.links {
        let id = format!("{}|{}", link.source, link.target);
        match copies.remove(id.as_str()) {
            None if link.dormant => {}
            None => found.add(&id, What::Missing),
            Some(document) => {
                found.compare(&id, &wanted(&id, link), document);
                let resources = [container, expected.relationship.of()];
                found.check_marks(&id, &resources, &expected.tenant_id, document);
                let parent = document.pointer("/_mirror/parent");
                if parent.is_none_or(|parent| *parent != *link.source) {
                    let (mark, copy) = ("_mirror.parent".into(), parent.cloned());
                    found.add(&id, What::Unmarked { mark, copy });
                }
            }
        }
    }
    copies.into_keys().for_each(|id| found.add(&id, What::Extra));
    found.sorted()
}

fn wanted(id: &str, link: &Link) -> Object {
    let Link { source, target, target_type, .. } = link;
    let text = [("id", id), ("sourceId", source), ("targetId", target), ("targetType", target_type)];
    text.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(tenant: &Tenant, source: &str, target: &str, kind: &str) -> Value {
        json!({
            "id": format!("{source}|{target}"), "sourceId": source, "targetId": target, "targetType": kind,
            "_mirror": {"resource": "groups-members", "tenantId": tenant.id, "parent": source, "generation": 1, "save": 1, "source": "delta"},
        })
    }

    fn found(tenant: &Tenant, documents: &[Value]) -> Vec<What> {
        let expected = ExpectedLinks::of(tenant, Relationship::named("groups-members"));
        link_differences(&expected, documents).into_iter().map(|difference| difference.what).collect()
    }

    #[test]
    fn a_missing_link_and_one_too_many_are_differences() {
        let mut tenant = Tenant::seeded(2, 1);
        let [a, b] = tenant.ids("users").try_into().unwrap();
        let (group, nested) = (tenant.create("groups"), tenant.create("groups"));
        tenant.link("groups-members", &group, &a);
        tenant.link("groups-members", &group, &nested);
        tenant.link("groups-owners", &group, &b);
        let documents = [document(&tenant, &group, &a, "user"), document(&tenant, &group, &nested, "group")];
        assert_eq!(found(&tenant, &documents), []);
        assert_eq!(found(&tenant, &documents[..1]), [What::Missing]);
        tenant.remove("users", &a);
        assert_eq!(found(&tenant, &documents), [], "a soft delete ends no membership");
        assert_eq!(found(&tenant, &documents[1..]), [What::Missing]);
        tenant.purge("users", &a);
        assert_eq!(found(&tenant, &documents), [What::Extra]);
        let mut tombstone = documents[0].clone();
        tombstone["_mirror"]["removed"] = json!({"reason": "deleted"});
        assert_eq!(found(&tenant, &[tombstone, documents[1].clone()]), []);
        assert_eq!(ExpectedLinks::of(&tenant, Relationship::named("groups-members")).count(), 1);
    }

    #[test]
    fn links_of_a_removed_group_may_stay_or_go_and_are_back_with_it() {
        let mut tenant = Tenant::seeded(1, 1);
        let (user, group) = (tenant.ids("users")[0].clone(), tenant.create("groups"));
        tenant.link("groups-members", &group, &user);
        let documents = [document(&tenant, &group, &user, "user")];
        tenant.remove("groups", &group);
        assert_eq!((found(&tenant, &documents), found(&tenant, &[])), (vec![], vec![]));
        tenant.restore("groups", &group);
        assert_eq!((found(&tenant, &documents), found(&tenant, &[])), (vec![], vec![What::Missing]));
        tenant.purge("groups", &group);
        assert_eq!((found(&tenant, &documents), found(&tenant, &[])), (vec![What::Extra], vec![]));
    }

    #[test]
    fn a_wrong_type_a_wrong_parent_and_a_foreign_property_are_told() {
        let mut tenant = Tenant::seeded(1, 1);
        let (user, group) = (tenant.ids("users")[0].clone(), tenant.create("groups"));
        tenant.link("groups-members", &group, &user);
        let mut wrong = document(&tenant, &group, &user, "group");
        wrong["_mirror"]["parent"] = json!(user);
        wrong["@removed"] = Value::Null;
        let expected = ExpectedLinks::of(&tenant, Relationship::named("groups-members"));
        let named: Vec<_> = link_differences(&expected, &[wrong]).iter().map(ToString::to_string).collect();
        let id = format!("groups-members/{group}|{user}");
        assert_eq!(
            named,
            [
                format!("{id}: targetType is \"user\" in the tenant, \"group\" in the copy"),
                format!("{id}: @removed is absent in the tenant, null in the copy"),
                format!("{id}: _mirror.parent is \"{user}\" in the copy"),
            ]
        );
    }
}
