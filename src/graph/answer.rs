//! What a general request is answered: a body, as it came.

use bytes::Bytes;
use serde::Deserialize;

use super::body;
use super::error::GraphError;
use crate::json::without_mark;

/// An answer, read completely: at most 32 MiB after decompression. Without content (204), both are empty.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The content type without its parameters, in lower case, such as `application/json`.
    pub content_type: String,
    /// The body, byte for byte as Graph sent it.
    pub body: Bytes,
}

impl Answer {
    /// Whether the content type is one of JSON.
    pub fn is_json(&self) -> bool {
        body::is_json(&self.content_type)
    }

    /// The body as a type that serde knows, for instance [`serde_json::Value`] or a struct with the selected
    /// properties.
    ///
    /// # Errors
    /// [`GraphError::Nonsense`] when the body is no JSON, or no JSON of this form.
    pub fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T, GraphError> {
        if !self.is_json() {
            return Err(GraphError::Nonsense(format!(
                "`{}` instead of JSON",
                body::named(&self.content_type)
            )));
        }
        serde_json::from_slice(without_mark(&self.body)).map_err(|error| {
            GraphError::Nonsense(format!("an object that is not as expected ({:?})", error.classify()))
        })
    }
}
