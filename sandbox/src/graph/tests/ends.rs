//! Objects at the ends of links, both ways, and those that are deleted.

use super::*;

fn at(setup: &Setup, path: &str) -> String {
    format!("{}{path}", setup.graph.endpoint())
}

fn ids(page: &Value) -> Vec<&str> {
    page["value"].as_array().unwrap().iter().map(|object| object["id"].as_str().unwrap()).collect()
}

/// A user, whose manager is another one, in a group in a group; a third one is deleted.
fn tenant() -> (Tenant, [String; 3], [String; 2]) {
    let mut tenant = Tenant::seeded(3, 7);
    let users = <[String; 3]>::try_from(tenant.ids("users")).unwrap();
    let groups = [tenant.create("groups"), tenant.create("groups")];
    tenant.link("users-manager", &users[0], &users[1]);
    tenant.link("groups-members", &groups[0], &users[0]);
    tenant.link("groups-members", &groups[0], &users[2]);
    tenant.link("groups-members", &groups[1], &groups[0]);
    tenant.remove("users", &users[2]);
    (tenant, users, groups)
}

#[tokio::test]
async fn links_are_followed_in_both_directions_and_hide_removed_objects() {
    let (tenant, [user, manager, _], [inner, outer]) = tenant();
    let setup = Setup::of_everything(tenant, Options::default()).await;
    let found = async |path: &str| {
        let body = setup.get(&at(&setup, path)).await.body;
        let mut found = ids(&body).into_iter().map(str::to_owned).collect::<Vec<_>>();
        found.sort();
        found
    };
    assert_eq!(found(&format!("/v1.0/users/{user}/memberOf")).await, [inner.as_str()]);
    assert_eq!(found(&format!("/v1.0/groups/{inner}/memberOf?$select=id")).await, [outer.as_str()]);
    let mut both = [inner.as_str(), outer.as_str()];
    both.sort();
    assert_eq!(found(&format!("/v1.0/users/{user}/transitiveMemberOf")).await, both);
    assert_eq!(found(&format!("/v1.0/users/{manager}/directReports")).await, [user.as_str()]);
    assert_eq!(found(&format!("/v1.0/groups/{inner}/members")).await, [user.as_str()]);
    assert_eq!(found(&format!("/v1.0/groups/{outer}/transitiveMembers/graph.user")).await, [user.as_str()]);
    assert_eq!(found(&format!("/v1.0/groups/{outer}/members/microsoft.graph.user")).await, [""; 0]);
}

#[tokio::test]
async fn the_ends_of_links_have_their_types_and_properties() {
    let (tenant, [user, manager, _], [inner, _]) = tenant();
    let name = tenant.get("users", &manager).unwrap()["displayName"].clone();
    let setup = Setup::of_everything(tenant, Options::default()).await;
    let one = setup.get(&at(&setup, &format!("/v1.0/users/{user}/manager"))).await.body;
    assert_eq!((&one["displayName"], &one["@odata.type"]), (&name, &json!("#microsoft.graph.user")));
    let path = format!("/v1.0/users/{user}?$expand=manager($select=displayName)");
    assert_eq!(setup.get(&at(&setup, &path)).await.body["manager"]["displayName"], name);
    let path = format!("/v1.0/users/{manager}?$expand=manager");
    assert_eq!(setup.get(&at(&setup, &path)).await.body.get("manager"), None);
    let counted = at(&setup, &format!("/v1.0/groups/{inner}/members?$count=true"));
    assert_eq!(setup.code(&counted).await, (400, "Request_BadRequest".into()));
    let unknown = at(&setup, "/v1.0/users?$expand=shoes");
    assert_eq!(setup.code(&unknown).await, (400, "BadRequest".into()));
}

#[tokio::test]
async fn deleted_items_are_read_by_type_and_by_id() {
    let (tenant, [user, _, removed], _) = tenant();
    let setup = Setup::of_everything(tenant, Options::default()).await;
    let items = setup.get(&at(&setup, "/v1.0/directory/deletedItems/microsoft.graph.user")).await.body;
    assert_eq!(ids(&items), [removed.as_str()]);
    assert!(items["value"][0]["deletedDateTime"].is_string());
    let one = setup.get(&at(&setup, &format!("/v1.0/directory/deletedItems/{removed}"))).await.body;
    assert_eq!(one["@odata.type"], "#microsoft.graph.user");
    let living = at(&setup, &format!("/v1.0/directory/deletedItems/{user}"));
    assert_eq!(setup.code(&living).await, (404, "Request_ResourceNotFound".into()));
    let groups = setup.get(&at(&setup, "/v1.0/directory/deletedItems/microsoft.graph.group")).await.body;
    assert_eq!(groups["value"], json!([]));
}
