//! What a query selects: properties and navigation properties of one feed, and of which objects.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    answer::Answer,
    collection::Object,
    condition::Condition,
    relationship::Relationship,
    row::{Row, View},
};

/// Which properties were asked for, and of which feed. Source: <https://learn.microsoft.com/graph/delta-query-overview>.
#[derive(Clone, Debug)]
pub(super) struct Select {
    pub(super) feed: &'static Row,
    /// Nothing: no `$select`, the default set.
    names: Option<BTreeSet<String>>,
    /// What is expanded.
    expanded: Vec<String>,
    /// What the keys of the objects begin with.
    pub(super) under: String,
    /// The times between which the objects are.
    pub(super) between: Option<(String, String)>,
    /// What the objects have to fulfil.
    filter: Option<Arc<Condition>>,
    /// Objects of a page, if it was asked for.
    pub(super) top: Option<usize>,
}

impl Select {
    /// The meaning of `$select`; `delta` says in whose words an unknown name is refused.
    pub(super) fn parse(feed: &'static Row, text: Option<&str>, delta: bool) -> Result<Self, Answer> {
        let of = |names| {
            let (expanded, under) = (Vec::new(), String::new());
            Self { feed, names, expanded, under, between: None, filter: None, top: None }
        };
        let Some(text) = text else { return Ok(of(None)) };
        if !feed.select {
            let message = "The following parameters are not supported with change tracking over the 'CalendarView' \
                           resource: '$orderby, $filter, $select, $expand, $search, $top'.";
            return Err(Answer::error(400, "ErrorInvalidUrlQuery", message));
        }
        let names: BTreeSet<_> = text.split(',').map(|name| name.trim().to_owned()).collect();
        let is_known = |name: &str| {
            Relationship::tracked_by(&feed.name).any(|relationship| relationship.name() == name)
                || feed.has(name)
        };
        match names.iter().find(|name| !is_known(name)) {
            None => Ok(of(Some(names))),
            Some(name) if delta => {
                let message = format!("The property '{name}' is not supported in delta query.");
                Err(Answer::error(400, "BadRequest", &message))
            }
            Some(name) => Err(Answer::unknown_property(feed, name)),
        }
    }

    /// The same with what `$filter` says in a delta query, which takes few properties.
    pub(super) fn filtering(mut self, text: Option<&str>) -> Result<Self, Answer> {
        // Types are told apart by their collections here.
        let Some(text) = text.filter(|text| !text.starts_with("isof(")) else { return Ok(self) };
        let condition = Condition::parse(self.feed, text)?;
        if !condition.is_about(&self.feed.filter_by) {
            let message = "The query option '$filter' is not supported by delta for this property.";
            return Err(Answer::error(400, "Request_UnsupportedQuery", message));
        }
        self.filter = Some(Arc::new(condition));
        Ok(self)
    }

    /// Whether an object fulfils the filter.
    pub(super) fn holds(&self, object: &Object) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.holds(object))
    }

    /// The same with what `$expand` says.
    pub(super) fn expanding(mut self, text: Option<&str>) -> Result<Self, Answer> {
        let mut depth = 0;
        let outer: String = text
            .unwrap_or_default()
            .chars()
            .filter(|letter| {
                depth += i32::from(*letter == '(') - i32::from(*letter == ')');
                depth == 0 && *letter != ')'
            })
            .collect();
        for name in outer.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            if !self.feed.expand.iter().any(|known| known == name) {
                return Err(Answer::unknown_property(self.feed, name));
            }
            self.expanded.push(name.to_owned());
        }
        Ok(self)
    }

    /// Whether a property is selected.
    pub(super) fn has(&self, name: &str) -> bool {
        if self.feed.expand.iter().any(|known| known == name) {
            return self.expanded.iter().any(|expanded| expanded == name);
        }
        let is_asked = |names: &BTreeSet<String>| names.contains(name);
        name == self.feed.key
            || name.starts_with('@')
            || self.names.as_ref().map_or_else(|| self.feed.shows(name), is_asked)
    }

    /// Whether an object lies between the times that were asked for, in part at least.
    pub(super) fn includes(&self, object: &Object) -> bool {
        self.between.as_ref().is_none_or(|(from, until)| View::shows(object, from, until))
    }

    /// Whether delta query reports these links.
    pub(super) fn tracks(&self, relationship: Relationship) -> bool {
        match &self.names {
            None => relationship.comes_by_default(),
            Some(names) => names.contains(relationship.name()),
        }
    }

    /// The relationships that delta query reports.
    pub(super) fn relationships(&self) -> impl Iterator<Item = Relationship> {
        Relationship::tracked_by(&self.feed.name).filter(|relationship| self.tracks(*relationship))
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

    /// What `@odata.context` says of it.
    pub(super) fn context(&self) -> String {
        self.text().map(|names| format!("({names})")).unwrap_or_default()
    }

    /// The names as they were asked for, if they were.
    pub(super) fn text(&self) -> Option<String> {
        self.names.as_ref().map(|names| names.iter().cloned().collect::<Vec<_>>().join(","))
    }
}
