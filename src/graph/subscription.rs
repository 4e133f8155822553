//! Subscriptions to change notifications: listed, created, extended and deleted.
//!
//! <https://learn.microsoft.com/graph/api/resources/subscription>

use std::time::Instant;

use bytes::Bytes;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;

use super::client::Client;
use super::error::GraphError;
use super::link::Link;
use super::request::at;

const PATH: &str = "/subscriptions";
/// Pages of a list that are read at most; an app has a hundred subscriptions in a tenant, and a few pages.
const MOST_PAGES: usize = 100;

/// A subscription that there is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    /// Its id.
    pub id: String,
    /// What it is to.
    pub resource: String,
    /// Where its notifications go.
    #[serde(default)]
    pub notification_url: String,
    /// When it ends.
    #[serde(with = "time::serde::rfc3339", rename = "expirationDateTime")]
    pub expires: OffsetDateTime,
}

/// A subscription that is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewSubscription<'a> {
    /// Kinds of changes, joined by commas.
    pub change_type: &'static str,
    /// What it is to.
    pub resource: &'static str,
    /// Where its notifications go; Graph calls there before it answers.
    pub notification_url: &'a str,
    /// Where its lifecycle notifications go.
    pub lifecycle_notification_url: &'a str,
    /// By what its notifications are known.
    pub client_state: &'a str,
    /// When it is to end.
    #[serde(with = "time::serde::rfc3339", rename = "expirationDateTime")]
    pub expires: OffsetDateTime,
}

#[derive(Deserialize)]
struct Page {
    value: Vec<Subscription>,
    #[serde(rename = "@odata.nextLink")]
    next_link: Option<String>,
}

impl Client {
    /// The subscriptions of this app in this tenant.
    ///
    /// # Errors
    /// As [`Client::page`].
    pub async fn subscriptions(&self, deadline: Instant) -> Result<Vec<Subscription>, GraphError> {
        let (mut found, mut next) = (Vec::new(), at(self.origin(), PATH, None)?);
        for _ in 0..MOST_PAGES {
            let page: Page = read(&self.send(&Method::GET, &next, None, deadline).await?)?;
            found.extend(page.value);
            match page.next_link {
                Some(link) => next = Link::new(link).within(self.origin())?,
                None => return Ok(found),
            }
        }
        Err(GraphError::Nonsense("a list of subscriptions without an end".into()))
    }

    /// Creates a subscription; Graph validates its addresses meanwhile. When an answer is lost it is asked for
    /// again, which Graph then refuses as a conflict.
    ///
    /// # Errors
    /// As [`Client::page`]; [`GraphError::Refused`] with 409 when there is one already.
    pub async fn subscribe(
        &self,
        wanted: &NewSubscription<'_>,
        deadline: Instant,
    ) -> Result<Subscription, GraphError> {
        let url = at(self.origin(), PATH, None)?;
        read(&self.send(&Method::POST, &url, Some(body(wanted)?), deadline).await?)
    }

    /// Has a subscription end later; this also reauthorizes it.
    ///
    /// # Errors
    /// As [`Client::page`]; [`GraphError::Refused`] with 404 when it is gone.
    pub async fn extend(
        &self,
        id: &str,
        expires: OffsetDateTime,
        deadline: Instant,
    ) -> Result<Subscription, GraphError> {
        let url = at(self.origin(), PATH, Some(id))?;
        let expires = expires.format(&time::format_description::well_known::Rfc3339).unwrap_or_default();
        let body = body(&json!({ "expirationDateTime": expires }))?;
        read(&self.send(&Method::PATCH, &url, Some(body), deadline).await?)
    }

    /// Ends a subscription; it is well if there was none.
    ///
    /// # Errors
    /// As [`Client::page`].
    pub async fn unsubscribe(&self, id: &str, deadline: Instant) -> Result<(), GraphError> {
        let url = at(self.origin(), PATH, Some(id))?;
        match self.send(&Method::DELETE, &url, None, deadline).await {
            Err(GraphError::Refused(refusal)) if refusal.status == 404 => Ok(()),
            answer => answer.map(drop),
        }
    }
}

fn body(value: &impl Serialize) -> Result<Bytes, GraphError> {
    let text = serde_json::to_vec(value);
    text.map(Bytes::from).map_err(|_| GraphError::Nonsense("a subscription that cannot be written".into()))
}

fn read<T: for<'a> Deserialize<'a>>(body: &[u8]) -> Result<T, GraphError> {
    serde_json::from_slice(body)
        .map_err(|_| GraphError::Nonsense("a subscription that is not readable".into()))
}
