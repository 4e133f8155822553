//! What the host makes of `Outputs` (`HttpScriptInvocationResultExtensions`, `FunctionBinding`,
//! `HttpBinding`).
//!
//! The traps are the point: a string that happens to be base64 is decoded, a string that looks like JSON is
//! parsed and written again, an array becomes several messages. The one form that is always verbatim is an
//! array of strings.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use super::answer::Answer;
use super::function_json::{Function, Output, Target};
use super::reformat::reformat;

/// The largest message: 64 KiB once it is base64 in the queue.
const LARGEST: usize = 48 * 1024;

/// What one answer causes.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Effects {
    /// In order: queue name and message bytes.
    pub messages: Vec<(String, Vec<u8>)>,
    /// The reply to an HTTP caller, for functions with an http output.
    pub http: Option<HttpReply>,
    /// Why the invocation fails nevertheless. The messages before it are sent: outputs are not atomic.
    pub failure: Option<String>,
}

/// What an HTTP caller gets.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct HttpReply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// Applies the output bindings of a function to an answer. Outputs without a binding are ignored, bindings
/// without an output write nothing.
pub(super) fn apply(function: &Function, answer: &Answer) -> Effects {
    let mut effects = Effects::default();
    // All are begun, whatever becomes of one of them.
    for output in &function.outputs {
        if let Err(reason) = apply_one(output, answer, &mut effects) {
            effects.failure.get_or_insert(reason);
        }
    }
    effects
}

fn apply_one(output: &Output, answer: &Answer, effects: &mut Effects) -> Result<(), String> {
    match &output.target {
        Target::Http => effects.http = Some(http_reply(output, answer)?),
        Target::Queue(queue) => {
            for message in messages(output, answer)? {
                if message.len() > LARGEST {
                    let size = message.len();
                    return Err(format!("output {}: a message of {size} bytes is over 48 KiB", output.name));
                }
                effects.messages.push((queue.clone(), message));
            }
        }
    }
    Ok(())
}

/// The value of an output, from where the host takes it.
enum Given<'a> {
    /// `Outputs[name]`, or a return value that is bound by name.
    Named(&'a Value),
    /// A member of a return value that is an object and is not bound (`HandleOutputDictionary`); it wins.
    Returned(&'a Value),
}

fn given<'a>(output: &Output, answer: &'a Answer) -> Option<Given<'a>> {
    if output.name == "$return" {
        return Some(&answer.return_value).filter(|value| !value.is_null()).map(Given::Named);
    }
    let returned = answer.return_value.get(&output.name).map(Given::Returned);
    let outputs = answer.outputs.as_ref();
    returned.or_else(|| outputs.and_then(|outputs| outputs.get(&output.name)).map(Given::Named))
}

fn messages(output: &Output, answer: &Answer) -> Result<Vec<Vec<u8>>, String> {
    match given(output, answer) {
        None | Some(Given::Named(Value::Null) | Given::Returned(Value::Null)) => Ok(Vec::new()),
        Some(Given::Named(value)) => {
            Ok(value.as_str().and_then(from_base64).map_or_else(|| split(value), |bytes| vec![bytes]))
        }
        Some(Given::Returned(value)) => Ok(split(value)),
    }
}

/// One value as messages (`ReadAsEnumerable`).
fn split(value: &Value) -> Vec<Vec<u8>> {
    let text = match value {
        Value::Array(elements) => return elements.iter().map(element).collect(),
        Value::String(text) => text,
        other => return vec![element(other)],
    };
    if looks_like_json(text)
        && let Ok(parsed) = serde_json::from_str::<Value>(text)
    {
        return split(&parsed);
    }
    vec![text.as_bytes().to_vec()]
}

fn element(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.as_bytes().to_vec(),
        other => reformat(other).into_bytes(),
    }
}

fn looks_like_json(text: &str) -> bool {
    let text = text.trim();
    (text.starts_with('{') && text.ends_with('}')) || (text.starts_with('[') && text.ends_with(']'))
}

/// `Convert.FromBase64String`: white space does not count, padding is required, spare bits are not looked at.
fn from_base64(text: &str) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical);
    let dense: String =
        text.chars().filter(|character| !matches!(character, ' ' | '\t' | '\r' | '\n')).collect();
    GeneralPurpose::new(&alphabet::STANDARD, LENIENT).decode(dense).ok()
}

/// The http object rule: `{statusCode|status, headers, body}`, or a JSON string of it.
fn http_reply(output: &Output, answer: &Answer) -> Result<HttpReply, String> {
    let reply = |body: &str| HttpReply { status: 200, headers: Vec::new(), body: body.to_owned() };
    let value = match given(output, answer) {
        None => return Ok(reply(if answer.outputs.is_some() { "{}" } else { "" })),
        // An output of null cannot be read as an object, and fails below.
        Some(Given::Named(value) | Given::Returned(value)) => value,
    };
    let parsed = match value {
        Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
        other => other.clone(),
    };
    let Value::Object(members) = parsed else {
        return Err(format!("output {} is not an http object", output.name));
    };
    let headers = headers(&members)?;
    let has_content_type = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let (body, plain) = match member(&members, "body") {
        None | Some(Value::Null) => (String::new(), false),
        Some(Value::String(text)) => (text.clone(), true),
        Some(other) => (reformat(other), true),
    };
    let mut reply = HttpReply { status: status(&members)?, headers, body };
    if plain && !has_content_type {
        reply.headers.push(("content-type".to_owned(), "text/plain; charset=utf-8".to_owned()));
    }
    Ok(reply)
}

/// `statusCode` alone: the host has put it there, be it null, before it would look for `status`. What is no number would
/// be a 200 in the host; here it fails, because no handler means that.
fn status(members: &Map<String, Value>) -> Result<u16, String> {
    let status = member(members, "statusCode");
    let number = match status {
        None | Some(Value::Null) => return Ok(200),
        Some(Value::String(text)) => text.parse().ok(),
        Some(other) => other.as_u64().and_then(|number| u16::try_from(number).ok()),
    };
    number.ok_or_else(|| format!("{} is not a status", status.cloned().unwrap_or_default()))
}

fn headers(members: &Map<String, Value>) -> Result<Vec<(String, String)>, String> {
    match member(members, "headers") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(headers)) => headers.iter().map(header).collect(),
        Some(_) => Err("headers is not an object".to_owned()),
    }
}

fn header((name, value): (&String, &Value)) -> Result<(String, String), String> {
    match value {
        Value::Null => Err(format!("the header {name} is null")),
        Value::String(text) => Ok((name.clone(), text.clone())),
        other => Ok((name.clone(), other.to_string())),
    }
}

fn member<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    members.iter().find(|(present, _)| present.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

#[cfg(test)]
#[path = "outputs_tests.rs"]
mod tests;
