//! Calls through the host's HTTP front, as somebody with the function key makes them.

use reqwest::Method;
use sandbox::world::World;
use serde_json::Value;

/// What a caller gets.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub content_type: String,
    pub body: Value,
    headers: reqwest::header::HeaderMap,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// One call; an empty body is none.
pub async fn call(world: &World, method: &str, path: &str, body: &str) -> Reply {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let request = client().request(method, format!("{}{path}", world.host.url()));
    let request = request.header("x-functions-key", "sandbox-function-key").body(body.to_owned());
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let content_type = headers.get("content-type").map(|value| value.to_str().unwrap().to_owned());
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status}: no JSON: {text}"));
    Reply { status, content_type: content_type.unwrap_or_default(), body, headers }
}

/// The status that somebody without a key gets.
pub async fn call_without_key(world: &World, path: &str) -> u16 {
    client().post(format!("{}{path}", world.host.url())).send().await.unwrap().status().as_u16()
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}
