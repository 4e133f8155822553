//! A list of Microsoft Graph as a stream: all pages, one after another.
//!
//! Promises: every object of every page once, in Graph's order and as Graph wrote it; an error and never a short
//! list when a page cannot be read; memory for two pages, the one in hand and the one in flight. A list ends with
//! a page without a next link, also an empty one; an empty page with a next link goes on. Leaves out on purpose:
//! delta links, which a mirror keeps and a list does not.

use std::time::{Duration, Instant};

use futures_util::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use serde_json::value::RawValue;
use tokio::task::JoinHandle;

use super::answer::Answer;
use super::client::Client;
use super::error::GraphError;
use super::get::Get;
use super::guard::Guard;
use super::link::within;
use super::page::link;
use super::sending::Sent;
use crate::json::Members;
use crate::protocol::Link;

/// Gets what a request asks for, whatever its content type is, trying again as Graph asks, until `deadline`.
///
/// ```no_run
/// # async fn example(client: graph_mirror::graph::Client) -> Result<(), graph_mirror::graph::GraphError> {
/// use std::time::{Duration, Instant};
///
/// use graph_mirror::graph::{Get, answer};
///
/// let request = Get::path("/organization").select(["displayName"]);
/// let answer = answer(&client, &request, Instant::now() + Duration::from_secs(60)).await?;
/// let tenant: serde_json::Value = answer.json()?;
/// println!("{}", tenant["value"][0]["displayName"]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`GraphError::Throttled`] when Graph asks for a longer wait than is left, [`GraphError::Forbidden`] when
/// the token lacks a permission, [`GraphError::Refused`] for other refusals (see [`GraphError::is_not_found`]),
/// [`GraphError::NoToken`] when there is no token, [`GraphError::BadGet`] when nothing could be sent.
pub async fn answer(client: &Client, get: &Get, deadline: Instant) -> Result<Answer, GraphError> {
    let (url, headers) = (get.url(client.origin())?, get.headers()?);
    client.tried(&Sent { headers, takes_all: true, ..Sent::get(&url) }, deadline).await
}

/// All objects of a list, however many pages it has, each as the text that Graph sent. Whenever a page is in
/// hand, the next one is asked for already. Each page may take as long as `patience`, waits that Graph asks
/// for included. Has to be called within a Tokio runtime.
///
/// ```no_run
/// # async fn example(client: graph_mirror::graph::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use futures_util::TryStreamExt as _;
/// use graph_mirror::graph::{Get, objects};
///
/// #[derive(serde::Deserialize)]
/// #[serde(rename_all = "camelCase")]
/// struct Group {
///     id: String,
///     display_name: Option<String>,
/// }
///
/// let request = Get::path("/groups").select(["id", "displayName"]).top(999);
/// let mut groups = objects(&client, request, Duration::from_secs(300));
/// while let Some(group) = groups.try_next().await? {
///     let group: Group = serde_json::from_str(group.get())?;
///     println!("{} {}", group.id, group.display_name.unwrap_or_default());
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`answer`]; besides, [`GraphError::Gone`] when a page token ended meanwhile, [`GraphError::Loop`]
/// and [`GraphError::Nonsense`]. An error is the last item: what came before is not the whole list.
pub fn objects(
    client: &Client,
    get: Get,
    patience: Duration,
) -> BoxStream<'static, Result<Box<RawValue>, GraphError>> {
    let pages = stream::try_unfold(pages(client, get, patience), |mut pages| async move {
        let page = pages.next().await?;
        Ok::<_, GraphError>(page.map(|page| (stream::iter(page.into_iter().map(Ok::<_, GraphError>)), pages)))
    });
    pages.try_flatten().boxed()
}

/// The same, page by page.
pub fn pages(client: &Client, get: Get, patience: Duration) -> Pages {
    let flight = Some(send_off(client, &get, None, patience));
    Pages { client: client.clone(), get, patience, guard: Guard::of_list(), flight }
}

