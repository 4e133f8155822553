//! Changes of the tenant between two chapters.

use serde_json::json;

use crate::world::World;

/// Changes so many users.
pub(super) fn change_some(world: &World, random: &mut fastrand::Rng, count: usize) {
    world.graph.tenant(|tenant| {
        let mut ids = tenant.ids("users");
        random.shuffle(&mut ids);
        for (number, id) in ids.iter().take(count).enumerate() {
            tenant.change("users", id, json!({"officeLocation": format!("Room {number}")}));
        }
    });
}
