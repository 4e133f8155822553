//! Random stories: one thing after another happens to the tenant, the same for the same seed.

use fastrand::Rng;
use serde_json::Value;

use super::{Life, Tenant, seed};
use crate::graph::{collection::Change, relationship::Relationship, row::Row};

/// Does one random thing to one random object of a collection, or to a link of one, and says what it was.
///
/// # Panics
/// Never: something is always done.
pub fn random_change(tenant: &mut Tenant, collection: &'static str, random: &mut Rng) -> Change {
    match collection {
        "users" => return user_change(tenant, random),
        "groups" => return group_change(tenant, random),
        _ => {}
    }
    let living = random.choice(tenant.collection(collection).ids(Life::Living)).cloned();
    let removed = random.choice(tenant.collection(collection).ids(Life::Removed)).cloned();
    let before = tenant.collection(collection).position();
    let number = tenant.born;
    match (random.u8(..100), living, removed) {
        (0..10, Some(id), _) => tenant.remove(collection, &id),
        (10..15, _, Some(id)) | (15..18, Some(id), _) => tenant.purge(collection, &id),
        (18..25, _, Some(id)) => tenant.restore(collection, &id),
        (25..70, Some(id), _) => {
            let patch = seed::patch_of(Row::of(collection), number, random);
            tenant.change(collection, &id, Value::Object(patch))
        }
        (70..90, Some(id), _) => {
            if let Some(change) = link_at_random(tenant, collection, &id, random) {
                return change;
            }
            false
        }
        _ => false,
    };
    if tenant.collection(collection).position() == before {
        tenant.create(collection);
    }
    tenant.collection(collection).last().expect("something was done").clone()
}

/// Links an object to another one or another one to it, or ends such a link.
fn link_at_random(tenant: &mut Tenant, collection: &str, id: &str, random: &mut Rng) -> Option<Change> {
    let touches =
        |one: &Relationship| one.of() == collection || one.to().iter().any(|name| name == collection);
    let relationship = random.choice(Relationship::all().filter(touches).collect::<Vec<_>>())?;
    let (source, target) = if relationship.of() == collection {
        let to = random.choice(relationship.to())?;
        (id.to_owned(), random.choice(tenant.ids(to))?)
    } else {
        (random.choice(tenant.ids(relationship.of()))?, id.to_owned())
    };
    let done = tenant.link(relationship, &source, &target) || tenant.unlink(relationship, &source, &target);
    done.then(|| tenant.collection(relationship.of()).last().cloned()).flatten()
}

/// Does one random thing to one random user, and says what it was. Users may lose links by it; none is made.
///
/// # Panics
/// Never: something is always done.
fn user_change(tenant: &mut Tenant, random: &mut Rng) -> Change {
    let living = random.choice(tenant.collection("users").ids(Life::Living)).cloned();
    let removed = random.choice(tenant.collection("users").ids(Life::Removed)).cloned();
    match (random.u8(..100), living, removed) {
        (0..10, Some(id), _) => tenant.remove("users", &id),
        (10..15, _, Some(id)) | (15..18, Some(id), _) => tenant.purge("users", &id),
        (18..25, _, Some(id)) => tenant.restore("users", &id),
        (25..85, Some(id), _) => {
            tenant.change("users", &id, Value::Object(seed::patch_of(Row::of("users"), 0, random)))
        }
        _ => !tenant.create("users").is_empty(),
    };
    tenant.collection("users").last().expect("something was done").clone()
}

/// Does one random thing to one random group, or to a link of a group or a user, and says what it was.
///
/// # Panics
/// Never: something is always done.
fn group_change(tenant: &mut Tenant, random: &mut Rng) -> Change {
    let before = tenant.collection("groups").position();
    let group = random.choice(tenant.collection("groups").ids(Life::Living)).cloned();
    let (chance, done) = (random.u8(..100), group.is_some());
    let done = done && try_change(tenant, chance, &group.unwrap_or_default(), random);
    if !done {
        tenant.create("groups");
    }
    let log = if tenant.collection("groups").position() > before {
        tenant.collection("groups")
    } else {
        tenant.collection("users")
    };
    log.last().expect("something was done").clone()
}

/// False when there is nothing that it could be done to.
fn try_change(tenant: &mut Tenant, chance: u8, group: &str, random: &mut Rng) -> bool {
    let mut any = |ids: Vec<String>| random.choice(ids).unwrap_or_default();
    let removed = tenant.collection("groups").ids(Life::Removed).into_iter().cloned().collect();
    match chance {
        0..4 => tenant.remove("groups", group),
        4..6 => tenant.purge("groups", group),
        6..8 => tenant.purge("groups", &any(removed)),
        8..13 => tenant.restore("groups", &any(removed)),
        13..35 => tenant.link("groups-members", group, &any(tenant.ids("users"))),
        35..40 => tenant.link("groups-members", group, &any(tenant.ids("groups"))),
        40..54 => tenant.unlink("groups-members", group, &any(tenant.targets("groups-members", group))),
        54..61 => tenant.link("groups-owners", group, &any(tenant.ids("users"))),
        61..66 => tenant.unlink("groups-owners", group, &any(tenant.targets("groups-owners", group))),
        66..78 => tenant.link("users-manager", &any(tenant.ids("users")), &any(tenant.ids("users"))),
        78..84 => {
            let user = any(tenant.ids("users"));
            let manager = tenant.targets("users-manager", &user).pop();
            manager.is_some_and(|manager| tenant.unlink("users-manager", &user, &manager))
        }
        84..97 => tenant.change("groups", group, Value::Object(seed::patch_of(Row::of("groups"), 0, random))),
        _ => false,
    }
}
