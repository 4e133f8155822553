//! What a request is answered when nothing goes wrong: pages of delta rounds and single objects.

use std::{collections::HashMap, sync::Arc, time::Instant};

use serde_json::{Value, json};

use super::{
    World,
    answer::Answer,
    collection::{Life, Object},
    delta::{Round, Terms, page_end},
    links::Cursor,
    request::{Kind, Record},
    row::Row,
    select::Select,
};

/// Where in a round a page is, and the query of the page link that asked for it, if one did.
#[derive(Clone, Copy)]
struct Place<'a> {
    offset: usize,
    page: usize,
    asked: Option<&'a str>,
}

impl World {
    /// The true answer to a request that may ask.
    pub(super) fn read(&mut self, record: &Record) -> Result<Answer, Answer> {
        let (path, query) = record.path.split_once('?').unwrap_or((&record.path, ""));
        if record.method != "GET" {
            return Err(Answer::error(
                405,
                "Request_BadRequest",
                "Specified HTTP method is not allowed for the request target.",
            ));
        }
        match (record.feed.and_then(Row::named), record.kind) {
            (Some(feed), Kind::Initial) => {
                let round = self.begin(feed, query)?;
                Ok(self.page(Arc::new(round), Place { offset: 0, page: 0, asked: None }))
            }
            (Some(feed), Kind::SkipToken | Kind::DeltaToken) => self.follow(feed, query),
            (Some(feed), Kind::ById) => self.by_id(feed, path, query),
            (Some(feed), Kind::Targets) => self.targets(feed, path, query),
            (Some(feed), Kind::List) => self.list(feed, record),
            (Some(_), Kind::Photo) => self.photo(path),
            (Some(_), Kind::MemberOf) => self.member_of(path, query),
            (_, Kind::Organization) => Ok(self.organization(path)),
            (_, Kind::Other | Kind::Me | Kind::Batch) | (None, _) => Err(Answer::error(
                400,
                "BadRequest",
                &format!("Resource not found for the segment '{path}'."),
            )),
        }
    }

    fn begin(&mut self, feed: &'static Row, query: &str) -> Result<Round, Answer> {
        let mut options: HashMap<_, _> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let select = Select::parse(feed, options.remove("$select").as_deref(), true)?;
        let token = options.remove("$deltatoken");
        if let Some(option) = options.keys().next() {
            return Err(Answer::error(
                400,
                "Request_UnsupportedQuery",
                &format!("The query option '{option}' is not supported by delta."),
            ));
        }
        let replica = self.replica(feed, 0);
        let seed = self.random.u64(..);
        let hidden = self.hidden.take(&feed.name, self.tenant.collection(&feed.name));
        let (all, terms) = (self.tenant.collection(&feed.name), self.terms(feed, replica, seed));
        Ok(match token.as_deref() {
            Some("latest") => {
                let quirks = Default::default();
                Round::since(all, select, replica, replica, Terms { quirks: &quirks, ..terms })
            }
            _ => Round::initial(all, select, terms).without(&hidden),
        })
    }

    fn follow(&mut self, feed: &Row, query: &str) -> Result<Answer, Answer> {
        let issued = self.links.find(query).filter(|(cursor, _)| cursor.select().feed.name == feed.name);
        let Some((cursor, dead)) = issued.cloned() else {
            let message =
                "The token is not as it was issued, or query options were repeated or changed next to it.";
            return Err(Answer::error(400, "BadRequest", message));
        };
        if let Some(death) = dead {
            return Err(death.answer(&self.restart(feed, query)));
        }
        Ok(match cursor {
            Cursor::Page { round, offset, page } => {
                self.page(round, Place { offset, page, asked: Some(query) })
            }
            Cursor::Delta { select, from, before } => {
                let replica = self.replica(feed, 0);
                let seed = self.random.u64(..);
                let (all, terms) = (self.tenant.collection(&feed.name), self.terms(feed, replica, seed));
                let round = Round::since(all, select, from, before, terms);
                self.page(Arc::new(round), Place { offset: 0, page: 0, asked: None })
            }
            Cursor::List { .. } => {
                return Err(Answer::error(400, "BadRequest", "The token is one of a list."));
            }
        })
    }

    /// Where a client is sent whose token died.
    fn restart(&self, feed: &Row, query: &str) -> String {
        let names = self.links.find(query).and_then(|(cursor, _)| cursor.select().text());
        let select = names.map(|names| format!("$select={names}&")).unwrap_or_default();
        format!("{}/v1.0/{}/delta?{select}$deltatoken=", self.origin, feed.name)
    }

