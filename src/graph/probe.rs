//! One request that looks how Graph answers: whether it lets us read, and how near its limits are.
//!
//! Promises: it asks once and takes whatever comes; being throttled is an answer. Nothing of the body is kept.
//! Headers: <https://learn.microsoft.com/graph/throttling#regular-responses-requests> and
//! <https://learn.microsoft.com/sharepoint/dev/general-development/how-to-avoid-getting-throttled-or-blocked-in-sharepoint-online>.

use std::time::SystemTime;

use super::client::Client;
use super::error::{GraphError, Refusal};
use super::load::{Load, load};
use super::request::at;
use super::{head, sending};

/// How Graph answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// HTTP status.
    pub status: u16,
    /// What it said, unless the status is a success.
    pub refusal: Option<Refusal>,
    /// What it said of its limits.
    pub load: Load,
}

/// Asks for a path with a query, once.
///
/// # Errors
/// [`GraphError::NoToken`] and [`GraphError::Unreachable`]: there was no answer.
pub async fn probe(client: &Client, path: &str, query: &str) -> Result<Probe, GraphError> {
    let mut url = at(client.origin(), path, None)?;
    url.set_query(Some(query).filter(|query| !query.is_empty()));
    let request = client.http()?.get(url).bearer_auth(client.token(None).await?).headers(sending::headers());
    let mut response = match request.send().await {
        Ok(response) => response,
        Err(error) => return Err(GraphError::Unreachable(sending::failure(error)?)),
    };
    let (status, load) = (response.status(), load(response.headers(), SystemTime::now()));
    let refusal = match status.is_success() {
        true => None,
        false => Some(head::refusal(&mut response).await),
    };
    Ok(Probe { status: status.as_u16(), refusal, load })
}
