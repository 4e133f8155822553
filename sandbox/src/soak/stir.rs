//! What happens to objects besides users and groups: they come, change, move and go, and so do the parents above them.

use fastrand::Rng;
use serde_json::{Value, json};

use super::beside::Beside;
use crate::graph::{Life, Refusal, Row, Tenant, key};

/// So many things happen at a time.
const MOST: usize = 6;
/// Objects of one collection at most, so that a history ends.
const CROWD: usize = 12;
/// Parents below users and sites at most: each one is a feed.
const PARENTS: usize = 4;
/// What arrives late is younger than the overlap of its row, and what is older than that does not change.
const LATE: i64 = 150;

/// Lets a few random things happen.
pub(super) fn stir(tenant: &mut Tenant, beside: Beside, random: &mut Rng) {
    for _ in 0..random.usize(1..MOST) {
        match beside {
            Beside::List => any(tenant, "roleDefinitions", "description", CROWD, random),
            Beside::Window => log(tenant, random),
            Beside::Mail => mail(tenant, random),
            Beside::Drives => match random.u8(..20) {
                0..11 => any(tenant, "driveItems", "name", CROWD, random),
                11..14 => lay(tenant, random),
                14..18 => any(tenant, "drives", "description", PARENTS, random),
                _ => any(tenant, "sites", "description", PARENTS, random),
            },
        }
    }
}

/// Requests for a mailbox are refused from now on.
pub(super) fn refuse(tenant: &mut Tenant, random: &mut Rng) {
    let refusal = if random.bool() { Refusal::no_mailbox() } else { Refusal::forbidden().by("outlook") };
    if let Some(user) = random.choice(tenant.ids("users")) {
        tenant.refuse_below(&user, Some(refusal));
    }
}

/// Nothing is refused any more.
pub(super) fn answer(tenant: &mut Tenant) {
    let all = tenant.collection("users").entries().map(|(id, _)| id.clone()).collect::<Vec<_>>();
    all.iter().for_each(|user| tenant.refuse_below(user, None));
}

/// One object comes, changes, goes or comes back.
fn any(tenant: &mut Tenant, name: &'static str, property: &str, most: usize, random: &mut Rng) {
    let keys = keys(tenant, name);
    let Some(one) = random.choice(&keys) else { return drop(tenant.create(name)) };
    match random.u8(..10) {
        0 | 1 if keys.len() < most => drop(tenant.create(name)),
        2 => drop(tenant.purge(name, one)),
        3 if !Row::of(name).is_below() => come_back(tenant, name, random),
        _ => set(tenant, name, one, property, random),
    }
}

/// An item lies in another one of its drive from now on, and goes with it.
fn lay(tenant: &mut Tenant, random: &mut Rng) {
    let keys = keys(tenant, "driveItems");
    let Some(one) = random.choice(&keys) else { return };
    let above = one.rsplit_once('/').map(|(above, _)| above);
    let beside =
        keys.iter().filter(|key| *key != one && key.rsplit_once('/').map(|(above, _)| above) == above);
    if let Some(folder) = random.choice(beside.collect::<Vec<_>>()) {
        let id = key::id(Row::of("driveItems"), folder);
        tenant.change("driveItems", one, json!({"parentReference": {"id": id}}));
    }
}

/// What is gone is there again, with the same id.
fn come_back(tenant: &mut Tenant, name: &'static str, random: &mut Rng) {
    let gone = tenant.collection(name).entries().filter(|(_, entry)| entry.life == Life::Purged);
    let gone: Vec<_> = gone.map(|(_, entry)| entry.properties.clone()).collect();
    if let Some(object) = random.choice(gone) {
        tenant.insert(name, Value::Object(object));
    }
}

/// Something is logged, at once or late, or an entry that is young changes.
fn log(tenant: &mut Tenant, random: &mut Rng) {
    let oldest = tenant.clock().text(LATE);
    let all = tenant.collection("signIns").living();
    let young = all.filter(|(_, object)| object["createdDateTime"].as_str() > Some(&*oldest));
    let young: Vec<_> = young.map(|(id, _)| id.clone()).collect();
    match (random.u8(..10), random.choice(&young)) {
        (0..5, Some(id)) => set(tenant, "signIns", id, "appDisplayName", random),
        (0..8, _) => drop(tenant.create_ago("signIns", random.i64(0..LATE))),
        _ => drop(tenant.create("signIns")),
    }
}

/// Something happens to a message, to a mail folder, or to the user of a mailbox.
fn mail(tenant: &mut Tenant, random: &mut Rng) {
    let (folders, messages) = (keys(tenant, "mailFolders"), keys(tenant, "messages"));
    let (folder, message) = (random.choice(&folders), random.choice(&messages));
    match (random.u8(..40), folder, message) {
        (0..8, Some(folder), _) if messages.len() < CROWD => {
            let above = chain("mailFolders", folder);
            tenant.create_under("messages", &above.iter().map(String::as_str).collect::<Vec<_>>());
        }
        (0..18, _, Some(message)) => {
            let property = ["subject", "changeKey", "importance"][random.usize(..3)];
            set(tenant, "messages", message, property, random);
        }
        (18..26, Some(folder), Some(message)) => {
            let above = chain("mailFolders", folder);
            tenant.move_under("messages", message, &above.iter().map(String::as_str).collect::<Vec<_>>());
        }
        (26..29, _, Some(message)) => drop(tenant.purge("messages", message)),
        (29..31, Some(folder), _) => drop(tenant.purge("mailFolders", folder)),
        (31..34, Some(folder), _) => set(tenant, "mailFolders", folder, "displayName", random),
        (34..37, ..) => owner(tenant, random),
        _ if folders.len() < PARENTS && !tenant.ids("users").is_empty() => drop(tenant.create("mailFolders")),
        _ => {}
    }
}

/// A user goes, with a mailbox perhaps, or comes back.
fn owner(tenant: &mut Tenant, random: &mut Rng) {
    let gone = tenant.collection("users").entries().filter(|(_, entry)| entry.life == Life::Removed);
    let gone: Vec<_> = gone.map(|(id, _)| id.clone()).collect();
    let user = keys(tenant, "mailFolders").first().map(|folder| chain("mailFolders", folder).swap_remove(0));
    match (random.u8(..4), user, random.choice(gone)) {
        (0 | 1, _, Some(gone)) => drop(tenant.restore("users", &gone)),
        (2, Some(user), _) => drop(tenant.purge("users", &user)),
        (_, Some(user), _) => drop(tenant.remove("users", &user)),
        _ => {}
    }
}

/// A list that shows null where there was nothing before says nothing new, so null comes only after a value.
fn set(tenant: &mut Tenant, name: &str, one: &str, property: &str, random: &mut Rng) {
    let has_one = tenant.get(name, one).is_some_and(|object| object.contains_key(property));
    let value = match random.u8(..6) {
        0 if has_one => Value::Null,
        _ => json!(format!("{property} {}", random.u16(..))),
    };
    tenant.change(name, one, json!({ property: value }));
}

/// The keys of the objects above which everything lives.
fn keys(tenant: &Tenant, name: &'static str) -> Vec<String> {
    tenant.living(name).map(|(key, _)| key.clone()).collect()
}

/// The ids above an object and its own.
fn chain(name: &'static str, one: &str) -> Vec<String> {
    let row = Row::of(name);
    let mut ids = key::above(row, one);
    ids.push(key::id(row, one));
    ids
}
