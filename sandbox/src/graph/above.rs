//! The objects above those that a path asks for: found by their names, living, and not refused.

use super::{answer::Answer, key, route::Named, row::Row, world::World};

/// What the keys of a path's objects begin with.
pub(super) fn above(world: &World, feed: &Row, named: &[Named]) -> Result<String, Answer> {
    let rows = feed.parents();
    let Some(direct) = rows.last() else { return Ok(String::new()) };
    let name = |row: &Row| named.iter().find(|(name, _)| *name == row.name).map(|(_, id)| id.as_str());
    let ids = match rows.iter().map(|row| name(row)).collect::<Option<Vec<_>>>() {
        Some(names) => {
            let found = world.found(rows[0], names[0]);
            std::iter::once(found).chain(names[1..].iter().map(|name| (*name).to_owned())).collect()
        }
        // The path names the last ones only: drives are known without their sites.
        None => {
            let key = world.tenant.key(&direct.name, name(direct).unwrap_or_default());
            let mut ids = key::above(direct, &key);
            ids.push(key::id(direct, &key));
            ids
        }
    };
    if ids.len() != rows.len() {
        return Err(Answer::gone(feed, direct, name(direct).unwrap_or_default()));
    }
    for (depth, row) in rows.iter().enumerate() {
        let key = match depth {
            0 => ids[0].clone(),
            _ => key::chain(ids[..=depth].iter().map(String::as_str)),
        };
        if world.tenant.collection(&row.name).get(&key).is_none() {
            return Err(Answer::gone(feed, row, &ids[depth]));
        }
    }
    if let Some(refusal) = world.tenant.refusal(feed, &ids) {
        return Err(Answer::error(refusal.status, &refusal.code, &refusal.message));
    }
    Ok(format!("{}/", key::chain(ids.iter().map(String::as_str))))
}
