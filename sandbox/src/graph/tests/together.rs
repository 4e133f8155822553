//! Several objects or requests in one, and how near a service is to its limits.

use super::*;

async fn setup() -> Setup {
    let tenant = Tenant::seeded(3, 7);
    let more = [("groups", 2), ("devices", 2), ("roleDefinitions", 2), ("mailFolders", 2), ("messages", 2)];
    let tenant = more.iter().fold(tenant, |tenant, (name, count)| with(tenant, name, *count));
    Setup::of_everything(tenant, Options::default()).await
}

async fn post(setup: &Setup, path: &str, body: &Value) -> Got {
    let request = setup.client.post(format!("{}/v1.0/{path}", setup.graph.endpoint()));
    let request = request.bearer_auth(&setup.token).header("prefer", "outer=1").body(body.to_string());
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    Got { status, headers, body: serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap() }
}

/// The parts of a batch by their ids.
async fn batch(setup: &Setup, requests: &[Value]) -> BTreeMap<String, Value> {
    let got = post(setup, "$batch", &json!({ "requests": requests })).await;
    assert_eq!(got.status, 200, "{}", got.body);
    let parts = got.body["responses"].as_array().unwrap().iter();
    parts.map(|part| (part["id"].as_str().unwrap().to_owned(), part.clone())).collect()
}

fn first(setup: &Setup, collection: &str) -> String {
    setup.graph.tenant(|tenant| tenant.ids(collection)[0].clone())
}

#[tokio::test]
async fn directory_objects_are_read_by_their_ids_in_either_case() {
    let setup = setup().await;
    let (user, group, device) = (first(&setup, "users"), first(&setup, "groups"), first(&setup, "devices"));
    let gone = setup.graph.tenant(|tenant| {
        let gone = tenant.ids("users")[2].clone();
        tenant.remove("users", &gone);
        gone
    });
    let ids = json!({"ids": [user.to_uppercase(), group, device, gone, "nobody"]});
    let got = post(&setup, "directoryObjects/getByIds", &ids).await;
    let mut kinds: Vec<_> = got.body["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["@odata.type"].as_str().unwrap())
        .collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["#microsoft.graph.device", "#microsoft.graph.group", "#microsoft.graph.user"]);
    let typed = json!({"ids": [user, group], "types": ["user"]});
    let got = post(&setup, "directoryObjects/getByIds?$select=id,city", &typed).await.body;
    assert_eq!((got["value"].as_array().unwrap().len(), &got["value"][0]["id"]), (1, &json!(user)));
    assert!(got["value"][0].get("displayName").is_none());
    let many = json!({"ids": (0..1001).map(|one| one.to_string()).collect::<Vec<_>>()});
    for body in [json!({"ids": []}), json!({}), many] {
        assert_eq!(post(&setup, "directoryObjects/getByIds", &body).await.status, 400);
    }
    assert_eq!(setup.graph.counts()[&Kind::GetByIds], 5);
}

#[tokio::test]
async fn a_batch_reads_whatever_a_request_reads_and_throttles_part_by_part() {
    let setup = setup().await;
    let [user, folder] = setup.graph.tenant(|tenant| {
        let folder = tenant.ids("mailFolders")[0].clone();
        [tenant.parents_of("mailFolders", &folder)[0].clone(), folder]
    });
    let definition = first(&setup, "roleDefinitions");
    let get = |id: usize, url: &str| json!({"id": id.to_string(), "method": "GET", "url": url});
    let mut requests = vec![
        get(1, "/roleManagement/directory/roleDefinitions"),
        get(2, &format!("/roleManagement/directory/roleDefinitions/{definition}")),
        get(3, &format!("/users/{user}/mailFolders/{folder}/messages/delta")),
        get(4, "/users/nobody/mailFolders"),
        json!({"id": "5", "method": "POST", "url": "/directoryObjects/getByIds", "body": {"ids": [user]},
            "headers": {"Content-Type": "application/json"}}),
    ];
    requests[2]["headers"] = json!({"Prefer": "IdType=\"ImmutableId\"", "x-ms-throttle-priority": "Low"});
    let fault = Fault::Throttle { status: 429, retry_after: RetryAfter::Seconds("7".into()) };
    setup.graph.fail(Match::any().service("outlook"), 1, fault);
    let parts = batch(&setup, &requests).await;
    let statuses: Vec<_> = parts.values().map(|part| part["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [200, 200, 429, 404, 200]);
    assert_eq!(parts["3"]["headers"]["Retry-After"], "7");
    assert!(parts["3"]["headers"]["x-ms-throttle-scope"].as_str().unwrap().contains("Tenant_Application"));
    assert_eq!(parts["2"]["body"]["id"], definition.as_str());
    assert_eq!(parts["5"]["body"]["value"][0]["id"], user.as_str());
    assert_eq!(batch(&setup, &requests).await["3"]["status"], 200);
    let records = setup.graph.requests();
    let messages: Vec<_> = records.iter().filter(|record| record.feed == Some("messages")).collect();
    for record in messages {
        assert_eq!(record.prefer.as_deref(), Some("IdType=\"ImmutableId\""));
        assert_eq!(record.throttle_priority.as_deref(), Some("Low"));
    }
    let definitions = records.iter().find(|record| record.feed == Some("roleDefinitions")).unwrap();
    assert_eq!(definitions.prefer, None, "a part has headers of its own only");
    let most: Vec<_> = (0..21).map(|id| get(id, "/users")).collect();
    assert_eq!(post(&setup, "$batch", &json!({"requests": most})).await.status, 400);
}

#[tokio::test]
async fn a_service_tells_its_load_and_another_one_does_not() {
    let setup = setup().await;
    let told = async |path: &str| {
        let got = setup.get(&format!("{}/v1.0/{path}", setup.graph.endpoint())).await;
        got.headers.get("x-ms-throttle-limit-percentage").map(|value| value.to_str().unwrap().to_owned())
    };
    let mail = format!("users/{}/mailFolders", first(&setup, "users"));
    setup.graph.set_load("outlook", 0.9);
    assert_eq!((told(&mail).await, told("users").await), (Some("0.9".into()), None));
    setup.graph.set_load("outlook", 0.7);
    setup.graph.set_load("identity", 1.2);
    assert_eq!((told(&mail).await, told("users").await), (None, Some("1.2".into())));
}
