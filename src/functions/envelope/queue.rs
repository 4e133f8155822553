//! The queue trigger.

use serde_json::value::RawValue;

use super::{Metadata, Trigger};
use crate::json;

/// A queue message.
#[derive(Debug, PartialEq, Eq)]
pub struct QueueItem {
    /// The message's text.
    pub text: String,
    /// How often it has been delivered, this time included.
    pub dequeue_count: u32,
}

impl Trigger for QueueItem {
    const NAME: &'static str = "a queue";

    fn read(value: &RawValue, metadata: &Metadata<'_>) -> Result<Self, String> {
        let text = match (json::text(value), value.get()) {
            // A text arrives as a JSON string inside the JSON string.
            (Some(outer), _) => serde_json::from_str(&outer).unwrap_or_else(|_| outer.into_owned()),
            (None, object) if object.starts_with('{') => object.to_owned(),
            (None, string) if string.starts_with('"') => return Err("a string that is no text".into()),
            _ => return Err("neither a string nor an object".into()),
        };
        // A JSON message may overwrite the host's own facts; a count is a count or unknown.
        let dequeue_count = metadata.get("DequeueCount").unwrap_or(1);
        Ok(Self { text, dequeue_count })
    }
}
