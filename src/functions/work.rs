//! Work items: what lies on the queue `graph-mirror-work`.

use serde::{Deserialize, Serialize};

use crate::app::Feed;

/// One feed to go on with. No other field may steer it: a work item says where to look, never what is
/// true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkItem {
    /// The resource, or the name of another kind of work.
    pub feed: String,
    /// The parent, of a part of a resource: the path of its ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
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
        Self { feed: feed.resource.clone(), parent: feed.parent.clone(), traceparent: None }
    }

    /// A part of another kind of work.
    pub fn of_part(name: &str, part: &str) -> Self {
        Self { feed: name.to_owned(), parent: Some(part.to_owned()), traceparent: None }
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
