//! Collections without delta query: lists, lookups and single objects, and what goes wrong with them.

use super::*;

const DEFINITIONS: &str = "/v1.0/roleManagement/directory/roleDefinitions";

async fn with_rows(rows: &[(&str, usize)]) -> Setup {
    let tenant = rows.iter().fold(Tenant::seeded(2, 7), |tenant, (name, count)| with(tenant, name, *count));
    Setup::of_everything(tenant, Options { page_size: 10, ..Options::default() }).await
}

fn at(setup: &Setup, path: &str) -> String {
    format!("{}{path}", setup.graph.endpoint())
}

/// The ids of all objects of a list page by page.
async fn pages(setup: &Setup, path: &str) -> Vec<Vec<String>> {
    let (mut url, mut pages) = (at(setup, path), Vec::new());
    loop {
        let Got { status, body, .. } = setup.get(&url).await;
        assert_eq!(status, 200, "{body}");
        let ids = body["value"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned());
        pages.push(ids.collect());
        match body["@odata.nextLink"].as_str() {
            Some(next) => url = next.to_owned(),
            None => return pages,
        }
    }
}

#[tokio::test]
async fn a_list_is_read_page_by_page_and_its_objects_by_their_ids() {
    let setup = with_rows(&[("roleDefinitions", 25)]).await;
    let ids = setup.graph.tenant(|tenant| tenant.ids("roleDefinitions"));
    let read = pages(&setup, DEFINITIONS).await;
    assert_eq!((read.len(), read.concat()), (3, ids.clone()));
    assert_eq!(pages(&setup, &format!("{DEFINITIONS}?$top=4")).await.len(), 7);
    let asked = setup.get(&at(&setup, &format!("{DEFINITIONS}/{}", ids[0]))).await;
    let object = setup.graph.tenant(|tenant| tenant.get("roleDefinitions", &ids[0]).cloned()).unwrap();
    assert_eq!(asked.body["displayName"], object["displayName"]);
    let some = format!("{DEFINITIONS}?$filter=id in ('{}','{}','nobody')", ids[3], ids[1]);
    assert_eq!(pages(&setup, &some).await.concat(), [ids[1].clone(), ids[3].clone()]);
    setup.graph.tenant(|tenant| assert!(tenant.purge("roleDefinitions", &ids[0])));
    assert_eq!(pages(&setup, DEFINITIONS).await.concat(), ids[1..]);
    assert_eq!(setup.code(&at(&setup, &format!("{DEFINITIONS}/{}", ids[0]))).await.0, 404);
    let records = setup.graph.requests();
    assert!(records.iter().all(|record| record.feed == Some("roleDefinitions")));
    assert_eq!(records.last().unwrap().kind, Kind::ById);
}

#[tokio::test]
async fn what_a_collection_does_not_know_is_refused_in_the_words_of_graph() {
    let setup = with_rows(&[("roleDefinitions", 1)]).await;
    let got = setup.get(&at(&setup, &format!("{DEFINITIONS}?$select=id,shoeSize"))).await;
    assert_eq!((got.status.as_u16(), &got.body["error"]["code"]), (400, &json!("BadRequest")));
    let message = got.body["error"]["message"].as_str().unwrap();
    assert!(message.contains("Could not find a property named 'shoeSize'"), "{message}");
    for (query, code) in [
        ("/delta", "Request_UnsupportedQuery"),
        ("?$filter=shoeSize eq 1", "BadRequest"),
        ("?$filter=nonsense", "Request_UnsupportedQuery"),
        ("?$skiptoken=x", "Request_BadRequest"),
    ] {
        let path = at(&setup, &format!("{DEFINITIONS}{query}"));
        assert_eq!(setup.code(&path).await, (400, code.into()), "{query}");
    }
    let mut setup = setup;
    setup.identity.set_roles(&["User.Read.All"]);
    setup.token = setup.identity.issue(setup.graph.endpoint());
    let denied = (403, "Authorization_RequestDenied".to_owned());
    assert_eq!(setup.code(&at(&setup, DEFINITIONS)).await, denied);
}

#[tokio::test]
async fn a_single_object_comes_without_value_and_is_never_two() {
    let setup = with_rows(&[("authorizationPolicy", 3)]).await;
    let path = at(&setup, "/v1.0/policies/authorizationPolicy");
    let policy = setup.get(&path).await.body;
    assert_eq!((policy["id"].as_str(), policy.get("value")), (Some("authorizationPolicy"), None));
    setup.graph.tenant(|tenant| {
        assert!(tenant.change(
            "authorizationPolicy",
            "authorizationPolicy",
            json!({"allowedToUseSSPR": null})
        ));
        assert!(!tenant.purge("authorizationPolicy", "authorizationPolicy"));
    });
    assert_eq!(setup.get(&path).await.body["allowedToUseSSPR"], Value::Null);
    let missing = at(&setup, "/v1.0/policies/adminConsentRequestPolicy");
    assert_eq!(setup.code(&missing).await.0, 404);
}

