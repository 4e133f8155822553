//! Hiding objects from one enumeration: only such as are in the copy with all their links, since nobody could know of others.

use std::collections::BTreeSet;

use fastrand::Rng;

use super::below::is_below;
use crate::copy::Difference;
use crate::world::World;

/// The next enumeration of each feed does not show so many percent of its objects, but at least one; says which.
pub(super) async fn hide(world: &World, percent: usize, seed: u64) -> Vec<String> {
    let random = &mut Rng::with_seed(seed);
    let differences = world.differences().await;
    // A link is named by both its ends.
    let differing: BTreeSet<_> =
        differences.iter().flat_map(|one| Difference::id(one).split('|')).map(str::to_owned).collect();
    let mut all = Vec::new();
    // What comes back with its parent is in no copy, so nobody could know what is hidden then.
    for feed in world.feeds().iter().copied().filter(|feed| !is_below(feed)) {
        let mut ids: Vec<String> = world.graph.tenant(|tenant| {
            let objects = tenant.collection(feed);
            objects.living().map(|(id, _)| id.clone()).filter(|id| !differing.contains(id)).collect()
        });
        random.shuffle(&mut ids);
        ids.truncate((ids.len() * percent / 100).max(1));
        world.graph.hide(feed, ids.iter().cloned());
        all.append(&mut ids);
    }
    all
}
