//! The queries of the README find in a copy what the README says that they do.

use sandbox::world::{Setup, World};
use serde_json::{Value, json};

use crate::stage::{setup, staged_with};

const ROLES: [&str; 4] = ["applications", "servicePrincipals", "appRoleAssignments", "roleAssignments"];
const ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";
const MAY_GRANT: &str = "06b708a9-e830-4db3-a914-8e69da51d44f";

/// The queries of the README in their order, each with the container that the sentence before it names.
fn queries() -> Vec<(String, String)> {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let mut blocks = readme.split("```sql\n");
    let mut before = blocks.next().unwrap().to_owned();
    let mut queries = Vec::new();
    for block in blocks {
        let (query, after) = block.split_once("```").unwrap();
        let container = before.split_whitespace().collect::<Vec<_>>().join(" ");
        let container =
            container.rsplit_once("(container `").unwrap().1.split_once('`').unwrap().0.to_owned();
        queries.push((container, query.trim().to_owned()));
        before = after.to_owned();
    }
    queries
}

#[tokio::test]
async fn each_query_of_the_readme_finds_what_it_is_asked_for() {
    let root = staged_with(&ROLES);
    let objects = ROLES.iter().map(|resource| (*resource, 3)).collect();
    let setup = Setup { users: 6, groups: 3, root: root.path().to_owned(), objects, ..setup() };
    let world = World::start(setup).await.unwrap();
    let (users, group) = world.graph.tenant(|tenant| (tenant.ids("users"), tenant.ids("groups")[0].clone()));
    world.graph.tenant(|tenant| {
        for user in &users {
            tenant.change("users", user, json!({"department": "Sales", "accountEnabled": true}));
        }
        tenant.change("users", &users[0], json!({"department": "Finance"}));
        tenant.change("users", &users[1], json!({"department": "Finance", "accountEnabled": false}));
        tenant.link("groups-members", &group, &users[2]);
        let role = tenant.ids("roleAssignments")[0].clone();
        tenant.change(
            "roleAssignments",
            &role,
            json!({"principalId": users[3], "roleDefinitionId": ADMINISTRATOR}),
        );
        let grant = tenant.ids("appRoleAssignments")[0].clone();
        tenant.change(
            "appRoleAssignments",
            &grant,
            json!({"principalDisplayName": "Deployer", "appRoleId": MAY_GRANT}),
        );
        let app = tenant.ids("applications")[0].clone();
        let secrets = json!([
            {"displayName": "short", "endDateTime": "2026-12-24T00:00:00Z"},
            {"displayName": "long", "endDateTime": "2030-01-01T00:00:00Z"},
        ]);
        tenant.change("applications", &app, json!({"displayName": "Portal", "passwordCredentials": secrets}));
    });
    world.settle().await.unwrap();
    world.graph.tenant(|tenant| assert!(tenant.remove("users", &users[5])));
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();

    let queries = queries();
    let containers: Vec<_> = queries.iter().map(|(container, _)| container.as_str()).collect();
    assert_eq!(
        containers,
        ["users", "groups-members", "users", "roleAssignments", "appRoleAssignments", "applications"]
    );
    let mut found: Vec<Vec<Value>> = Vec::new();
    for (container, query) in &queries {
        let query = query.replace("<user id>", &users[2]);
        found.push(world.cosmos.query(container, &query).await);
    }
    let only = |place: usize, name: &str| -> Vec<Value> {
        found[place].iter().map(|row| row[name].clone()).collect()
    };
    assert_eq!(only(0, "id"), [json!(users[0])]);
    assert!(only(1, "sourceId").contains(&json!(group)), "{:?}", found[1]);
    assert_eq!((only(2, "id"), only(2, "reason")), (vec![json!(users[5])], vec![json!("changed")]));
    let held = |collection: &str, property: &str, value: &str, shown: &str| -> Vec<Value> {
        world.graph.tenant(|tenant| {
            let all = tenant.ids(collection);
            let all = all.iter().filter_map(|id| tenant.get(collection, id));
            all.filter(|one| one[property] == *value).map(|one| one[shown].clone()).collect()
        })
    };
    for (place, collection, property, value, shown) in [
        (3, "roleAssignments", "roleDefinitionId", ADMINISTRATOR, "principalId"),
        (4, "appRoleAssignments", "appRoleId", MAY_GRANT, "principalDisplayName"),
    ] {
        let expected = held(collection, property, value, shown);
        assert!(
            !expected.is_empty() && same(&only(place, shown), &expected),
            "{collection}: {:?}",
            found[place]
        );
    }
    assert_eq!((only(5, "displayName"), only(5, "secret")), (vec![json!("Portal")], vec![json!("short")]));
}

/// The same values, in whatever order.
fn same(one: &[Value], other: &[Value]) -> bool {
    let sorted = |values: &[Value]| {
        let mut texts: Vec<_> = values.iter().map(Value::to_string).collect();
        texts.sort();
        texts
    };
    sorted(one) == sorted(other)
}
