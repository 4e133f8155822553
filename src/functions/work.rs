//! Work items: what lies on the queue `graph-mirror-work`.

use serde::{Deserialize, Serialize};

/// One feed to go on with. No other field may steer it: a work item says where to look, never what is
/// true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkItem {
    /// The feed.
    pub feed: String,
    /// Trace context of the invocation that queued it, in W3C form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

impl WorkItem {
    /// Somebody should look at `feed`.
    pub fn new(feed: &str) -> Self {
        Self { feed: feed.to_owned(), traceparent: None }
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
