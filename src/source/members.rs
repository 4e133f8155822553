//! The members of a group, also through groups in it: they may be the chosen parents of a feed. And those of a chat, whose
//! feeds a notification is about.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use serde_json::value::RawValue;

use super::{Source, SourceError};
use crate::graph::{self, Client, Get, GraphError, Lane};
use crate::json::Members;
use crate::protocol::{change, parent_of};

/// Most objects in a page of a list: <https://learn.microsoft.com/graph/paging>.
const PAGE: u32 = 999;

/// The users who are members of the object with this `id`, by their ids; none if there is no such object. `list`: the path of the
/// list, with a name in braces that stands for the id. <https://learn.microsoft.com/graph/api/chat-list-members>
///
/// # Errors
/// As [`Source::page`], with the cause of a 403.
pub async fn members_by_user(
    source: &Source,
    list: &str,
    id: &str,
    patience: Duration,
) -> Result<Vec<String>, SourceError> {
    let Some((before, (_, after))) = list.split_once('{').and_then(|(a, b)| Some((a, b.split_once('}')?)))
    else {
        return Ok(Vec::new());
    };
    let path = format!("{before}{}{after}", parent_of(id));
    let objects = graph::objects(&source.graph, Get::path(path), patience);
    let user = async |one: Box<RawValue>| {
        let members = Members::of(one.get());
        Ok(members.and_then(|of| of.text("userId").map(Cow::into_owned)).filter(|id| !id.is_empty()))
    };
    match objects.try_filter_map(user).try_collect().await {
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        ids => ids.map_err(|error| source.explain(error)),
    }
}

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
