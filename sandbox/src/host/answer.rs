//! Judges what a handler answered to an envelope (`DefaultHttpWorkerService`, `HttpScriptInvocationResult`).
//!
//! Only the status, the content type and the shape matter here; what the outputs mean is the business of
//! `outputs`.

use bytes::Bytes;
use reqwest::header::HeaderMap;
use serde_json::{Map, Value};

/// The bytes as they came.
#[derive(Debug, Clone)]
pub(super) struct Received {
    pub status: u16,
    pub content_type: Option<String>,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// An answer that the host accepts.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Answer {
    /// `None` when the answer has no `Outputs`, or null ones.
    pub outputs: Option<Map<String, Value>>,
    pub logs: Vec<String>,
    pub return_value: Value,
}

/// An answer that the host does not accept.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Refused {
    Failed(String),
    /// The host would never complete the invocation: `ReadAsAsync` gives null, and nobody completes the
    /// result.
    WouldHang(String),
}

/// Reads an answer as the host does.
pub(super) fn judge(received: &Received) -> Result<Answer, Refused> {
    if !(200..300).contains(&received.status) {
        let excerpt = excerpt(&received.body);
        return Err(Refused::Failed(format!("the handler answered {}{excerpt}", received.status)));
    }
    if received.body.is_empty() {
        return Err(Refused::WouldHang(format!("{} with an empty body", received.status)));
    }
    if !is_json(received.content_type.as_deref()) {
        let shown = received.content_type.as_deref().unwrap_or("none");
        return Err(Refused::Failed(format!("Invalid HttpResponseMessage: the content type is {shown}")));
    }
    match serde_json::from_slice(&received.body) {
        Ok(Value::Object(members)) => read(members),
        Ok(Value::Null) => Err(Refused::WouldHang(format!("{} with the body null", received.status))),
        Ok(_) => Err(Refused::Failed("the answer is not a JSON object".to_owned())),
        // White space alone reads as null, too.
        Err(_) if received.body.iter().all(u8::is_ascii_whitespace) => {
            Err(Refused::WouldHang(format!("{} with an empty body", received.status)))
        }
        Err(error) => Err(Refused::Failed(format!("the answer is not JSON: {error}"))),
    }
}

/// The start of a body, for the person who reads why a test failed; the real host discards it.
fn excerpt(body: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(body).chars().take(500).collect();
    if text.is_empty() { text } else { format!(": {text}") }
}

fn is_json(content_type: Option<&str>) -> bool {
    let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    ["application/json", "text/json"].iter().any(|known| media_type.eq_ignore_ascii_case(known))
}

/// Member names count in any case; unknown members do not count.
fn read(members: Map<String, Value>) -> Result<Answer, Refused> {
    let mut answer = Answer::default();
    for (name, value) in members {
        match name.to_lowercase().as_str() {
            "outputs" => answer.outputs = outputs(value)?,
            "logs" => answer.logs = logs(value)?,
            "returnvalue" => answer.return_value = value,
            _ => {}
        }
    }
    Ok(answer)
}

fn outputs(value: Value) -> Result<Option<Map<String, Value>>, Refused> {
    match value {
        Value::Null => Ok(None),
        Value::Object(outputs) => Ok(Some(outputs)),
        _ => Err(Refused::Failed("Outputs is not an object".to_owned())),
    }
}

fn logs(value: Value) -> Result<Vec<String>, Refused> {
    let text = |value: Value| match value {
        Value::String(text) => Some(text),
        _ => None,
    };
    let lines = match value {
        Value::Null => Some(Vec::new()),
        Value::Array(lines) => lines.into_iter().map(text).collect(),
        _ => None,
    };
    lines.ok_or_else(|| Refused::Failed("Logs is not an array of strings".to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judged(status: u16, content_type: &str, body: &str) -> Result<Answer, Refused> {
        let content_type = (!content_type.is_empty()).then(|| content_type.to_owned());
        let headers = HeaderMap::new();
        judge(&Received { status, content_type, headers, body: Bytes::copy_from_slice(body.as_bytes()) })
    }

    const JSON: &str = "application/json";

    #[test]
    fn a_2xx_with_a_json_object_succeeds() {
        assert_eq!(judged(200, JSON, "{}"), Ok(Answer::default()));
        assert_eq!(judged(201, "text/json; charset=utf-8", r#"{"other":1}"#), Ok(Answer::default()));
        let answer =
            judged(200, JSON, r#"{"outputs":{"work":["a"]},"LOGS":["one"],"ReturnValue":null}"#).unwrap();
        assert_eq!(answer.outputs.unwrap()["work"], json!(["a"]));
        assert_eq!(answer.logs, ["one"]);
    }

    #[test]
    fn an_empty_or_null_body_would_hang() {
        for (status, content_type, body) in
            [(200, JSON, ""), (204, "", ""), (202, "text/plain", ""), (200, JSON, "null"), (200, JSON, " \n")]
        {
            assert!(
                matches!(judged(status, content_type, body), Err(Refused::WouldHang(_))),
                "{status} {body:?}"
            );
        }
    }

    #[test]
    fn another_status_content_type_or_body_fails() {
        for (status, content_type, body) in [
            (500, JSON, "{}"),
            (302, JSON, "{}"),
            (200, "text/plain", "{}"),
            (200, "", "{}"),
            (200, JSON, "{"),
            (200, JSON, "[]"),
            (200, JSON, r#"{"Logs":"one"}"#),
            (200, JSON, r#"{"Logs":[1]}"#),
            (200, JSON, r#"{"Outputs":[]}"#),
        ] {
            assert!(
                matches!(judged(status, content_type, body), Err(Refused::Failed(_))),
                "{status} {body:?}"
            );
        }
    }
}