    /// One page: the items from its place on, and a next link, or the delta link after the last item.
    fn page(&mut self, round: Arc<Round>, place: Place<'_>) -> Answer {
        let feed = round.select.feed;
        let replica = self.replica(feed, round.until);
        let (end, next) = self.extent(&round, place);
        let all = self.tenant.collection(&feed.name);
        let items = round.items[place.offset..end].iter();
        let value: Vec<_> = items.filter_map(|item| round.represent(item, all, replica)).collect();
        let (name, query) = match (next, place.asked) {
            (Some(_), Some(asked)) if self.quirks.repeat_link => ("@odata.nextLink", asked.to_owned()),
            (Some(offset), _) => {
                let cursor = Cursor::Page { round: Arc::clone(&round), offset, page: place.page + 1 };
                ("@odata.nextLink", self.links.issue(cursor))
            }
            (None, _) => {
                let (select, from) = (round.select.clone(), round.until);
                ("@odata.deltaLink", self.links.issue(Cursor::Delta { select, from, before: round.from }))
            }
        };
        let link = format!("{}/v1.0/{}/delta?{query}", self.origin, feed.name);
        let context = format!("{}/v1.0/$metadata#{}{}", self.origin, feed.name, context(&round.select));
        Answer::json(json!({"@odata.context": context, "value": value, name: link}))
            .with("x-ms-resource-unit", "1")
    }

    /// Where a page ends, and where the next one begins if there is one.
    fn extent(&self, round: &Round, Place { offset, page, .. }: Place<'_>) -> (usize, Option<usize>) {
        let end = page_end(&round.items, offset, self.page_size);
        if self.quirks.repeat_page {
            return (end, Some(offset));
        }
        // An empty page must be followed by one that is not, or a round would never end.
        let every = self.quirks.empty_page_every.filter(|every| *every > 1);
        if every.is_some_and(|every| (page + 1).is_multiple_of(every)) {
            return (offset, Some(offset));
        }
        (end, (end < round.items.len() || self.quirks.repeat_link).then_some(end))
    }

    pub(super) fn not_found(id: &str) -> Answer {
        let message = format!(
            "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
        );
        Answer::error(404, "Request_ResourceNotFound", &message)
    }

    fn by_id(&mut self, feed: &'static Row, path: &str, query: &str) -> Result<Answer, Answer> {
        let options: HashMap<_, _> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let select = Select::parse(feed, options.get("$select").map(String::as_str), false)?;
        let id = path.rsplit('/').next().unwrap_or_default();
        let id = self.found(feed, &percent_encoding::percent_decode_str(id).decode_utf8_lossy());
        let replica = self.replica(feed, 0);
        let entry = self.tenant.collection(&feed.name).entry(&id).and_then(|entry| entry.at(replica));
        let Some((Life::Living, object)) = entry else {
            return Err(Self::not_found(&id));
        };
        let mut body = select.of(object);
        if self.quirks.nulls_by_id {
            for name in feed.properties.iter().filter(|name| select.has(name)) {
                body.entry(name).or_insert(Value::Null);
            }
        }
        let version = version(path);
        let context =
            format!("{}/{version}/$metadata#{}{}/$entity", self.origin, feed.name, context(&select));
        body.insert("@odata.context".into(), json!(context));
        Ok(Answer::json(Value::Object(body)))
    }

    /// The id of an object that is named by its id or, a user, by its principal name, in either case.
    pub(super) fn found(&self, feed: &Row, name: &str) -> String {
        let all = self.tenant.collection(&feed.name);
        if all.entry(name).is_some() {
            return name.to_owned();
        }
        let is_named = |(id, object): &(&String, &Object)| {
            let principal = object.get("userPrincipalName").and_then(Value::as_str).unwrap_or_default();
            id.eq_ignore_ascii_case(name) || principal.to_lowercase() == name.to_lowercase()
        };
        all.living().find(is_named).map_or_else(|| name.to_owned(), |(id, _)| id.clone())
    }

    /// The position of the replica that answers this request.
    pub(super) fn replica(&mut self, feed: &Row, at_least: usize) -> usize {
        let (head, agreed) = (self.tenant.collection(&feed.name).position(), self.agreed(feed));
        self.replicas.next(feed, head, at_least.max(agreed), self.quirks.random_lag)
    }

    /// What every replica has seen by now.
    fn agreed(&self, feed: &Row) -> usize {
        let agreed = self.quirks.agree_within.and_then(|lag| Instant::now().checked_sub(lag));
        agreed.map_or(0, |moment| self.tenant.collection(&feed.name).position_at(moment))
    }

    fn terms(&self, feed: &Row, replica: usize, seed: u64) -> Terms<'_> {
        let told = replica.saturating_sub(self.quirks.lag).max(self.agreed(feed)).min(replica);
        Terms { quirks: &self.quirks, replica, told, links_per_slice: self.members_per_slice, seed }
    }
}

/// The version of the API that a path begins with.
pub(super) fn version(path: &str) -> &str {
    path.split('/').nth(1).unwrap_or("v1.0")
}

pub(super) fn context(select: &Select) -> String {
    select.text().map(|names| format!("({names})")).unwrap_or_default()
}
