//! The ways in which the services of Graph differ, as a row tells them.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{clock::Clock, graph::route::Route};

/// What a delta round tells of a changed object.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub enum Updates {
    /// All selected properties.
    #[default]
    Full,
    /// Its id and the changed properties: Outlook.
    Partial,
}

/// How a delta round tells that an object is gone.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub enum Removal {
    /// With `@removed`.
    #[default]
    Annotation,
    /// With the facet `deleted`: drives, lists and sites.
    DeletedFacet,
    /// As an object whose `deletedDateTime` is set: messages of chats and channels.
    DeletedDateTime,
    /// Never: classes.
    None,
}

/// Where the token of a link is.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub(in super::super) enum Tokens {
    /// In `$skiptoken` or `$deltatoken`.
    #[default]
    Options,
    /// In `token`, which also takes `latest` or a time.
    Token,
    /// The same, and links are function calls: `delta(token='…')`.
    Function,
    /// In `skipToken`: recordings and transcripts of calls.
    SkipToken,
}

/// A collection that is read by time.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Window {
    /// The property with the time.
    pub property: String,
    /// Objects older than this are gone.
    pub retention_days: Option<i64>,
}

/// A collection that delta query shows through a range of time: events, by their `start` and `end`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct View {
    /// How far back the product looks at the most, and at the least, in days: its range moves on now and then.
    back: [i64; 2],
    /// How far ahead, at the least and at the most.
    ahead: [i64; 2],
}

impl View {
    /// Where an object begins in so many minutes and takes so many.
    pub fn times(self, clock: &Clock, begins_in: i64, takes: i64) -> Map<String, Value> {
        let time = |minutes: i64| {
            let text = clock.text(-minutes).replace('Z', ".0000000");
            json!({"dateTime": text, "timeZone": "UTC"})
        };
        let times = [("start", time(begins_in)), ("end", time(begins_in + takes))];
        times.map(|(name, time)| (name.to_owned(), time)).into_iter().collect()
    }

    /// Whether an object lies in part between two times.
    pub fn shows(object: &Map<String, Value>, from: &str, until: &str) -> bool {
        let second = |text: &str| text.get(..19).unwrap_or(text).to_owned();
        let time = |name: &str| {
            object.get(name).and_then(|time| time["dateTime"].as_str()).map(second).unwrap_or_default()
        };
        let (start, end, from, until) = (time("start"), time("end"), second(from), second(until));
        start < until && (end > from || start >= from)
    }

    /// Whether the copy holds an object: yes, no, or either, where the range has moved on or has not.
    pub fn holds(self, object: &Map<String, Value>, clock: &Clock) -> Option<bool> {
        let [widest, narrowest] =
            [(self.back[0], self.ahead[1]), (self.back[1], self.ahead[0])].map(|(back, ahead)| {
                let day = |days: i64| clock.text(-days * 24 * 60);
                Self::shows(object, &day(-back), &day(ahead))
            });
        (widest == narrowest).then_some(widest)
    }
}

/// How change notifications are subscribed to, where that is not as for directory objects.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Subscribing {
    resource: String,
    /// The kinds of changes.
    pub(in super::super) changes: Vec<String>,
    /// The longest life, in minutes.
    pub(in super::super) longest: u32,
    /// A subscription of more than an hour needs an address for lifecycle notifications.
    #[serde(default)]
    pub(in super::super) lifecycle: bool,
    /// The permission that is needed, if it is not one that reads.
    pub(in super::super) permission: Option<String>,
    #[serde(skip)]
    pub(in super::super) route: Route,
}

impl Subscribing {
    pub(super) fn with_route(mut self) -> Self {
        self.route = Route::of(&self.resource);
        self
    }
}

/// How many objects a page has.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Page {
    /// Without `$top`.
    pub(in super::super) size: Option<usize>,
    /// At most.
    pub(in super::super) most: Option<usize>,
}
