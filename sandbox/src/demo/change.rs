//! What happens to the tenant between two chapters.

use serde_json::json;

use crate::world::World;

/// Changes so many users.
pub(super) fn change_some(world: &World, random: &mut fastrand::Rng, count: usize) {
    world.graph.tenant(|tenant| {
        let mut ids = tenant.user_ids();
        random.shuffle(&mut ids);
        for (number, id) in ids.iter().take(count).enumerate() {
            tenant.change_user(id, json!({"officeLocation": format!("Room {number}")}));
        }
    });
}
