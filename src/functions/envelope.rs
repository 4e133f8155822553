//! The envelope: the host's JSON becomes a typed invocation, and nobody further in sees the raw form.
//!
//! The encoding is the host's (`ScriptInvocationContextExtensions`, `HttpRequestExtensions` and
//! `QueueTriggerBinding` of azure-functions-host): objects stay objects; everything else, numbers too, is
//! JSON inside a JSON string. Strings are therefore decoded once more where that works, and both forms
//! are taken.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::json::{self, Members, without_mark};

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    fn read(value: &RawValue, metadata: &Metadata<'_>) -> Result<Self, String>;
}

/// `Metadata`: facts about the invocation, by name.
#[derive(Debug)]
pub struct Metadata<'a>(Option<Members<'a>>);

/// Reads an envelope whose trigger has the binding `binding`.
///
/// # Errors
/// [`EnvelopeError`] names what is wrong, without the envelope's content.
pub fn read<T: Trigger>(body: &[u8], binding: &str) -> Result<Invocation<T>, EnvelopeError> {
    let envelope: Members<'_> = serde_json::from_slice(without_mark(body))
        .map_err(|error| EnvelopeError::NotAnEnvelope(reason(&error)))?;
    let data = envelope.object("Data");
    let data = data.ok_or_else(|| {
        EnvelopeError::NotAnEnvelope("not the expected members: it has no object `Data`".into())
    })?;
    let value = data.called(binding).next().ok_or_else(|| EnvelopeError::NoBinding(binding.to_owned()))?;
    let metadata = Metadata(envelope.object("Metadata"));
    let trigger = T::read(value, &metadata).map_err(|why| EnvelopeError::WrongTrigger {
        binding: binding.to_owned(),
        trigger: T::NAME,
        why,
    })?;
    Ok(Invocation { trigger, retry: metadata.retry() })
}

impl<T> Invocation<T> {
    /// Number of this attempt, the first being 0.
    pub fn attempt(&self) -> i64 {
        self.retry.map_or(0, |retry| retry.retry_count)
    }
}

impl Metadata<'_> {
    /// A fact, decoded from its string if that is how it came.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        self.0.as_ref()?.find(name, |value| {
            let decoded = json::text(value).and_then(|text| serde_json::from_str(&text).ok());
            decoded.or_else(|| serde_json::from_str(value.get()).ok())
        })
    }

    fn retry(&self) -> Option<Retry> {
        self.0.as_ref()?.find("RetryContext", |value| {
            with_members(value, |context| {
                let number = |name| context.number(name);
                Some(Retry { retry_count: number("RetryCount")?, max_retry_count: number("MaxRetryCount")? })
            })?
        })
    }
}

/// The members of an object, also where it came as a string of JSON.
fn with_members<T>(value: &RawValue, read: impl FnOnce(&Members<'_>) -> T) -> Option<T> {
    match json::text(value) {
        Some(text) => Members::of(&text).as_ref().map(read),
        None => Members::of(value.get()).as_ref().map(read),
    }
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
