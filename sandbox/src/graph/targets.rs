//! To whom one object is linked: `GET /groups/{id}/members`, `/groups/{id}/owners`, `/users/{id}/manager`.
//!
//! Unlike the delta feed, these show no soft-deleted targets, although such a link is there and comes back with its
//! target. Sources: <https://learn.microsoft.com/graph/api/group-list-members>,
//! <https://learn.microsoft.com/graph/api/group-list-owners>, <https://learn.microsoft.com/graph/api/user-list-manager>.
//! Left out: any property but the id, `$filter`, `$count` and the casts. A page link says in plain text where it goes on.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{World, answer::Answer, collection::Life, relationship::Relationship, row::Row};

/// Objects of a page where nothing else is asked for, and at most: <https://learn.microsoft.com/graph/paging>.
const PAGE: (usize, usize) = (100, 999);

impl World {
    pub(super) fn targets(&mut self, feed: &'static Row, path: &str, query: &str) -> Result<Answer, Answer> {
        let asked =
            path.trim_start_matches("/v1.0/").trim_start_matches(feed.name.as_str()).trim_start_matches('/');
        let (Some(relationship), Some((id, _))) =
            (Relationship::asked_for(&feed.name, asked), asked.split_once('/'))
        else {
            return Err(Self::not_found(asked));
        };
        let id = percent_encoding::percent_decode_str(id).decode_utf8_lossy().into_owned();
        let mut options: HashMap<_, _> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        if options.remove("$select").as_deref() != Some("id") {
            return Err(Answer::error(400, "BadRequest", "This stand-in knows `$select=id` only."));
        }
        let from = options.remove("$skiptoken").and_then(|token| token.parse().ok()).unwrap_or_default();
        let top = options.remove("$top").map_or(Ok(PAGE.0), |top| top.parse());
        let Some(top) = top.ok().filter(|top| (1..=PAGE.1).contains(top)) else {
            return Err(Answer::error(400, "Request_BadRequest", "Invalid page size specified: $top."));
        };
        if let Some(option) = options.keys().next() {
            return Err(Answer::error(
                400,
                "BadRequest",
                &format!("The query option '{option}' is not known."),
            ));
        }
        let all = self.shown(feed, &id, relationship).ok_or_else(|| Self::not_found(&id))?;
        let context = format!("{}/v1.0/$metadata#directoryObjects(id)", self.origin);
        if relationship.is_to_one() {
            let Some(mut one) = all.into_iter().next() else {
                return Err(Self::not_found(relationship.name()));
            };
            one["@odata.context"] = json!(format!("{context}/$entity"));
            return Ok(Answer::json(one));
        }
        let value: Vec<_> = all.iter().skip(from).take(top).cloned().collect();
        let mut page = json!({"@odata.context": context, "value": value});
        if from + top < all.len() {
            let next = format!("{}{path}?$select=id&$top={top}&$skiptoken={}", self.origin, from + top);
            page["@odata.nextLink"] = json!(next);
        }
        Ok(Answer::json(page))
    }

    /// The living targets of a living object, as the answering replicas know them; none when it does not live.
    fn shown(&mut self, feed: &'static Row, id: &str, relationship: Relationship) -> Option<Vec<Value>> {
        let positions = Row::all().map(|feed| (feed, self.replica(feed, 0))).collect::<Vec<_>>();
        let position = |name: &str| positions.iter().find(|(feed, _)| feed.name == name).map(|(_, at)| *at);
        let sources = self.tenant.collection(&feed.name);
        let at = position(&feed.name)?;
        let lives = |entry: Option<(Life, _)>| matches!(entry, Some((Life::Living, _)));
        if !lives(sources.entry(id).and_then(|entry| entry.at(at))) {
            return None;
        }
        let edges = sources.edges_of(id).filter(|((kind, _), edge)| *kind == relationship && edge.is_at(at));
        let shown = edges.filter_map(|((_, target), edge)| {
            let (feed, at) = positions.iter().find(|(feed, _)| feed.kind == edge.target_type)?;
            let is_living =
                lives(self.tenant.collection(&feed.name).entry(target).and_then(|entry| entry.at(*at)));
            let kind = format!("#microsoft.graph.{}", edge.target_type);
            is_living.then(|| json!({"@odata.type": kind, "id": target}))
        });
        Some(shown.collect())
    }
}
