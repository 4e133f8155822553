//! Subscriptions to change notifications: listed, created, extended and deleted.
//!
//! <https://learn.microsoft.com/graph/api/resources/subscription>

use std::time::Instant;

use bytes::Bytes;
use reqwest::Method;
use serde::Serialize;
use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::client::Client;
use super::error::{GraphError, Refusal};
use super::link::within;
use super::page::link;
use super::request::at;
use crate::json::Members;

const PATH: &str = "/subscriptions";
/// Pages of a list that are read at most; an app has a hundred subscriptions in a tenant, and a few pages.
const MOST_PAGES: usize = 100;
/// What a list is called in errors.
const LIST: &str = "a list of subscriptions";
/// The member that says when a subscription ends.
const END: &str = "expirationDateTime";
/// How long a subscription is taken to live whose end cannot be read.
const SOON: Duration = Duration::minutes(1);

/// A subscription that there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its id.
    pub id: String,
    /// What it is to.
    pub resource: String,
    /// Where its notifications go.
    pub notification_url: String,
    /// When it ends.
    pub expires: OffsetDateTime,
}

impl Subscription {
    /// The subscriptions of a page. Those of others are as odd as they like: one without an id is nobody's. One whose end
    /// cannot be read is taken for one that lives, and that ends soon: it is extended, and none is created beside it.
    ///
    /// # Errors
    /// [`GraphError::Nonsense`] when it is no list.
    pub fn listed(page: &Members<'_>, now: OffsetDateTime) -> Result<Vec<Self>, GraphError> {
        let all = page.list("value").ok_or_else(|| unreadable(LIST))?;
        Ok(all.into_iter().filter_map(|one| read(&Members::of(one.get())?, now)).collect())
    }
}

/// A subscription that is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewSubscription<'a> {
    /// Kinds of changes, joined by commas.
    pub change_type: &'a str,
    /// What it is to.
    pub resource: &'a str,
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

/// The subscriptions of this app in this tenant.
///
/// # Errors
/// As [`Client::page`].
pub async fn all(client: &Client, deadline: Instant) -> Result<Vec<Subscription>, GraphError> {
    let (mut found, mut next) = (Vec::new(), at(client.origin(), PATH, None)?);
    for _ in 0..MOST_PAGES {
        let body = client.send(&Method::GET, &next, None, deadline).await?;
        let page = Members::read(&body).ok_or_else(|| unreadable(LIST))?;
        found.extend(Subscription::listed(&page, OffsetDateTime::now_utc())?);
        match link(&page, "@odata.nextLink")? {
            Some(link) => next = within(&link, client.origin())?,
            None => return Ok(found),
        }
    }
    Err(GraphError::Nonsense("a list of subscriptions without an end".into()))
}

/// A subscription by its id; none when Graph says for certain that it is gone.
///
/// # Errors
/// As [`Client::page`]: then nobody knows whether it lives.
pub async fn get(client: &Client, id: &str, deadline: Instant) -> Result<Option<Subscription>, GraphError> {
    let url = at(client.origin(), PATH, Some(id))?;
    match client.send(&Method::GET, &url, None, deadline).await {
        Err(GraphError::Refused(refusal)) if is_gone(&refusal) => Ok(None),
        answer => {
            let found = Members::read(&answer?).and_then(|one| read(&one, OffsetDateTime::now_utc()));
            let is_it = |one: &Subscription| one.id.eq_ignore_ascii_case(id);
            found.filter(is_it).map(Some).ok_or_else(|| unreadable("a subscription"))
        }
    }
}

