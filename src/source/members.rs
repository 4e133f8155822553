//! The members of a group, also through groups in it: they may be the chosen parents of a feed.

use std::borrow::Cow;
use std::time::Instant;

use futures_util::TryStreamExt as _;

use crate::graph::{self, Client, Get, GraphError, Lane};
use crate::protocol::{change, parent_of};

/// Most objects in a page of a list: <https://learn.microsoft.com/graph/paging>.
const PAGE: u32 = 999;

/// The ids of all members of a group, whatever they are; none if there is no such group.
/// <https://learn.microsoft.com/graph/api/group-list-transitivemembers>
///
/// # Errors
/// As [`graph::objects`]: a list that ends with an error is no list.
pub(super) async fn members(
    client: &Client,
    group: &str,
    deadline: Instant,
) -> Result<Option<Vec<String>>, GraphError> {
    let lane = Lane { service: "identity".to_owned(), mailbox: None, ..client.lane().clone() };
    let path = format!("/groups/{}/transitiveMembers", parent_of(group));
    let get = Get::path(path).select(["id"]).top(PAGE);
    let patience = deadline.saturating_duration_since(Instant::now());
    let objects = graph::objects(&client.in_lane(lane), get, patience);
    let ids = objects.try_filter_map(async |one| Ok(change::read(&one).id.map(Cow::into_owned)));
    match ids.try_collect().await {
        Err(error) if error.is_not_found() => Ok(None),
        ids => ids.map(Some),
    }
}
