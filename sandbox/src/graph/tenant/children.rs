//! Objects that lie below others: their keys, whether everything above them lives, and what goes with an object.

use serde_json::json;

use super::Tenant;
use crate::graph::{
    collection::{Event, Life, Object},
    key,
    row::Row,
};

/// The key of an object that is named by its id or its key; of several with one id, that of a living one.
pub(super) fn key_of(tenant: &Tenant, row: &Row, name: &str) -> String {
    let all = tenant.collection(&row.name);
    if !row.is_below() || all.entry(name).is_some() {
        return name.to_owned();
    }
    let last = format!("/{}", key::chain([name]));
    let mut found = all.entries().filter(|(key, _)| key.ends_with(&last)).collect::<Vec<_>>();
    found.sort_by_key(|(_, entry)| entry.life != Life::Living);
    found.first().map_or_else(|| name.to_owned(), |(key, _)| (*key).clone())
}

/// The chain of the objects above, which are named by all their ids or by that of the last one.
///
/// # Panics
/// When the last one does not live.
pub(super) fn chain_of(tenant: &Tenant, row: &Row, parents: &[&str]) -> String {
    let rows = row.parents();
    let (Some(direct), Some(last)) = (rows.last(), parents.last()) else {
        panic!("{} need an object above", row.name)
    };
    let chain = match parents.len() == rows.len() {
        true => key::chain(parents.iter().copied()),
        false => key::prefix(direct, &key_of(tenant, direct, last)).trim_end_matches('/').to_owned(),
    };
    let key = if direct.is_below() { chain.clone() } else { (*last).to_owned() };
    assert!(tenant.collection(&direct.name).get(&key).is_some(), "{} {key} lives", direct.name);
    chain
}

/// Whether all objects above live.
pub(super) fn is_reachable(tenant: &Tenant, row: &Row, key: &str) -> bool {
    let ids = key::above(row, key);
    row.parents().iter().enumerate().all(|(depth, parent)| {
        let key = match depth {
            0 => ids[0].clone(),
            _ => key::chain(ids[..=depth].iter().map(String::as_str)),
        };
        tenant.collection(&parent.name).get(&key).is_some()
    })
}

/// Deletes for good what lies below an object that is gone, at any depth, and what lies in it.
pub(super) fn purge_below(tenant: &mut Tenant, row: &'static Row, gone: &str) {
    purge_references(tenant, row, gone);
    let prefix = key::prefix(row, gone);
    for child in Row::all().filter(|one| one.parents().iter().any(|parent| parent.name == row.name)) {
        let keys: Vec<_> =
            tenant.collection(&child.name).under(&prefix).map(|(key, _)| key.clone()).collect();
        for key in keys {
            tenant.all(&child.name).turn(&key, &[Life::Living, Life::Removed], Life::Purged, Event::Purged);
        }
    }
    let Some(inside) = &row.inside else { return };
    let above = gone.rsplit_once('/').map_or("", |(above, _)| above);
    let id = key::id(row, gone);
    let is_inside = |object: &Object| {
        let value = serde_json::Value::Object(object.clone());
        value.pointer(inside).is_some_and(|parent| *parent == *id)
    };
    let all = tenant.collection(&row.name).under(above);
    let lying = all.filter(|(_, entry)| entry.life == Life::Living && is_inside(&entry.properties));
    for key in lying.map(|(key, _)| key.clone()).collect::<Vec<_>>() {
        tenant.purge_as(&row.name, &key, Event::PurgedInside);
    }
}

/// An object of another collection that is not yet there below the same object: its id, its type and its name.
pub(super) fn reference(tenant: &mut Tenant, row: &Row, other: &str, parents: &[&str]) -> Object {
    let there = tenant.ids_under(&row.name, parents);
    let free = tenant.ids(other).into_iter().filter(|id| !there.contains(id)).collect::<Vec<_>>();
    let id = tenant.random.choice(free).unwrap_or_else(|| tenant.create(other));
    let name = tenant.get(other, &id).and_then(|object| object.get("displayName")).cloned();
    let kind = format!("#microsoft.graph.{}", Row::of(other).kind);
    let object = [("@odata.type", json!(kind)), ("id", json!(id)), ("displayName", name.unwrap_or_default())];
    object.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Ends the references to an object that is gone.
fn purge_references(tenant: &mut Tenant, row: &Row, gone: &str) {
    let last = format!("/{}", key::chain([gone]));
    for other in Row::all().filter(|one| one.refers_to.as_ref() == Some(&row.name)) {
        let all = tenant.collection(&other.name).entries();
        let keys: Vec<_> = all.filter(|(key, _)| key.ends_with(&last)).map(|(key, _)| key.clone()).collect();
        for key in keys {
            tenant.all(&other.name).turn(&key, &[Life::Living], Life::Purged, Event::Purged);
        }
    }
}

/// A living object above, any one; one is made if there is none.
pub(super) fn any_parent(tenant: &mut Tenant, row: &Row) -> Vec<String> {
    let Some(direct) = row.parents().pop() else { return Vec::new() };
    let reachable = |tenant: &Tenant| -> Vec<String> {
        let all = tenant.collection(&direct.name).living();
        all.filter(|(key, _)| is_reachable(tenant, direct, key)).map(|(key, _)| key.clone()).collect()
    };
    if reachable(tenant).is_empty() {
        tenant.create(&direct.name);
    }
    let all = reachable(tenant);
    let key = tenant.random.choice(&all).expect("one was made").clone();
    let mut above = key::above(direct, &key);
    above.push(key::id(direct, &key));
    above
}
