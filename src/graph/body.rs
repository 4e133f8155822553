//! Reading an answer's body: within a bound, after decompression.

use bytes::{Bytes, BytesMut};
use reqwest::Response;

use super::error::GraphError;

/// Largest page, in bytes after decompression. Graph's own are a few MiB.
pub const MAX_PAGE_BYTES: usize = 32 << 20;
/// Largest error body that is read.
pub const MAX_ERROR_BYTES: usize = 64 << 10;

/// Why a body could not be read.
pub enum BodyError {
    /// The connection broke or the text was cut: worth another try.
    Cut,
    /// It is larger than the bound.
    TooLarge,
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

/// Whether an answer says that it is JSON.
pub fn is_json(response: &Response) -> Result<(), GraphError> {
    let header = response.headers().get(reqwest::header::CONTENT_TYPE);
    let stated = header.and_then(|value| value.to_str().ok()).unwrap_or("no content type");
    let kind = stated.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind == "application/json" || kind == "text/json" || kind.ends_with("+json") {
        Ok(())
    } else {
        Err(GraphError::Nonsense(format!("`{kind}` instead of JSON")))
    }
}
