//! What official clients send besides: bulk, a patch of operations alone, the change feed from a time.

use super::*;

const DOCS: &str = "dbs/graph/colls/users/docs";

async fn json_of(request: RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
}

#[tokio::test]
async fn a_bulk_has_an_answer_for_each_operation_of_any_partition() {
    let setup = Setup::new().await;
    setup.upsert(json!({"id": "b"})).await.unwrap();
    let create = |id: &str| json!({"operationType": "Create", "partitionKey": json!([id]).to_string(), "resourceBody": {"id": id}});
    let delete = json!({"operationType": "Delete", "partitionKey": "[\"c\"]", "id": "c"});
    let body = json!([create("a"), create("b"), create("c"), delete]);
    // A bulk names no partition, so it is not made by the helper for others.
    let authorization = format!("type=aad&ver=1.0&sig={}", setup.token);
    let authorization: String = url::form_urlencoded::byte_serialize(authorization.as_bytes()).collect();
    let request = setup.client.post(format!("{}{DOCS}", setup.cosmos.endpoint()));
    let request =
        request.header("authorization", authorization).header("x-ms-cosmos-is-batch-request", "True");
    let (status, results) = json_of(request.body(body.to_string())).await;
    let statuses: Vec<_> = results.as_array().unwrap().iter().map(|one| one["statusCode"].clone()).collect();
    assert_eq!((status, statuses), (207, [201, 409, 201, 204].map(|status| json!(status)).into()));
    assert_eq!(results[0]["resourceBody"]["id"], "a");
    assert_eq!((setup.read("a").await.0, setup.read("c").await.0), (200, 404));
}

#[tokio::test]
async fn a_patch_may_be_its_operations_alone() {
    let setup = Setup::new().await;
    setup.upsert(json!({"id": "a"})).await.unwrap();
    let operations = json!([{"op": "set", "path": "/city", "value": "Ulm"}]);
    let request = setup.request(Method::PATCH, &format!("{DOCS}/a"), "a").body(operations.to_string());
    assert_eq!(json_of(request).await.0, 200);
    assert_eq!(setup.read("a").await.1["city"], "Ulm");
}

#[tokio::test]
async fn the_change_feed_begins_at_a_time() {
    let setup = Setup::new().await;
    setup.upsert(json!({"id": "a"})).await.unwrap();
    let shown = async |time: &str| {
        let request = setup.request(Method::GET, DOCS, "a").header("a-im", "Incremental Feed");
        let (_, feed) = json_of(request.header("if-modified-since", time)).await;
        feed["Documents"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(shown("Thu, 01 Jan 2026 00:00:00 GMT").await, 1);
    assert_eq!(shown("Fri, 01 Jan 2100 00:00:00 GMT").await, 0);
}
