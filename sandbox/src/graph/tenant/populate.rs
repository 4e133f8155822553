//! Makes groups with their members, and objects of any other collection with links; the same seed gives the same ones.

use std::ops::RangeInclusive;

use super::Tenant;
use crate::graph::{relationship::Relationship, row::Row};

const A_DAY: i64 = 24 * 60;

/// With so many groups more, their members (users and a few groups) and owners, and a manager for most users.
#[must_use]
pub fn with_groups(mut tenant: Tenant, count: usize) -> Tenant {
    let users = tenant.ids("users");
    for (index, user) in users.iter().enumerate().skip(1) {
        if tenant.random.u8(..10) > 0 {
            tenant.link("users-manager", user, &users[(index - 1) / 8]);
        }
    }
    for _ in 0..count {
        let group = tenant.create("groups");
        populate(&mut tenant, &group, &users);
    }
    tenant
}

/// With so many objects of a collection more. Those that are read by time are of the last day. Where objects can be linked
/// to them, one in three is, to a few, and they themselves are linked to up to two others.
#[must_use]
pub fn with(mut tenant: Tenant, collection: &str, count: usize) -> Tenant {
    let is_by_time = Row::of(collection).window.is_some();
    let one = |_| {
        let minutes = if is_by_time { tenant.random.i64(0..A_DAY) } else { 0 };
        tenant.create_of(collection, minutes)
    };
    let new: Vec<_> = (0..count).map(one).collect();
    for relationship in Relationship::all() {
        let to: Vec<_> = relationship.to().iter().flat_map(|name| tenant.ids(name)).collect();
        if relationship.of() == collection {
            new.iter().for_each(|one| link_some(&mut tenant, relationship, one, &to, 0..=2));
        } else if relationship.to().iter().any(|name| name == collection) {
            for source in tenant.ids(relationship.of()) {
                if tenant.random.u8(..3) == 0 {
                    link_some(&mut tenant, relationship, &source, &new, 1..=3);
                }
            }
        }
    }
    tenant
}

fn link_some(
    tenant: &mut Tenant,
    relationship: Relationship,
    source: &str,
    targets: &[String],
    count: RangeInclusive<usize>,
) {
    for _ in 0..tenant.random.usize(count) {
        if let Some(target) = tenant.random.choice(targets) {
            tenant.link(relationship, source, target);
        }
    }
}

/// Most groups are small, one in eight is large.
fn populate(tenant: &mut Tenant, group: &str, users: &[String]) {
    let most = if tenant.random.u8(..8) == 0 { 60 } else { 12 };
    let members = tenant.random.usize(..=most.min(users.len()));
    for _ in 0..members {
        let member = any(tenant, users);
        tenant.link("groups-members", group, &member);
    }
    for _ in 0..tenant.random.usize(..=3.min(users.len())) {
        let owner = any(tenant, users);
        tenant.link("groups-owners", group, &owner);
    }
    if tenant.random.u8(..6) == 0 {
        let groups = tenant.ids("groups");
        let nested = any(tenant, &groups);
        tenant.link("groups-members", group, &nested);
    }
}

fn any(tenant: &mut Tenant, ids: &[String]) -> String {
    ids[tenant.random.usize(..ids.len())].clone()
}
