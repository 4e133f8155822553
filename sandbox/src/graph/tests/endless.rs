//! Rounds that never end, and rounds that end too soon.

use std::collections::HashSet;

use super::*;

fn next(body: &Value) -> String {
    body["@odata.nextLink"].as_str().expect("there is a next link").to_owned()
}

#[tokio::test]
async fn a_next_link_can_repeat_itself_for_ever() {
    let setup = Setup::new(5, Options { page_size: 2, ..Default::default() }).await;
    setup.graph.quirks(|quirks| quirks.repeat_link = true);
    let link = next(&setup.get(&setup.initial()).await.body);
    let bodies = [setup.get(&link).await.body, setup.get(&link).await.body];
    assert_eq!((next(&bodies[0]), &bodies[0]), (link.clone(), &bodies[1]));
    setup.graph.quirks(|quirks| quirks.repeat_link = false);
    assert_eq!(setup.walk(&link).await.0.concat().len(), 3, "and ends when the spell is over");
}

#[tokio::test]
async fn links_can_change_for_ever_with_the_same_page() {
    let tenant = with_groups(Tenant::seeded(5, 7), 3);
    let setup = Setup::with(tenant, Options { page_size: 2, ..Default::default() }).await;
    for start in [setup.initial(), setup.groups("id,members")] {
        setup.graph.quirks(|quirks| quirks.repeat_page = true);
        let (mut link, mut links, mut pages) = (start, HashSet::new(), HashSet::new());
        for _ in 0..5 {
            let body = setup.get(&link).await.body;
            pages.insert(body["value"].to_string());
            link = next(&body);
            links.insert(link.clone());
        }
        assert_eq!((links.len(), pages.len()), (5, 1));
        setup.graph.quirks(|quirks| quirks.repeat_page = false);
        setup.walk(&link).await;
    }
}

#[tokio::test]
async fn an_initial_round_can_show_only_some_and_look_complete() {
    let tenant = with_groups(Tenant::seeded(30, 7), 12);
    let quirks = Quirks { show_only: Some(4), ..Quirks::default() };
    let setup =
        Setup::with(tenant, Options { page_size: 3, quirks, members_per_slice: 2, ..Default::default() })
            .await;
    for start in [setup.initial(), setup.groups("id,members")] {
        let (pages, delta) = setup.walk(&start).await;
        let ids: HashSet<_> = pages.concat().iter().map(|object| object["id"].to_string()).collect();
        assert_eq!(ids.len(), 4);
        assert!(setup.walk(&delta).await.0.concat().is_empty(), "the rest is never told");
    }
    setup.graph.tenant(|tenant| {
        tenant.ids("users").iter().for_each(|id| assert!(tenant.change("users", id, json!({"city": "Ulm"}))))
    });
    setup.graph.quirks(|quirks| quirks.show_only = None);
    assert_eq!(setup.walk(&setup.initial()).await.0.concat().len(), 30);
}
