//! Groups and links: what `members@delta`, `owners@delta` and `manager@delta` tell, and when.

use super::{mirror::Mirror, *};

const ALL: &str = "id,displayName,members,owners";

/// The only object of a round with that id.
fn find<'a>(page: &'a [Value], id: &str) -> &'a Value {
    let mut found = page.iter().filter(|object| object["id"] == id);
    let one = found.next().expect("it is told");
    assert!(found.next().is_none(), "it is told once");
    one
}

fn member(id: &str) -> Value {
    json!({"@odata.type": "#microsoft.graph.user", "id": id})
}

fn former(id: &str) -> Value {
    json!({"@odata.type": "#microsoft.graph.user", "id": id, "@removed": {"reason": "deleted"}})
}

/// A group with two members and an owner, its id and those of five users, and the delta link after the first round.
async fn small() -> (Setup, String, [String; 5], String) {
    let mut tenant = Tenant::seeded(5, 7);
    let users: [String; 5] = tenant.ids("users").try_into().unwrap();
    let group = tenant.create("groups");
    let other = tenant.create("groups");
    assert!(
        tenant.link("groups-members", &group, &users[0]) && tenant.link("groups-members", &group, &users[1])
    );
    assert!(tenant.link("groups-owners", &group, &users[0]) && tenant.link("groups-members", &other, &group));
    let setup = Setup::with(tenant, Options::default()).await;
    let (_, delta) = setup.walk(&setup.groups(ALL)).await;
    (setup, group, users, delta)
}

#[tokio::test]
async fn an_initial_round_tells_groups_with_their_links_in_slices() {
    let options = Options { page_size: 4, members_per_slice: 3, ..Default::default() };
    let setup = Setup::with(with_groups(Tenant::seeded(60, 7), 20), options).await;
    let (pages, _) = setup.walk(&setup.groups(&Row::of("groups").properties.join(","))).await;
    assert_eq!(pages.concat().len(), 20);
    assert!(pages.concat().iter().all(|group| group.get("members@delta").is_none()));

    let (pages, _) = setup
        .walk(&setup.groups(&format!("{},members,owners", Row::of("groups").properties.join(","))))
        .await;
    let mut mirror = Mirror::new("groups", true);
    let mut properties = BTreeMap::new();
    for page in &pages {
        mirror.apply(page);
        let mut ids: Vec<_> = page.iter().map(|group| group["id"].to_string()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), page.len(), "a group appears once per page");
        for group in page {
            assert!(group["members@delta"].as_array().is_none_or(|links| (1..=3).contains(&links.len())));
            let mut plain = group.as_object().unwrap().clone();
            plain.retain(|name, _| !name.ends_with("@delta"));
            let first = properties.entry(group["id"].to_string()).or_insert_with(|| plain.clone());
            assert_eq!(*first, plain, "the same properties with every slice");
        }
    }
    assert_eq!(setup.graph.tenant(|tenant| mirror.differences(tenant)), []);
    assert!(pages.concat().len() > 25 && pages.iter().all(|page| page.len() <= 4));
    let types = pages.concat().iter().map(|group| group["members@delta"].to_string()).collect::<String>();
    assert!(types.contains("#microsoft.graph.group") && types.contains("#microsoft.graph.user"));

    let by_default = setup.walk(&format!("{}/v1.0/groups/delta", setup.graph.endpoint())).await.0.concat();
    assert!(by_default.iter().any(|group| group.get("members@delta").is_some()));
    assert!(by_default.iter().all(|group| group.get("owners@delta").is_none()));
}

#[tokio::test]
async fn a_delta_round_tells_changed_links_once_with_the_whole_selection() {
    let (setup, group, [a, b, c, d, _], delta) = small().await;
    setup.graph.tenant(|tenant| {
        tenant.unlink("groups-members", &group, &a);
        tenant.link("groups-members", &group, &c);
        tenant.link("groups-members", &group, &d);
        tenant.unlink("groups-members", &group, &d);
        tenant.unlink("groups-members", &group, &b);
        tenant.link("groups-members", &group, &b);
    });
    let (pages, next) = setup.walk(&delta).await;
    let page = pages.concat();
    let told = find(&page, &group);
    let mut links = told["members@delta"].as_array().unwrap().clone();
    links.sort_by_key(|link| link["id"].to_string());
    assert_eq!(links, [former(&a), member(&b), member(&c), former(&d)]);
    assert_eq!((page.len(), told.get("owners@delta")), (1, None));
    assert_eq!(
        told["displayName"],
        setup.graph.tenant(|tenant| tenant.get("groups", &group).unwrap()["displayName"].clone())
    );

    setup.graph.tenant(|tenant| {
        assert!(tenant.unlink("groups-owners", &group, &a) && tenant.link("groups-owners", &group, &d))
    });
    let (pages, next) = setup.walk(&next).await;
    assert_eq!(find(&pages.concat(), &group)["owners@delta"], json!([former(&a), member(&d)]));
    setup.graph.tenant(|tenant| assert!(tenant.change("groups", &group, json!({"displayName": "New"}))));
    let page = setup.walk(&next).await.0.concat();
    assert_eq!(page, [json!({"id": group, "displayName": "New"})], "no links when none has changed");
    let (_, latest) = setup.walk(&setup.groups("id,displayName")).await;
    setup.graph.tenant(|tenant| tenant.unlink("groups-members", &group, &c));
    assert!(setup.walk(&latest).await.0.concat().is_empty(), "links that are not selected are not told");
}

