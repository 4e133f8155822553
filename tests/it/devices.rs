//! Devices are a row of the catalogue and no line of Rust. They are copied, changed, removed, verified, and members of
//! groups.

use sandbox::world::{Setup, World};
use serde_json::{Value, json};

use crate::command_line::{run, stdout};
use crate::stage::hasty;

async fn copied() -> World {
    let world = World::start(Setup { groups: 6, objects: vec![("devices", 30)], ..hasty() }).await.unwrap();
    assert!(world.feeds().contains(&"devices"));
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    world
}

#[tokio::test]
async fn devices_are_copied_changed_and_removed() {
    let world = copied().await;
    let documents = world.cosmos.documents("devices").await;
    assert_eq!(documents.len(), 30);
    world.cosmos.reset_log();
    world.settle().await.unwrap();
    assert_eq!(world.document_writes(), [], "a second run writes no document");
    let [changed, removed] = world.graph.tenant(|tenant| {
        let [changed, removed] = [0, 1].map(|place| tenant.ids("devices")[place].clone());
        tenant.change("devices", &changed, json!({ "displayName": "renamed", "isCompliant": null }));
        tenant.remove("devices", &removed);
        tenant.create("devices");
        [changed, removed]
    });
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    let documents = world.cosmos.documents("devices").await;
    let document = |id: &str| documents.iter().find(|document| document["id"] == id).unwrap();
    assert_eq!(documents.len(), 31);
    assert_eq!(document(&changed)["displayName"], "renamed");
    assert_eq!(document(&removed)["_mirror"]["removed"]["reason"], "changed");
}

async fn members(world: &World, device: &str) -> Vec<Value> {
    let links = world.cosmos.documents("groups-members").await;
    let of_device = links.into_iter().filter(|link| link["targetId"] == device);
    of_device.filter(|link| link["_mirror"]["removed"].is_null()).collect()
}

#[tokio::test]
async fn a_group_has_device_members_until_they_leave_or_are_deleted() {
    let world = copied().await;
    let [left, deleted] = world.graph.tenant(|tenant| {
        let group = tenant.ids("groups")[0].clone();
        let devices = [tenant.create("devices"), tenant.create("devices")];
        assert!(devices.iter().all(|device| tenant.link("groups-members", &group, device)));
        devices
    });
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    for device in [&left, &deleted] {
        let [member] = &members(&world, device).await[..] else { panic!("{device} is one member") };
        assert_eq!(member["targetType"], "device");
    }
    world.graph.tenant(|tenant| {
        let group = tenant.ids("groups")[0].clone();
        assert!(tenant.unlink("groups-members", &group, &left) && tenant.purge("devices", &deleted));
    });
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    for device in [&left, &deleted] {
        assert_eq!(members(&world, device).await, [Value::Null; 0]);
    }
}

#[tokio::test]
async fn verify_finds_no_difference_in_devices_and_names_one_that_is_lost() {
    let world = copied().await;
    let verified = run(world.settings(), "verify devices").await.code(0);
    let said = stdout(&verified);
    assert!(said.starts_with("devices: 0 differences; 30 objects and 0 links"), "{said}");
    let lost = world.graph.tenant(|tenant| tenant.ids("devices")[0].clone());
    world.cosmos.delete("devices", &lost, &lost).await.unwrap();
    let said = stdout(&run(world.settings(), "verify devices").await.code(3));
    assert!(said.contains(&format!("devices: {lost} is not in the copy")), "{said}");
}
