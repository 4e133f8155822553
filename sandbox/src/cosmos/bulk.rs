//! Bulk: a batch that is not atomic, with documents of any partition; each operation is a request of its own.
//!
//! The client for JavaScript writes so, and tells the partitions by the operations. Source:
//! <https://learn.microsoft.com/azure/cosmos-db/nosql/tutorial-dotnet-bulk-import>, and that client. Left out: the time to
//! live of what is written so.

use serde_json::{Map, Value, json};

use super::{
    emulator::{Ask, Emulator, Reply},
    request::{Call, Operation},
};

/// Whether a request is one.
pub(super) fn is_bulk(call: &Call) -> bool {
    let is_atomic =
        call.header("x-ms-cosmos-batch-atomic").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    call.operation == Operation::Batch && !is_atomic && call.partition().is_empty()
}

/// The answers to all operations, in their order.
pub(super) async fn answer(emulator: &Emulator, call: &Call) -> anyhow::Result<Reply> {
    let operations: Vec<Value> = serde_json::from_slice(&call.body)?;
    let (mut results, mut headers, mut is_good) = (Vec::new(), Vec::new(), true);
    for operation in &operations {
        let reply = one(emulator, call, operation).await?;
        is_good &= reply.is_success();
        results.push(result(&reply));
        headers = reply.headers;
    }
    headers.retain(|(name, _)| !["content-length", "etag", "x-ms-substatus"].contains(&name.as_str()));
    let body = Value::Array(results).to_string().into();
    Ok(Reply { status: if is_good { 200 } else { 207 }, headers, body })
}

async fn one(emulator: &Emulator, call: &Call, operation: &Value) -> anyhow::Result<Reply> {
    let text = |name: &str| operation[name].as_str();
    let id = text("id").or_else(|| operation["resourceBody"]["id"].as_str()).unwrap_or_default();
    let id = percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC);
    let (docs, item) = (call.path.trim_end_matches('/').to_owned(), format!("{}/{id}", call.path));
    let (method, path) = match text("operationType").unwrap_or_default() {
        "Create" | "Upsert" => ("POST", docs),
        "Replace" => ("PUT", item),
        "Patch" => ("PATCH", item),
        "Delete" => ("DELETE", item),
        _ => ("GET", item),
    };
    let partition = text("partitionKey").map_or_else(|| operation["partitionKey"].to_string(), str::to_owned);
    let mut headers = vec![
        ("content-type".to_owned(), "application/json".to_owned()),
        ("x-ms-documentdb-partitionkey".to_owned(), partition),
    ];
    if text("operationType") == Some("Upsert") {
        headers.push(("x-ms-documentdb-is-upsert".into(), "True".into()));
    }
    let conditions = [("if-match", "ifMatch"), ("if-none-match", "ifNoneMatch")];
    let conditions = conditions.into_iter().filter_map(|(header, name)| Some((header, text(name)?)));
    headers.extend(conditions.map(|(header, value)| (header.to_owned(), value.to_owned())));
    let body = operation.get("resourceBody").map(Value::to_string).unwrap_or_default().into();
    emulator.ask(Ask { method, path: &path, headers, body }).await
}

/// An answer as it stands among others.
fn result(reply: &Reply) -> Value {
    let header = |name: &str| reply.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value);
    let charge = header("x-ms-request-charge").and_then(|charge| charge.parse::<f64>().ok());
    let mut result = Map::new();
    result.insert("statusCode".into(), json!(reply.status));
    result.insert("requestCharge".into(), json!(charge.unwrap_or_default()));
    result.extend(header("etag").map(|etag| ("eTag".to_owned(), json!(etag))));
    let body = serde_json::from_slice::<Value>(&reply.body).ok().filter(|_| reply.is_success());
    result.extend(body.map(|body| ("resourceBody".to_owned(), body)));
    Value::Object(result)
}