#[tokio::test]
async fn a_soft_delete_ends_no_membership_and_a_purge_is_told_only_on_request() {
    let (setup, group, [a, b, ..], delta) = small().await;
    setup.graph.tenant(|tenant| tenant.remove("users", &a));
    let (pages, delta) = setup.walk(&delta).await;
    assert!(pages.concat().is_empty());
    let fresh = setup.walk(&setup.groups("id,members")).await.0.concat();
    assert_eq!(
        find(&fresh, &group)["members@delta"].as_array().unwrap().len(),
        2,
        "a fresh round says the same"
    );

    setup.graph.tenant(|tenant| tenant.purge("users", &a));
    let (pages, delta) = setup.walk(&delta).await;
    assert!(pages.concat().is_empty());
    let fresh = setup.walk(&setup.groups("id,members")).await.0.concat();
    assert_eq!(find(&fresh, &group)["members@delta"], json!([member(&b)]));

    setup.graph.quirks(|quirks| quirks.purges_reported = true);
    setup.graph.tenant(|tenant| tenant.purge("users", &b));
    let page = setup.walk(&delta).await.0.concat();
    assert_eq!(find(&page, &group)["members@delta"], json!([former(&b)]));
}

#[tokio::test]
async fn a_removed_group_is_told_without_links_and_a_restored_one_with_all() {
    let (setup, group, [a, b, c, ..], delta) = small().await;
    setup.graph.tenant(|tenant| {
        assert!(tenant.unlink("groups-members", &group, &b) && tenant.remove("groups", &group))
    });
    let (pages, delta) = setup.walk(&delta).await;
    assert_eq!(pages.concat(), [json!({"id": group, "@removed": {"reason": "changed"}})]);
    setup.graph.tenant(|tenant| {
        assert!(tenant.restore("groups", &group) && tenant.link("groups-members", &group, &c))
    });
    let (pages, delta) = setup.walk(&delta).await;
    let page = pages.concat();
    let links = find(&page, &group)["members@delta"].as_array().unwrap().clone();
    assert_eq!(links.len(), 3);
    assert!(links.contains(&former(&b)), "what went with the last word before the removal is told at last");
    assert!(links.contains(&member(&a)) && links.contains(&member(&c)));
    assert_eq!(find(&page, &group)["owners@delta"], json!([member(&a)]));
    setup.graph.tenant(|tenant| assert!(tenant.purge("groups", &group)));
    let page = setup.walk(&delta).await.0.concat();
    assert_eq!(page, [json!({"id": group, "@removed": {"reason": "deleted"}})]);
}

#[tokio::test]
async fn a_manager_is_told_when_selected_and_a_change_is_a_removal_and_an_addition() {
    let (setup, _, [a, b, c, ..], _) = small().await;
    setup.graph.tenant(|tenant| tenant.link("users-manager", &a, &b));
    let url = format!("{}/v1.0/users/delta?$select=id,manager", setup.graph.endpoint());
    let (pages, delta) = setup.walk(&url).await;
    assert_eq!(find(&pages.concat(), &a)["manager@delta"], json!([member(&b)]));
    assert_eq!(find(&pages.concat(), &b).get("manager@delta"), None);
    setup.graph.tenant(|tenant| tenant.link("users-manager", &a, &c));
    let (pages, delta) = setup.walk(&delta).await;
    assert_eq!(pages.concat(), [json!({"id": a, "manager@delta": [former(&b), member(&c)]})]);
    setup.graph.tenant(|tenant| tenant.unlink("users-manager", &a, &c));
    let (pages, _) = setup.walk(&delta).await;
    assert_eq!(pages.concat(), [json!({"id": a, "manager@delta": [former(&c)]})]);
    let (_, plain) = setup.walk(&setup.initial()).await;
    setup.graph.tenant(|tenant| tenant.link("users-manager", &a, &b));
    assert!(setup.walk(&plain).await.0.concat().is_empty());
}

