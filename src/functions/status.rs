//! `status`: `GET /api/status/{resource?}` tells what is mirrored, as of when, and in which state.

use super::answer::{Answer, Failure};
use super::envelope::{self, HttpRequest};
use super::reply::Reply;
use crate::app::App;

/// The binding's name in `function.json`.
const BINDING: &str = "req";

/// Runs one invocation.
pub async fn run(app: &App, body: &[u8]) -> Result<Answer, Failure> {
    let request = envelope::read::<HttpRequest>(body, BINDING).map_err(Failure::bad)?.trigger;
    if request.method != "GET" {
        return Ok(Answer::http(Reply::not_allowed("GET"), Vec::new()));
    }
    let reply = match app.status(request.params.get("resource").map(String::as_str), 1).await {
        Ok(all) => Reply::json(200, &all),
        Err(error) => {
            tracing::error!(event = "status_failed", %error);
            error.into()
        }
    };
    Ok(Answer::http(reply, Vec::new()))
}
