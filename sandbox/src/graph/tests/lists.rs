//! Lists, and the signed-in user.

use super::*;

fn at(setup: &Setup, path: &str) -> String {
    format!("{}{path}", setup.graph.endpoint())
}

/// All objects of a list, and how many pages it had.
async fn list(setup: &Setup, path: &str) -> (Vec<Value>, usize) {
    let (mut url, mut objects, mut pages) = (at(setup, path), Vec::new(), 0);
    loop {
        let Got { status, body, .. } = setup.get(&url).await;
        assert_eq!(status, 200, "{body}");
        pages += 1;
        objects.extend(body["value"].as_array().unwrap().clone());
        match body["@odata.nextLink"].as_str() {
            Some(next) => url = next.to_owned(),
            None => return (objects, pages),
        }
    }
}

fn ids(objects: &[Value]) -> Vec<String> {
    objects.iter().map(|object| object["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_list_has_all_living_objects_and_ends_without_a_link() {
    let setup = Setup::new(25, Options { page_size: 10, ..Default::default() }).await;
    let gone = setup.graph.tenant(|tenant| {
        let id = tenant.ids("users")[3].clone();
        tenant.remove("users", &id);
        id
    });
    for version in ["v1.0", "beta"] {
        let (users, pages) = list(&setup, &format!("/{version}/users?$select=id,city")).await;
        assert_eq!((ids(&users), pages), (setup.graph.tenant(|tenant| tenant.ids("users")), 3));
        assert!(users.iter().all(|user| user.as_object().unwrap().len() == 2 && user["id"] != gone.as_str()));
    }
    assert_eq!(list(&setup, "/v1.0/users?$select=id&%24top=7").await.1, 4);
    setup.graph.quirks(|quirks| quirks.empty_page_every = Some(2));
    let (users, pages) = list(&setup, "/v1.0/users").await;
    assert_eq!((users.len(), pages), (24, 5));
    for (query, code) in [
        ("$top=0", "Request_BadRequest"),
        ("$select=shoeSize", "BadRequest"),
        ("$search=x", "BadRequest"),
        ("$filter=x", "Request_UnsupportedQuery"),
        ("$skiptoken=x", "Request_BadRequest"),
    ] {
        assert_eq!(
            setup.code(&at(&setup, &format!("/v1.0/users?{query}"))).await,
            (400, code.into()),
            "{query}"
        );
    }
}

#[tokio::test]
async fn an_expired_page_token_of_a_list_answers_400() {
    let setup = Setup::new(5, Options { page_size: 2, ..Default::default() }).await;
    let next =
        setup.get(&at(&setup, "/v1.0/users")).await.body["@odata.nextLink"].as_str().unwrap().to_owned();
    setup.graph.kill_tokens(TokenDeath::Location);
    assert_eq!(setup.code(&next).await, (400, "Directory_ExpiredPageToken".into()));
}

#[tokio::test]
async fn users_are_found_by_conditions_and_by_their_names() {
    let setup = Setup::new(12, Options::default()).await;
    let (id, name) = setup.graph.tenant(|tenant| {
        let (id, user) = tenant.collection("users").living().next().unwrap();
        (id.clone(), user["userPrincipalName"].as_str().unwrap().to_owned())
    });
    let filter = |condition: &str| format!("/v1.0/users?$select=id&$filter={condition}");
    assert_eq!(
        ids(&list(&setup, &filter(&format!("userPrincipalName eq '{name}'"))).await.0),
        std::slice::from_ref(&id)
    );
    let (starting, _) = list(&setup, &filter("startswith(userPrincipalName,'USER1')")).await;
    assert!(!starting.is_empty() && starting.len() < 12);
    for named in [name.to_uppercase(), id.to_uppercase()] {
        let got = setup.get(&at(&setup, &format!("/beta/users/{named}?$select=id"))).await;
        assert_eq!(got.body["id"], id.as_str(), "{named}");
    }
    let advanced = at(&setup, &filter("endswith(userPrincipalName,'contoso.example')"));
    assert_eq!(setup.code(&advanced).await, (400, "Request_UnsupportedQuery".into()));
    assert_eq!(setup.code(&at(&setup, "/v1.0/users/$count")).await.0, 400);
}

#[tokio::test]
async fn me_is_the_signed_in_user_and_nobody_for_an_app() {
    let mut tenant = Tenant::seeded(3, 7);
    let user = tenant.ids("users")[1].clone();
    let group = tenant.create("groups");
    tenant.create("groups");
    tenant.link("groups-members", &group, &user);
    tenant.photos.insert(user.clone(), vec![0xff, 0xd8, 0]);
    let mut setup = Setup::with(tenant, Options::default()).await;
    assert_eq!(setup.code(&at(&setup, "/v1.0/me")).await, (400, "BadRequest".into()));
    assert_eq!(
        setup.code(&at(&setup, "/v1.0/organization")).await,
        (403, "Authorization_RequestDenied".into())
    );
    setup.token = setup.identity.issue_delegated(setup.graph.endpoint(), &["User.Read"], &user);
    assert_eq!(setup.get(&at(&setup, "/v1.0/me?$select=id")).await.body["id"], user.as_str());
    let groups = setup.get(&at(&setup, "/beta/me/memberOf?$select=id")).await.body;
    assert_eq!(ids(groups["value"].as_array().unwrap()), [group]);
    let photo = setup.client.get(at(&setup, "/v1.0/me/photo/$value")).bearer_auth(&setup.token);
    assert_eq!(photo.send().await.unwrap().bytes().await.unwrap()[..], [0xff, 0xd8, 0]);
    assert_eq!(setup.get(&at(&setup, "/v1.0/organization")).await.body["value"][0]["displayName"], "Contoso");
    assert_eq!(setup.code(&at(&setup, "/v1.0/users")).await.0, 403);
    setup.token = setup.identity.issue_delegated(setup.graph.endpoint(), &["Mail.Read"], &user);
    assert_eq!(setup.code(&at(&setup, "/v1.0/me")).await.0, 403);
}
