//! Answers to the host.
//!
//! Success is a 2xx with a JSON object: an empty body would hang the invocation until the function
//! times out. Failure is a non-2xx; the host ignores its body, people and tests read it.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::reply::Reply;
use super::work::WorkItem;
use crate::telemetry::TraceParent;

/// A successful invocation.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    outputs: Outputs,
    logs: Vec<String>,
    return_value: Option<Value>,
    /// The invocation is not worth a line of the log.
    #[serde(skip)]
    quiet: bool,
}

#[derive(Debug, Default, Serialize)]
struct Outputs {
    /// Work items, each a string of JSON: the host sends the elements of an array verbatim, while it
    /// would re-indent or split a bare string.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "texts")]
    work: Vec<WorkItem>,
    /// What an HTTP caller gets.
    #[serde(skip_serializing_if = "Option::is_none")]
    res: Option<Reply>,
}

impl Answer {
    /// Done; `sentence` goes into the host's log of this invocation, `work` onto the queue.
    pub fn done(sentence: String, work: Vec<WorkItem>) -> Self {
        Self { outputs: Outputs { work, res: None }, logs: vec![sentence], return_value: None, quiet: false }
    }

    /// An HTTP caller is answered; `work` goes onto the queue.
    pub fn http(reply: Reply, work: Vec<WorkItem>) -> Self {
        let logs = vec![format!("answered with status {}", reply.status())];
        Self { outputs: Outputs { work, res: Some(reply) }, logs, return_value: None, quiet: false }
    }

    /// A caller whom nobody knows is answered, without a line in any log: there may be many of them.
    pub fn quiet(reply: Reply) -> Self {
        let outputs = Outputs { work: Vec::new(), res: Some(reply) };
        Self { outputs, quiet: true, ..Self::default() }
    }

    /// Whether the invocation is left out of the log.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// With the trace context in every work item: whoever takes it continues the trace.
    pub fn traced(mut self, parent: &TraceParent) -> Self {
        for item in &mut self.outputs.work {
            item.traceparent = Some(parent.to_string());
        }
        self
    }

    /// What happened, in one sentence.
    pub fn sentence(&self) -> &str {
        self.logs.first().map_or("", String::as_str)
    }
}

fn texts<S: Serializer>(work: &[WorkItem], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(work.iter().map(WorkItem::text))
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        respond(StatusCode::OK, &self)
    }
}

/// A failed invocation.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    status: StatusCode,
    message: String,
}

impl Failure {
    /// The envelope, or what it carries, is wrong: trying again will not help.
    pub fn bad(message: impl ToString) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: message.to_string() }
    }

    /// Nothing of that name is served here.
    pub fn unknown(what: &str) -> Self {
        let message = format!("{what} is not served here; the folders under functions/ name what is");
        Self { status: StatusCode::NOT_FOUND, message }
    }

    /// The envelope is larger than the bound.
    pub fn too_large(mebibytes: usize) -> Self {
        let message = format!("the envelope is larger than {mebibytes} MiB; send less in one request");
        Self { status: StatusCode::PAYLOAD_TOO_LARGE, message }
    }

    /// The work failed, or cannot be done: the host may try again.
    pub fn refused(message: impl ToString) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, message: message.to_string() }
    }

    /// A panic.
    pub fn defect() -> Self {
        Self::refused("a defect in graph-mirror ended this invocation; its log line `panic` names the place")
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        respond(self.status, &json!({ "error": self.message }))
    }
}

fn respond(status: StatusCode, body: &impl Serialize) -> Response {
    let body = serde_json::to_string(body).unwrap_or_else(|_| "{}".into());
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_success_is_a_json_object_and_work_is_an_array_of_strings() {
        let answer = Answer::done("done".into(), vec![WorkItem::new("users")]);
        assert_eq!(
            serde_json::to_string(&answer).unwrap(),
            r#"{"Outputs":{"work":["{\"feed\":\"users\"}"]},"Logs":["done"],"ReturnValue":null}"#
        );
        assert_eq!(
            serde_json::to_string(&Answer::default()).unwrap(),
            r#"{"Outputs":{},"Logs":[],"ReturnValue":null}"#
        );
    }
}
