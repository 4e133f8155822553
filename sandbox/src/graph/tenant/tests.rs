//! What can be done to a tenant, and what is left of it at every position of its log.

use fastrand::Rng;
use serde_json::{Value, json};

use super::*;

#[test]
fn a_user_is_created_changed_removed_restored_and_purged() {
    let mut tenant = Tenant::seeded(1, 1);
    let id = tenant.create("users");
    assert!(tenant.change("users", &id, json!({"jobTitle": null})));
    assert_eq!(tenant.get("users", &id).unwrap()["jobTitle"], Value::Null);
    assert!(tenant.remove("users", &id) && tenant.get("users", &id).is_none());
    assert!(!tenant.change("users", &id, json!({"city": "Ulm"})));
    assert!(tenant.restore("users", &id) && tenant.get("users", &id).is_some());
    assert!(tenant.purge("users", &id) && !tenant.restore("users", &id));
    assert_eq!(tenant.collection("users").changes(1, tenant.collection("users").position()).len(), 5);
}

#[test]
fn the_past_can_be_read_at_every_position() {
    let mut tenant = Tenant::seeded(1, 1);
    let id = tenant.create("users");
    tenant.change("users", &id, json!({"city": "Ulm"}));
    tenant.remove("users", &id);
    tenant.restore("users", &id);
    tenant.change("users", &id, json!({"city": "Bern"}));
    let entry = tenant.collection("users").entry(&id).unwrap();
    let lives: Vec<_> = (0..=6).map(|position| entry.at(position).map(|(life, _)| life)).collect();
    let (living, removed) = (Some(Life::Living), Some(Life::Removed));
    assert_eq!(lives, [None, None, living, living, removed, living, living]);
    assert_eq!(entry.at(5).unwrap().1["city"], "Ulm");
    assert_eq!(entry.at(6).unwrap().1["city"], "Bern");
    assert_eq!(entry.older_at(6).unwrap()["city"], "Ulm");
    assert_eq!(entry.older_at(2), None);
}

#[test]
fn a_seeded_tenant_has_absent_and_null_properties_and_a_realistic_size() {
    let tenant = Tenant::seeded(200, 3);
    let users: Vec<_> = tenant.collection("users").living().map(|(_, user)| user).collect();
    assert!(users.iter().any(|user| user.get("jobTitle") == Some(&Value::Null)));
    assert!(users.iter().any(|user| user.get("jobTitle").is_none()));
    assert!(users.iter().all(|user| user.keys().all(|name| Row::of("users").has(name))));
    let bytes: usize = users.iter().map(|user| serde_json::to_vec(user).unwrap().len()).sum();
    assert!((1_100..1_800).contains(&(bytes / users.len())), "{} bytes on average", bytes / users.len());
}

fn named(container: &str) -> Relationship {
    Relationship::named(container)
}

#[test]
fn a_soft_delete_keeps_the_links_and_a_purge_ends_them_in_both_directions() {
    let mut tenant = Tenant::seeded(3, 1);
    let [a, b, c] = tenant.ids("users").try_into().unwrap();
    let (group, nested) = (tenant.create("groups"), tenant.create("groups"));
    assert!(tenant.link("groups-members", &group, &a) && tenant.link("groups-members", &group, &nested));
    assert!(
        tenant.link("groups-owners", &group, &b)
            && !tenant.link("groups-owners", &group, &b)
            && !tenant.link("groups-owners", &group, &nested)
    );
    assert!(
        !tenant.link("groups-members", &group, &group) && !tenant.link("groups-members", &group, "nobody")
    );
    assert!(
        tenant.link("users-manager", &a, &b)
            && tenant.link("users-manager", &a, &c)
            && tenant.link("users-manager", &b, &a)
    );
    assert_eq!(
        (tenant.targets("users-manager", &a).pop(), tenant.links(named("users-manager")).len()),
        (Some(c.clone()), 2)
    );

    assert!(tenant.remove("users", &a) && tenant.remove("groups", &group));
    assert_eq!(
        (tenant.targets("groups-members", &group).len(), tenant.targets("users-manager", &a).pop()),
        (2, Some(c.clone()))
    );
    assert!(tenant.links(named("groups-owners"))[0].dormant);
    assert!(!tenant.unlink("groups-members", &group, &a) && !tenant.unlink("users-manager", &a, &c));
    assert!(tenant.restore("groups", &group) && tenant.purge("users", &a));
    assert_eq!(
        (
            tenant.targets("groups-members", &group),
            tenant.targets("users-manager", &a).pop(),
            tenant.targets("users-manager", &b).pop()
        ),
        (vec![nested.clone()], None, None)
    );
    assert!(tenant.purge("groups", &nested) && tenant.targets("groups-members", &group).is_empty());
    assert!(tenant.purge("groups", &group) && tenant.links(named("groups-owners")).is_empty());
}

