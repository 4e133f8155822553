//! A collection that is only a row: devices, and members of all kinds.

use super::{mirror::Mirror, *};

async fn with_devices() -> Setup {
    let tenant = with_groups(Tenant::seeded(12, 7), 6);
    let more = [("servicePrincipals", 4), ("orgContacts", 4), ("devices", 30)];
    let mut tenant = more.iter().fold(tenant, |tenant, (name, count)| with(tenant, name, *count));
    let groups = tenant.ids("groups");
    tenant.link("groups-members", &groups[0], &groups[1]);
    let mut setup = Setup::with(tenant, Options { page_size: 4, ..Options::default() }).await;
    setup.identity.set_roles(&[
        "Device.Read.All",
        "Group.Read.All",
        "Application.Read.All",
        "Directory.Read.All",
    ]);
    setup.token = setup.identity.issue(setup.graph.endpoint());
    setup
}

fn url(setup: &Setup, path: &str) -> String {
    format!("{}/v1.0/{path}", setup.graph.endpoint())
}

#[tokio::test]
async fn a_collection_that_is_only_a_row_has_a_feed_lists_and_objects() {
    let setup = with_devices().await;
    let select = Row::of("devices").properties.join(",");
    let mut mirror = Mirror::new("devices", true);
    let (pages, mut link) = setup.walk(&url(&setup, &format!("devices/delta?$select={select}"))).await;
    assert!(pages.len() > 6);
    pages.iter().for_each(|page| mirror.apply(page));
    assert_eq!(setup.graph.tenant(|tenant| mirror.differences(tenant)), []);
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..10 {
        setup.graph.tenant(|tenant| {
            (0..10).for_each(|_| drop(random_change(tenant, "devices", &mut random)));
        });
        let (pages, next) = setup.walk(&link).await;
        pages.iter().for_each(|page| mirror.apply(page));
        assert_eq!(setup.graph.tenant(|tenant| mirror.differences(tenant)), []);
        link = next;
    }
    let id = setup.graph.tenant(|tenant| tenant.ids("devices")[0].clone());
    let got = setup.get(&url(&setup, &format!("devices/{id}?$select=id,displayName,deviceId"))).await;
    assert_eq!(got.body["id"], id.as_str());
    let list = setup.get(&url(&setup, "devices?$top=3")).await.body;
    assert_eq!(list["value"].as_array().map(Vec::len), Some(3));
    let owners = setup.get(&url(&setup, &format!("devices/{id}/registeredOwners?$select=id"))).await;
    assert_eq!(owners.status, 200, "{}", owners.body);
    let refused = url(&setup, "devices/delta?$select=id,registeredOwners");
    assert_eq!(setup.code(&refused).await.0, 400, "delta query does not track them");
    assert_eq!(
        setup.code(&url(&setup, "places/microsoft.graph.room")).await.0,
        403,
        "each row has readers of its own"
    );
}

#[tokio::test]
async fn members_of_every_kind_are_told_with_their_type() {
    let setup = with_devices().await;
    let (pages, _) = setup.walk(&setup.groups("id,members")).await;
    let told = pages.concat().iter().map(|group| group["members@delta"].to_string()).collect::<String>();
    for kind in ["user", "group", "device", "servicePrincipal", "orgContact"] {
        assert!(told.contains(&format!("\"#microsoft.graph.{kind}\"")), "{kind}");
    }
    let listed = setup.graph.tenant(|tenant| {
        let links = tenant.links(Relationship::named("groups-members"));
        links.into_iter().find(|link| link.target_type == "device").unwrap().source
    });
    let members = setup.get(&url(&setup, &format!("groups/{listed}/members?$select=id"))).await.body;
    assert!(members.to_string().contains("#microsoft.graph.device"));
}

#[tokio::test]
async fn a_collection_without_a_feed_is_read_by_id_and_has_no_delta_query() {
    let setup = with_devices().await;
    let id = setup.graph.tenant(|tenant| tenant.ids("servicePrincipals")[0].clone());
    assert_eq!(setup.get(&url(&setup, &format!("servicePrincipals/{id}"))).await.body["id"], id.as_str());
    let none = (400, "Request_UnsupportedQuery".to_owned());
    assert_eq!(setup.code(&url(&setup, "directoryRoleTemplates/delta")).await, none);
    assert_eq!(setup.code(&url(&setup, "identity/conditionalAccess/policies")).await.0, 403);
}

#[tokio::test]
async fn a_device_that_is_purged_is_told_and_leaves_its_groups() {
    let setup = with_devices().await;
    let (_, delta) = setup.walk(&url(&setup, "devices/delta?$select=id,displayName")).await;
    setup.graph.quirks(|quirks| quirks.purges_reported = true);
    let (_, groups) = setup.walk(&setup.groups("id,members")).await;
    let (group, device) = setup.graph.tenant(|tenant| {
        let links = tenant.links(Relationship::named("groups-members"));
        let link = links.into_iter().find(|link| link.target_type == "device").unwrap();
        assert!(tenant.purge("devices", &link.target));
        (link.source, link.target)
    });
    let told = setup.walk(&delta).await.0.concat();
    assert_eq!(told, [json!({"id": device, "@removed": {"reason": "deleted"}})]);
    let told = setup.walk(&groups).await.0.concat();
    let group = told.iter().find(|one| one["id"] == group.as_str()).unwrap();
    assert_eq!(
        group["members@delta"],
        json!([{"@odata.type": "#microsoft.graph.device", "id": device, "@removed": {"reason": "deleted"}}])
    );
}
