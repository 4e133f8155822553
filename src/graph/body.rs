//! Reading an answer's body: within a bound, after decompression.

use bytes::{Bytes, BytesMut};
use reqwest::Response;

/// How large a body may be after decompression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// A page, or an object: Graph's own are a few MiB, and several are in memory at a time.
    Page,
    /// Whatever somebody at a terminal asks for.
    Any,
}

impl Limit {
    fn bytes(self) -> usize {
        match self {
            Self::Page => 16 << 20,
            Self::Any => 32 << 20,
        }
    }

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Page => "16 MiB",
            Self::Any => "32 MiB",
        }
    }
}

/// Largest error body that is read.
pub const MAX_ERROR_BYTES: usize = 64 << 10;

/// Why a body could not be read.
pub enum BodyError {
    /// The connection broke or the text was cut: worth another try.
    Cut,
    /// It is larger than the bound.
    TooLarge,
}

/// Reads a body within the limit.
pub async fn read_within(response: &mut Response, limit: Limit) -> Result<Bytes, BodyError> {
    read(response, limit.bytes()).await
}

/// Reads a body of at most `limit` bytes.
pub async fn read(response: &mut Response, limit: usize) -> Result<Bytes, BodyError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| BodyError::Cut)? {
        if body.len() + chunk.len() > limit {
            return Err(BodyError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// The content type of an answer, without its parameters and in lower case.
pub fn content_type(response: &Response) -> String {
    let header = response.headers().get(reqwest::header::CONTENT_TYPE);
    let stated = header.and_then(|value| value.to_str().ok()).unwrap_or("no content type");
    stated.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Content types that errors name; whatever else somebody sent could be anything.
const NAMED: [&str; 10] = [
    "text/html",
    "text/plain",
    "text/xml",
    "application/xml",
    "application/atom+xml",
    "application/octet-stream",
    "application/x-www-form-urlencoded",
    "application/json",
    "multipart/mixed",
    "no content type",
];

/// A content type as an error may name it.
pub fn named(content_type: &str) -> &'static str {
    NAMED.into_iter().find(|named| *named == content_type).unwrap_or("another content type")
}

/// Whether a content type is one of JSON.
pub fn is_json(content_type: &str) -> bool {
    content_type == "application/json" || content_type == "text/json" || content_type.ends_with("+json")
}