#[test]
fn groups_are_seeded_on_request_and_the_users_stay_the_same() {
    let (plain, grouped) = (Tenant::seeded(100, 3), with_groups(Tenant::seeded(100, 3), 40));
    assert!(plain.collection("users").living().eq(grouped.collection("users").living()));
    let sizes: Vec<_> =
        grouped.ids("groups").iter().map(|id| grouped.targets("groups-members", id).len()).collect();
    assert!(sizes.contains(&0) && sizes.iter().any(|size| *size > 20), "{sizes:?}");
    let members = grouped.links(named("groups-members"));
    assert!(members.iter().any(|link| link.target_type == "group"));
    assert!(
        !grouped.links(named("groups-owners")).is_empty() && grouped.links(named("users-manager")).len() > 50
    );
    let again = with_groups(Tenant::seeded(100, 3), 40);
    assert!(
        again.collection("groups").living().eq(grouped.collection("groups").living())
            && again.links(named("groups-members")) == members
    );
}

#[test]
fn the_same_seed_gives_the_same_tenant_and_the_same_story() {
    let story = |seed| {
        let mut tenant = Tenant::seeded(20, seed);
        let mut random = Rng::with_seed(seed);
        let changes: Vec<_> = (0..100).map(|_| random_change(&mut tenant, "users", &mut random)).collect();
        (changes, tenant.collection("users").living().map(|(_, user)| user.clone()).collect::<Vec<_>>())
    };
    assert_eq!(story(7), story(7));
    assert_ne!(story(7), story(8));
}

#[test]
fn a_story_of_groups_is_the_same_for_the_same_seed_and_has_everything_in_it() {
    let story = |seed| {
        let mut tenant = Tenant::seeded(20, seed);
        let mut random = Rng::with_seed(seed);
        let changes: Vec<_> = (0..400).map(|_| random_change(&mut tenant, "groups", &mut random)).collect();
        let relationships = ["users", "groups"].into_iter().flat_map(Relationship::tracked_by);
        (changes, relationships.map(|one| tenant.links(one)).collect::<Vec<_>>())
    };
    let (changes, links) = story(7);
    assert_eq!((changes.clone(), links.clone()), story(7));
    let kinds: std::collections::HashSet<_> =
        changes.iter().map(|change| std::mem::discriminant(&change.event)).collect();
    assert_eq!(kinds.len(), 7, "every kind of event");
    assert!(links.iter().all(|links| !links.is_empty()));
}

#[test]
fn one_user_may_own_several_devices_and_ends_as_an_owner_with_itself() {
    let mut tenant = Tenant::seeded(1, 1);
    let user = tenant.ids("users")[0].clone();
    let devices = [tenant.create("devices"), tenant.create("devices")];
    for device in &devices {
        assert_eq!(tenant.create_under("deviceRegisteredOwners", &[device]), user);
    }
    assert_eq!(tenant.ids("deviceRegisteredOwners"), [user.clone(), user.clone()]);
    let other = tenant.create_under("deviceRegisteredOwners", &[&devices[0]]);
    assert_ne!(other, user, "nobody owns a device twice");
    assert!(tenant.purge("users", &user));
    assert_eq!(tenant.ids("deviceRegisteredOwners"), [other]);
}

#[test]
fn an_object_moves_below_another_one_and_keeps_its_id() {
    let mut tenant = Tenant::seeded(2, 1);
    let [one, other] = tenant.ids("users").try_into().unwrap();
    let folders = [&one, &other].map(|user| tenant.create_under("contactFolders", &[user]));
    let contact = tenant.create_under("contacts", &[&one, &folders[0]]);
    assert!(tenant.move_under("contacts", &contact, &[&other, &folders[1]]));
    assert_eq!(tenant.parents_of("contacts", &contact), [other.clone(), folders[1].clone()]);
    assert_eq!(tenant.get("contacts", &contact).unwrap()["parentFolderId"], folders[1].as_str());
    assert_eq!(tenant.ids_under("contacts", &[&one, &folders[0]]), [""; 0]);
    assert!(!tenant.move_under("contacts", "nobody", &[&other, &folders[1]]));
}
