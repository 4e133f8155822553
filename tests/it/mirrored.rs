//! The function folders say what is mirrored.

use std::fs;
use std::path::Path;

use sandbox::world::{Setup, WORK_QUEUE, World};
use serde_json::Value;

use crate::stage::{setup, staged};

/// A deployable folder of one's own.
fn folder() -> tempfile::TempDir {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let (from, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
            if from.is_dir() {
                copy(&from, &to);
            } else {
                fs::copy(from, to).unwrap();
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    copy(staged(), folder.path());
    folder
}

async fn resources(world: &World) -> Vec<String> {
    let status = world.call("GET", "/api/status", "").await.unwrap().body;
    let name = |one: &Value| one["resource"].as_str().unwrap().to_owned();
    status.as_array().unwrap().iter().map(name).collect()
}

#[tokio::test]
async fn what_has_no_function_is_not_mirrored_and_its_subscription_ends() {
    let folder = folder();
    let setup = Setup { root: folder.path().to_owned(), notified: true, ..setup() };
    let world = World::start(setup.set("RELOOK_SECONDS", "0")).await.unwrap();
    assert_eq!(
        world.keep_subscriptions().await.unwrap(),
        "subscriptions: created users, groups; extended none; 0 ended; failed none"
    );
    world.host.pump(WORK_QUEUE).await.unwrap();
    assert_eq!(resources(&world).await, ["devices", "users", "groups"]);

    fs::remove_dir_all(folder.path().join("sync_groups")).unwrap();
    let world = world.reconfigured("DOUBT_MINUTES", "1").await.unwrap();
    assert_eq!(resources(&world).await, ["devices", "users"]);
    assert_eq!(world.call("POST", "/api/refresh/groups", "").await.unwrap().status, 404);
    assert_eq!(
        world.keep_subscriptions().await.unwrap(),
        "subscriptions: created none; extended none; 1 ended; failed none"
    );
    let left: Vec<_> = world.graph.subscriptions().into_iter().map(|one| one.feed).collect();
    assert_eq!(left, ["users"]);
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();
}
