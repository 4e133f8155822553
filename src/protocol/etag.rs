//! The version of a document, as Cosmos names it.

/// The version of a document that was read; opaque.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Etag(String);

impl From<String> for Etag {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl AsRef<str> for Etag {
    fn as_ref(&self) -> &str {
        &self.0
    }
}
