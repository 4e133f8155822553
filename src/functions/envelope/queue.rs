//! The queue trigger.

use serde_json::Value;

use super::{Metadata, Trigger};

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

    fn read(value: &Value, metadata: &Metadata) -> Result<Self, String> {
        let text = match value {
            // A text arrives as a JSON string inside the JSON string.
            Value::String(outer) => serde_json::from_str::<String>(outer).unwrap_or_else(|_| outer.clone()),
            Value::Object(_) => value.to_string(),
            _ => return Err("neither a string nor an object".into()),
        };
        // A JSON message may overwrite the host's own facts; a count is a count or unknown.
        let dequeue_count = metadata.get("DequeueCount").unwrap_or(1);
        Ok(Self { text, dequeue_count })
    }
}
