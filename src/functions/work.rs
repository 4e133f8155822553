//! Work items: what lies on the queue `graph-mirror-work`.

use serde::{Deserialize, Serialize};

use crate::app::Feed;

/// One feed to go on with, or some of its objects. No other field may steer it: a work item says where to look, never what
/// is true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkItem {
    /// The resource, or the name of another kind of work.
    pub feed: String,
    /// The parent, of a part of a resource: the path of its ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Ids of objects of the feed, or of what its parents take part in, if only these are to be looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<String>,
    /// Trace context of the invocation that queued it, in W3C form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

impl WorkItem {
    /// Somebody should look at this resource, or do this work.
    pub fn new(name: &str) -> Self {
        Self::of(&Feed::of(name))
    }

    /// Somebody should look at this feed.
    pub fn of(feed: &Feed) -> Self {
        let (feed, parent) = (feed.resource.clone(), feed.parent.clone());
        Self { feed, parent, ids: Vec::new(), traceparent: None }
    }

    /// The same, of these objects only.
    #[must_use]
    pub fn only(self, ids: &[String]) -> Self {
        Self { ids: ids.to_vec(), ..self }
    }

    /// A part of another kind of work.
    pub fn of_part(name: &str, part: &str) -> Self {
        Self { parent: Some(part.to_owned()), ..Self::new(name) }
    }

    /// The feed.
    pub fn feed(&self) -> Feed {
        Feed { resource: self.feed.clone(), parent: self.parent.clone() }
    }

    /// As it goes onto the queue.
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_else_may_steer_a_work_item() {
        assert_eq!(
            serde_json::from_str::<WorkItem>(&WorkItem::new("users").text()).unwrap(),
            WorkItem::new("users")
        );
        assert!(serde_json::from_str::<WorkItem>(r#"{"feed":"users","link":"https://evil"}"#).is_err());
        assert!(serde_json::from_str::<WorkItem>("{}").is_err());
    }
}