fn send_off(client: &Client, get: &Get, followed: Option<Link>, patience: Duration) -> Flight {
    let (client, get, link) = (client.clone(), get.clone(), followed.clone());
    let request = tokio::spawn(async move { list_page(&client, &get, link.as_ref(), patience).await });
    Flight { followed, request }
}

/// The first page of a list, or the one behind a next link, which is followed to the letter.
async fn list_page(
    client: &Client,
    get: &Get,
    link: Option<&Link>,
    patience: Duration,
) -> Result<Page, GraphError> {
    let url = match link {
        Some(link) => within(link, client.origin())?,
        None => get.url(client.origin())?,
    };
    let (headers, carries_token) = (get.headers()?, link.is_some());
    let sent = Sent { headers, carries_token, ..Sent::get(&url) };
    let page = Page::parse(&client.tried(&sent, Instant::now() + patience).await?.body)?;
    if let Some(link) = &page.next {
        within(link, client.origin())?;
    }
    Ok(page)
}

/// The pages of a list. Dropping it ends the request that is in flight.
#[derive(Debug)]
pub struct Pages {
    client: Client,
    get: Get,
    patience: Duration,
    guard: Guard,
    /// Nothing at the end of the list, and after an error.
    flight: Option<Flight>,
}

impl Pages {
    /// The objects of the next page, perhaps none; `None` after the last page.
    ///
    /// # Errors
    /// As [`Client::objects`].
    pub async fn next(&mut self) -> Result<Option<Vec<Box<RawValue>>>, GraphError> {
        let Some(flight) = &mut self.flight else { return Ok(None) };
        // The flight stays where it is while we wait: who is interrupted here misses no page.
        let landed = (&mut flight.request).await;
        let Some(flight) = self.flight.take() else { return Ok(None) };
        let page = landed.map_err(|_| GraphError::Unreachable("the request was interrupted".into()))??;
        self.guard.see(flight.followed.as_ref(), &page.objects, page.next.as_ref())?;
        self.flight = page.next.map(|link| send_off(&self.client, &self.get, Some(link), self.patience));
        Ok(Some(page.objects))
    }
}

/// A page that was asked for, and the link that led to it.
#[derive(Debug)]
struct Flight {
    followed: Option<Link>,
    request: JoinHandle<Result<Page, GraphError>>,
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.request.abort();
    }
}

/// A page of a list; unlike a page of a delta feed, it may have no link at all.
#[derive(Debug)]
struct Page {
    objects: Vec<Box<RawValue>>,
    next: Option<Link>,
}

impl Page {
    fn parse(body: &[u8]) -> Result<Self, GraphError> {
        let nonsense =
            || GraphError::Nonsense("an answer without the array `value` that every list has".into());
        let body = Members::read(body).ok_or_else(nonsense)?;
        let objects =
            body.find("value", |value| serde_json::from_str::<Vec<Box<RawValue>>>(value.get()).ok());
        Ok(Self { objects: objects.ok_or_else(nonsense)?, next: link(&body, "@odata.nextLink")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_may_be_the_last_one_empty_or_both() {
        let page = Page::parse(br#"{"value":[{"n":1.10},7],"@odata.nextLink":"https://g/n"}"#).unwrap();
        let objects: Vec<_> = page.objects.iter().map(|object| object.get()).collect();
        assert_eq!((objects, page.next), (vec![r#"{"n":1.10}"#, "7"], Some(Link::new("https://g/n"))));
        let page = Page::parse(br#"{"value":[],"@odata.deltaLink":"https://g/d"}"#).unwrap();
        assert!(page.objects.is_empty() && page.next.is_none());
    }

    #[test]
    fn what_is_no_list_is_named_without_its_content() {
        for body in
            [r#"{"id":"hush"}"#, r#"{"value":"hush"}"#, r#"{"value":null}"#, "hush", r#"{"value":[{"a"#]
        {
            let error = Page::parse(body.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("`value`") && !error.contains("hush"), "{error}");
        }
    }
}
