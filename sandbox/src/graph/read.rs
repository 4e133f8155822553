//! What a request is answered when nothing goes wrong: pages of delta rounds and single objects.

use std::{collections::HashMap, sync::Arc};

use serde_json::{Value, json};

use super::{
    World,
    answer::Answer,
    delta::{Round, Select},
    links::Cursor,
    request::{Kind, Record},
    seed::PROPERTIES,
};

/// Delta accepts this one but does not track it.
const UNTRACKED: &[&str] = &["licenseAssignmentStates"];

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
        match record.kind {
            Kind::Initial => {
                let round = self.begin(query)?;
                Ok(self.page(Arc::new(round), 0, 0))
            }
            Kind::SkipToken | Kind::DeltaToken => self.follow(query),
            Kind::ById => self.by_id(path, query),
            Kind::Other => Err(Answer::error(
                400,
                "BadRequest",
                &format!("Resource not found for the segment '{path}'."),
            )),
        }
    }

    /// Where a client is sent whose token died.
    pub(super) fn restart(&self, query: &str) -> String {
        let select = match self.links.find(query).map(|(cursor, _)| cursor.select()) {
            Some(Select::Properties(names)) => {
                format!("$select={}&", names.iter().cloned().collect::<Vec<_>>().join(","))
            }
            _ => String::new(),
        };
        format!("{}/v1.0/users/delta?{select}$deltatoken=", self.origin)
    }

    fn begin(&mut self, query: &str) -> Result<Round, Answer> {
        let mut options: HashMap<_, _> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let select = parse_select(options.remove("$select").as_deref(), true)?;
        let token = options.remove("$deltatoken");
        if let Some(option) = options.keys().next() {
            return Err(Answer::error(
                400,
                "Request_UnsupportedQuery",
                &format!("The query option '{option}' is not supported by delta."),
            ));
        }
        let seed = self.random.u64(..);
        let users = &self.tenant.users;
        Ok(match token.as_deref() {
            Some("latest") => {
                Round::since(users, select, users.position(), users.position(), &Default::default(), seed)
            }
            _ => Round::initial(users, select, &self.quirks, seed),
        })
    }

    fn follow(&mut self, query: &str) -> Result<Answer, Answer> {
        let Some((cursor, dead)) = self.links.find(query).cloned() else {
            let message =
                "The token is not as it was issued, or query options were repeated or changed next to it.";
            return Err(Answer::error(400, "BadRequest", message));
        };
        if let Some(death) = dead {
            return Err(death.answer(&self.restart(query)));
        }
        Ok(match cursor {
            Cursor::Page { round, offset, page } => self.page(round, offset, page),
            Cursor::Delta { select, from, before } => {
                let seed = self.random.u64(..);
                let round = Round::since(&self.tenant.users, select, from, before, &self.quirks, seed);
                self.page(Arc::new(round), 0, 0)
            }
        })
    }

    /// One page: the items from `offset` on, and a next link, or the delta link after the last item.
    fn page(&mut self, round: Arc<Round>, offset: usize, page: usize) -> Answer {
        let empty = self.quirks.empty_page_every.is_some_and(|every| (page + 1).is_multiple_of(every.max(1)));
        // An empty page must be followed by one that is not, or a round would never end.
        let empty = empty && self.quirks.empty_page_every != Some(1);
        let end = if empty { offset } else { round.items.len().min(offset + self.page_size.max(1)) };
        let users = &self.tenant.users;
        let value: Vec<_> =
            round.items[offset..end].iter().filter_map(|item| round.represent(item, users)).collect();
        let (name, cursor) = if end < round.items.len() || empty {
            ("@odata.nextLink", Cursor::Page { round: Arc::clone(&round), offset: end, page: page + 1 })
        } else {
            (
                "@odata.deltaLink",
                Cursor::Delta { select: round.select.clone(), from: round.until, before: round.from },
            )
        };
        let link = format!("{}/v1.0/users/delta?{}", self.origin, self.links.issue(cursor));
        let context = format!("{}/v1.0/$metadata#users{}", self.origin, context(&round.select));
        Answer::json(json!({"@odata.context": context, "value": value, name: link}))
            .with("x-ms-resource-unit", "1")
    }

    fn by_id(&self, path: &str, query: &str) -> Result<Answer, Answer> {
        let options: HashMap<_, _> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let select = parse_select(options.get("$select").map(String::as_str), false)?;
        let id = path.rsplit('/').next().unwrap_or_default();
        let id = percent_encoding::percent_decode_str(id).decode_utf8_lossy();
        let Some(user) = self.tenant.user(&id) else {
            let message = format!(
                "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
            );
            return Err(Answer::error(404, "Request_ResourceNotFound", &message));
        };
        let mut body = select.of(user);
        if self.quirks.nulls_by_id {
            for name in PROPERTIES.iter().filter(|name| select.has(name)) {
                body.entry(*name).or_insert(Value::Null);
            }
        }
        body.insert(
            "@odata.context".into(),
            json!(format!("{}/v1.0/$metadata#users{}/$entity", self.origin, context(&select))),
        );
        Ok(Answer::json(Value::Object(body)))
    }
}

fn parse_select(text: Option<&str>, delta: bool) -> Result<Select, Answer> {
    let Some(text) = text else { return Ok(Select::Default) };
    let names = text.split(',').map(str::trim).map(String::from);
    for name in names.clone() {
        let known = PROPERTIES.contains(&name.as_str()) || UNTRACKED.contains(&name.as_str());
        if !known {
            let what = if delta {
                "is not supported in delta query"
            } else {
                "is not known on type 'microsoft.graph.user'"
            };
            return Err(Answer::error(400, "BadRequest", &format!("The property '{name}' {what}.")));
        }
    }
    Ok(Select::Properties(names.collect()))
}

fn context(select: &Select) -> String {
    match select {
        Select::Default => String::new(),
        Select::Properties(names) => format!("({})", names.iter().cloned().collect::<Vec<_>>().join(",")),
    }
}