#[tokio::test]
async fn an_object_may_be_identified_by_another_property_and_lie_at_a_type() {
    let setup = with_rows(&[("crossTenantAccessPartners", 2), ("rooms", 2)]).await;
    let id = setup.graph.tenant(|tenant| tenant.ids("crossTenantAccessPartners")[0].clone());
    let path = at(&setup, &format!("/v1.0/policies/crossTenantAccessPolicy/partners/{id}"));
    assert_eq!(setup.get(&path).await.body["tenantId"], id.as_str());
    assert_eq!(pages(&setup, "/v1.0/places/microsoft.graph.room").await.concat().len(), 2);
}

#[tokio::test]
async fn what_is_expanded_comes_only_when_asked_for() {
    let setup = with_rows(&[("deviceConfigurations", 1)]).await;
    let path = "/v1.0/deviceManagement/deviceConfigurations";
    let first = |body: &Value| body["value"][0].as_object().unwrap().contains_key("assignments");
    assert!(!first(&setup.get(&at(&setup, path)).await.body));
    setup.graph.tenant(|tenant| {
        let id = tenant.ids("deviceConfigurations")[0].clone();
        tenant.change("deviceConfigurations", &id, json!({"assignments": [{"id": "5"}]}));
    });
    assert!(first(&setup.get(&at(&setup, &format!("{path}?$expand=assignments"))).await.body));
    assert_eq!(setup.code(&at(&setup, &format!("{path}?$expand=nothing"))).await, (400, "BadRequest".into()));
}

#[tokio::test]
async fn objects_that_move_between_pages_are_shown_twice_or_not_at_all() {
    let setup = with_rows(&[("domains", 25)]).await;
    let all = setup.graph.tenant(|tenant| tenant.ids("domains"));
    setup.graph.quirks(|quirks| quirks.shown_twice_between_pages = true);
    let twice = pages(&setup, "/v1.0/domains").await;
    assert_eq!((twice[0].last(), twice.concat().len()), (twice[1].first(), 27));
    setup.graph.quirks(|quirks| {
        quirks.shown_twice_between_pages = false;
        quirks.lost_between_pages = true;
    });
    let lost = pages(&setup, "/v1.0/domains").await.concat();
    assert_eq!((lost.len(), lost.contains(&all[10])), (23, false));
    setup.graph.quirks(|quirks| {
        quirks.lost_between_pages = false;
        quirks.list_twice_every = Some(5);
    });
    assert_eq!(pages(&setup, "/v1.0/domains").await.concat().len(), 30);
    setup.graph.quirks(|quirks| {
        quirks.list_twice_every = None;
        quirks.pages_by_offset = true;
        quirks.empty_page_every = Some(2);
    });
    let url = at(&setup, "/v1.0/domains");
    let next = setup.get(&url).await.body["@odata.nextLink"].as_str().unwrap().to_owned();
    let empty = setup.get(&next).await.body;
    assert_eq!(empty["value"], json!([]));
    setup.graph.tenant(|tenant| tenant.purge("domains", &all[0]));
    let next = setup.get(empty["@odata.nextLink"].as_str().unwrap()).await.body;
    assert_eq!(next["value"][0]["id"], all[11].as_str(), "the eleventh slipped onto the first page");
}

#[tokio::test]
async fn one_walk_hides_an_object_and_links_may_loop_or_expire() {
    let setup = with_rows(&[("domains", 25)]).await;
    let all = setup.graph.tenant(|tenant| tenant.ids("domains"));
    setup.graph.hide("domains", [all[12].clone()]);
    let known = format!("/v1.0/domains?$filter=id eq '{}'", all[12]);
    assert_eq!(pages(&setup, &known).await.concat().len(), 1, "a lookup is no walk");
    assert!(!pages(&setup, "/v1.0/domains").await.concat().contains(&all[12]));
    assert_eq!(pages(&setup, "/v1.0/domains").await.concat(), all);
    let url = at(&setup, "/v1.0/domains");
    let next = setup.get(&url).await.body["@odata.nextLink"].as_str().unwrap().to_owned();
    setup.graph.quirks(|quirks| quirks.repeat_link = true);
    assert_eq!(setup.get(&next).await.body["@odata.nextLink"], next.as_str());
    setup.graph.fail(Match::list().feed("domains"), 1, Fault::TokenDead(TokenDeath::ExpiredPageToken));
    assert_eq!(setup.code(&next).await, (400, "Directory_ExpiredPageToken".into()));
}
