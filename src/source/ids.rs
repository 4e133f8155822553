//! The ids of all objects of a collection, from a list of them.

use std::borrow::Cow;
use std::time::Instant;

use crate::graph::{Client, GraphError, Guard, Manner, Request, Shape};
use crate::protocol::{Next, change};

/// See [`super::Source::ids`]. `key`: the property that identifies an object.
pub(super) async fn ids(
    client: &Client,
    path: String,
    manner: &Manner,
    key: &str,
    deadline: Instant,
) -> Result<Vec<String>, GraphError> {
    let manner = Manner { shape: Shape::List, ..manner.clone() };
    let (mut ids, mut guard) = (Vec::new(), Guard::default());
    let mut request = Request::Initial { path, select: vec![key.to_owned()], query: Vec::new() };
    loop {
        let page = client.page(&request, &manner, deadline).await?;
        guard.see(request.followed(), &page.objects, page.next.next_link())?;
        ids.extend(page.objects.iter().filter_map(|object| change::read(object).id.map(Cow::into_owned)));
        match page.next {
            Next::NextLink(link) => request = Request::Follow(link),
            Next::DeltaLink(_) | Next::End | Next::Shards(_) => return Ok(ids),
        }
    }
}