/// Creates a subscription; Graph validates its addresses meanwhile. When an answer is lost it is asked for
/// again, which Graph then refuses as a conflict.
///
/// # Errors
/// As [`Client::page`]; [`GraphError::Refused`] with 409 when there is one already.
pub async fn create(
    client: &Client,
    wanted: &NewSubscription<'_>,
    deadline: Instant,
) -> Result<Subscription, GraphError> {
    let url = at(client.origin(), PATH, None)?;
    let answer = client.send(&Method::POST, &url, Some(body(wanted)?), deadline).await?;
    let answer = Members::read(&answer).ok_or_else(|| unreadable("a subscription"))?;
    let id = answer.text("id").filter(|id| !id.is_empty());
    let id = id.ok_or_else(|| GraphError::Nonsense("a subscription without `id`".into()))?;
    Ok(Subscription {
        id: id.into_owned(),
        resource: wanted.resource.to_owned(),
        notification_url: wanted.notification_url.to_owned(),
        expires: answer.moment(END).unwrap_or(wanted.expires),
    })
}

/// Has a subscription end later; this also reauthorizes it. Says when it ends now.
///
/// # Errors
/// As [`Client::page`]; [`GraphError::Refused`] when it is gone, as [`is_gone`] tells.
pub async fn extend(
    client: &Client,
    id: &str,
    expires: OffsetDateTime,
    deadline: Instant,
) -> Result<OffsetDateTime, GraphError> {
    let url = at(client.origin(), PATH, Some(id))?;
    let text = expires.format(&time::format_description::well_known::Rfc3339).unwrap_or_default();
    let body = body(&json!({ END: text }))?;
    let answer = client.send(&Method::PATCH, &url, Some(body), deadline).await?;
    Ok(Members::read(&answer).and_then(|answer| answer.moment(END)).unwrap_or(expires))
}

/// Ends a subscription; it is well if there was none.
///
/// # Errors
/// As [`Client::page`].
pub async fn delete(client: &Client, id: &str, deadline: Instant) -> Result<(), GraphError> {
    let url = at(client.origin(), PATH, Some(id))?;
    match client.send(&Method::DELETE, &url, None, deadline).await {
        Err(GraphError::Refused(refusal)) if is_gone(&refusal) => Ok(()),
        answer => answer.map(drop),
    }
}

/// Whether Graph says of a subscription that there is none: a 404 with its code for that. Any other 404 comes from
/// something in between (<https://github.com/microsoftgraph/microsoft-graph-docs/issues/5603> has the code).
pub fn is_gone(refusal: &Refusal) -> bool {
    let code = refusal.code.split('/').next().unwrap_or_default();
    refusal.status == 404 && (code.eq_ignore_ascii_case("ResourceNotFound") || refusal.is_gone())
}

fn body(value: &impl Serialize) -> Result<Bytes, GraphError> {
    let text = serde_json::to_vec(value);
    text.map(Bytes::from).map_err(|_| GraphError::Nonsense("a subscription that cannot be written".into()))
}

fn unreadable(what: &str) -> GraphError {
    GraphError::Nonsense(format!("{what} that is not readable"))
}

fn read(one: &Members<'_>, now: OffsetDateTime) -> Option<Subscription> {
    let text = |name: &str| one.text(name).unwrap_or_default().into_owned();
    Some(Subscription {
        id: one.text("id").filter(|id| !id.is_empty())?.into_owned(),
        resource: text("resource"),
        notification_url: text("notificationUrl"),
        expires: one.moment(END).unwrap_or(now + SOON),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_odd_subscription_of_somebody_else_hides_none_of_ours() {
        let body = br#"{"value":[null,7,{},{"id":null},{"id":"odd","resource":7,"notificationUrl":null},
            {"id":"ours","Resource":"users","notificationURL":"https://us.example","expirationDateTime":"2026-12-01T00:00:00Z","latestSupportedTlsVersion":null}],
            "@odata.context":7}"#;
        let now = OffsetDateTime::UNIX_EPOCH;
        let found = Subscription::listed(&Members::read(body).unwrap(), now).unwrap();
        let [odd, ours] = &found[..] else { panic!("{found:?}") };
        assert_eq!((odd.id.as_str(), odd.resource.as_str(), odd.expires), ("odd", "", now + SOON));
        assert_eq!((ours.resource.as_str(), ours.notification_url.as_str()), ("users", "https://us.example"));
        assert_eq!(ours.expires.unix_timestamp(), 1_796_083_200);
    }
}
