//! What a query selects: properties and navigation properties of one feed.

use std::collections::BTreeSet;

use super::{answer::Answer, collection::Object, relationship::Relationship, row::Row};

/// Which properties were asked for, and of which feed. Source: <https://learn.microsoft.com/graph/delta-query-overview>.
#[derive(Clone, Debug)]
pub(super) struct Select {
    pub(super) feed: &'static Row,
    /// Nothing: no `$select`, the default set.
    names: Option<BTreeSet<String>>,
}

impl Select {
    /// The meaning of `$select`; `delta` says in whose words an unknown name is refused.
    pub(super) fn parse(feed: &'static Row, text: Option<&str>, delta: bool) -> Result<Self, Answer> {
        let Some(text) = text else { return Ok(Self { feed, names: None }) };
        let names: BTreeSet<_> = text.split(',').map(|name| name.trim().to_owned()).collect();
        let is_known = |name: &str| {
            Relationship::told_by(&feed.name).any(|relationship| relationship.name() == name)
                || feed.has(name)
        };
        match names.iter().find(|name| !is_known(name)) {
            None => Ok(Self { feed, names: Some(names) }),
            Some(name) => {
                let what = match delta {
                    true => "is not supported in delta query".to_owned(),
                    false => format!("is not known on type 'microsoft.graph.{}'", feed.kind),
                };
                Err(Answer::error(400, "BadRequest", &format!("The property '{name}' {what}.")))
            }
        }
    }

    /// Whether a property is selected.
    pub(super) fn has(&self, name: &str) -> bool {
        let is_asked = |names: &BTreeSet<String>| names.contains(name);
        name == "id" || self.names.as_ref().map_or_else(|| self.feed.shows(name), is_asked)
    }

    /// Whether links are told.
    pub(super) fn tells(&self, relationship: Relationship) -> bool {
        match &self.names {
            None => relationship.comes_by_default(),
            Some(names) => names.contains(relationship.name()),
        }
    }

    /// The relationships that are told.
    pub(super) fn relationships(&self) -> impl Iterator<Item = Relationship> {
        Relationship::told_by(&self.feed.name).filter(|relationship| self.tells(*relationship))
    }

    /// The selected part of an object; what was never set stays absent.
    pub(super) fn of(&self, object: &Object) -> Object {
        let selected = object.iter().filter(|(name, _)| self.has(name));
        selected.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// The same as lists and single objects have it, where a selected property that was never set is null.
    pub(super) fn whole(&self, object: &Object) -> Object {
        let names = self.feed.properties.iter().filter(|name| self.has(name));
        names.map(|name| (name.clone(), object.get(name).cloned().unwrap_or_default())).collect()
    }

    /// The names as they were asked for, if they were.
    pub(super) fn text(&self) -> Option<String> {
        self.names.as_ref().map(|names| names.iter().cloned().collect::<Vec<_>>().join(","))
    }
}