#[tokio::test]
async fn tokens_roles_and_rules_belong_to_one_feed() {
    let (mut setup, group, _, delta) = small().await;
    let crossed = delta.replace("/groups/", "/users/");
    assert_eq!(setup.code(&crossed).await, (400, "BadRequest".into()));
    assert_eq!(setup.code(&setup.groups("id,manager")).await.0, 400);
    assert_eq!(setup.code(&setup.groups("id,deletedDateTime")).await.0, 200);
    let by_id = format!("{}/v1.0/groups/{group}?$select=id,displayName,members", setup.graph.endpoint());
    let got = setup.get(&by_id).await.body;
    assert!(
        got["displayName"].is_string() && got.get("members").is_none() && got.get("members@delta").is_none()
    );

    setup.graph.fail(Match::initial().feed("groups"), 1, Fault::Html);
    assert_ne!(setup.get(&setup.initial()).await.headers["content-type"], "text/html");
    assert_eq!(setup.get(&setup.groups(ALL)).await.headers["content-type"], "text/html");
    assert_eq!(setup.graph.requests().iter().filter(|record| record.feed == Some("users")).count(), 2);

    setup.graph.kill_tokens(TokenDeath::Location);
    let location = setup.get(&delta).await.headers["location"].to_str().unwrap().to_owned();
    let page = setup.walk(&location).await.0.concat();
    assert!(page.len() == 2 && page.iter().any(|group| group.get("owners@delta").is_some()));

    for (roles, users, groups) in
        [(["User.Read.All"], 200, 403), (["Group.Read.All"], 403, 200), (["GroupMember.Read.All"], 403, 200)]
    {
        setup.identity.set_roles(&roles);
        setup.token = setup.identity.issue(setup.graph.endpoint());
        let codes = (setup.code(&setup.initial()).await.0, setup.code(&setup.groups(ALL)).await.0);
        assert_eq!((codes, setup.code(&by_id).await.0), ((users, groups), groups), "{roles:?}");
    }
}

#[tokio::test]
async fn lists_of_links_are_paged_and_show_no_soft_deleted_targets() {
    let (setup, group, [a, b, c, d, _], _) = small().await;
    setup.graph.tenant(|tenant| {
        assert!(
            tenant.link("groups-members", &group, &c)
                && tenant.link("groups-members", &group, &d)
                && tenant.link("users-manager", &b, &a)
        );
        tenant.remove("users", &d);
    });
    let list =
        |path: &str, top: usize| format!("{}/v1.0/{path}?$select=id&$top={top}", setup.graph.endpoint());
    let first = setup.get(&list(&format!("groups/{group}/members"), 2)).await.body;
    let second = setup.get(first["@odata.nextLink"].as_str().unwrap()).await.body;
    let mut told: Vec<_> = [&first, &second].map(|page| page["value"].as_array().unwrap().clone()).concat();
    told.sort_by_key(|link| link["id"].to_string());
    let mut living = [member(&a), member(&b), member(&c)];
    living.sort_by_key(|link| link["id"].to_string());
    assert_eq!(told, living);
    assert_eq!((second.get("@odata.nextLink"), second.get("@odata.deltaLink")), (None, None));
    let owners = setup.get(&list(&format!("groups/{group}/owners"), 999)).await.body;
    assert_eq!(owners["value"], json!([member(&a)]));
    let manager = |id: &str| format!("{}/v1.0/users/{id}/manager?$select=id", setup.graph.endpoint());
    assert_eq!(setup.get(&manager(&b)).await.body["id"], json!(a));
    setup.graph.tenant(|tenant| tenant.remove("users", &a));
    let none = (404, "Request_ResourceNotFound".to_owned());
    assert_eq!(
        (setup.code(&manager(&b)).await, setup.code(&manager(&a)).await),
        (none.clone(), none.clone())
    );
    setup.graph.tenant(|tenant| tenant.remove("groups", &group));
    assert_eq!(setup.code(&list(&format!("groups/{group}/members"), 2)).await, none);
    assert_eq!(setup.code(&list(&format!("groups/{group}/members"), 1000)).await.0, 400);
    setup.graph.fail(Match::targets().feed("users"), 1, Fault::Html);
    assert_eq!(setup.get(&manager(&c)).await.headers["content-type"], "text/html");
}
