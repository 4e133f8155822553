//! The envelope: the host's JSON becomes a typed invocation, and nobody further in sees the raw form.
//!
//! The encoding is the host's (`ScriptInvocationContextExtensions`, `HttpRequestExtensions` and
//! `QueueTriggerBinding` of azure-functions-host): objects stay objects; everything else, numbers too, is
//! JSON inside a JSON string. Strings are therefore decoded once more where that works, and both forms
//! are taken.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

mod http;
mod queue;
mod timer;

pub use http::HttpRequest;
pub use queue::QueueItem;
pub use timer::Timer;

/// One invocation, typed by its trigger.
#[derive(Debug, PartialEq, Eq)]
pub struct Invocation<T> {
    /// What triggered it.
    pub trigger: T,
    /// The host's retry policy, when there is one.
    pub retry: Option<Retry>,
}

/// Where in the host's retry policy an invocation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Retry {
    /// 0 for the first attempt.
    pub retry_count: i64,
    /// As the policy says; -1 for ever.
    pub max_retry_count: i64,
}

/// An envelope that is not what the host sends.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// No JSON, or no envelope.
    #[error("the body is no invocation envelope: {0}")]
    NotAnEnvelope(String),
    /// The binding is not in it.
    #[error("the envelope has no `Data.{0}`; the binding's name in function.json must be `{0}`")]
    NoBinding(String),
    /// The binding's value is not what its trigger sends.
    #[error("`Data.{binding}` is not what {trigger} sends: {why}")]
    WrongTrigger {
        /// The binding.
        binding: String,
        /// The kind of trigger.
        trigger: &'static str,
        /// What is wrong.
        why: String,
    },
}

/// A kind of trigger, read from its part of the envelope.
pub trait Trigger: Sized {
    /// As in "a timer".
    const NAME: &'static str;
    /// Reads it from the binding's value and the metadata.
    fn read(value: &Value, metadata: &Metadata) -> Result<Self, String>;
}

/// `Metadata`: facts about the invocation, by name.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Metadata(HashMap<String, Value>);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Raw {
    data: HashMap<String, Value>,
    #[serde(default)]
    metadata: Metadata,
}

/// Reads an envelope whose trigger has the binding `binding`.
///
/// # Errors
/// [`EnvelopeError`] names what is wrong, without the envelope's content.
pub fn read<T: Trigger>(body: &[u8], binding: &str) -> Result<Invocation<T>, EnvelopeError> {
    let raw: Raw =
        serde_json::from_slice(body).map_err(|error| EnvelopeError::NotAnEnvelope(reason(&error)))?;
    let value = raw.data.get(binding).ok_or_else(|| EnvelopeError::NoBinding(binding.to_owned()))?;
    let trigger = T::read(value, &raw.metadata).map_err(|why| EnvelopeError::WrongTrigger {
        binding: binding.to_owned(),
        trigger: T::NAME,
        why,
    })?;
    Ok(Invocation { trigger, retry: raw.metadata.retry() })
}

impl<T> Invocation<T> {
    /// Number of this attempt, the first being 0.
    pub fn attempt(&self) -> i64 {
        self.retry.map_or(0, |retry| retry.retry_count)
    }
}

impl Metadata {
    /// A fact, decoded from its string if that is how it came.
    pub fn get<T: for<'de> Deserialize<'de>>(&self, name: &str) -> Option<T> {
        serde_json::from_value(decoded(self.0.get(name)?)).ok()
    }

    fn retry(&self) -> Option<Retry> {
        self.get("RetryContext")
    }
}

/// A value, and when it is a string of JSON, what that says.
fn decoded(value: &Value) -> Value {
    value.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| value.clone())
}

/// What is wrong with a JSON text, without quoting it.
fn reason(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        serde_json::error::Category::Data => "not the expected members",
        serde_json::error::Category::Eof => "the text ends too early",
        _ => "not JSON",
    };
    format!("{kind} (line {}, column {})", error.line(), error.column())
}

#[cfg(test)]
mod tests;
