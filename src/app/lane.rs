//! What requests to Graph count towards: the service that throttles them together, and the mailbox. Pure.

use crate::catalogue::Resource;
use crate::graph::{Lane, Priority};
use crate::protocol::Feed;

/// What requests for subscriptions count towards:
/// <https://learn.microsoft.com/graph/throttling-limits#subscription-service-limits>.
pub(super) fn subscriptions() -> Lane {
    Lane { service: "subscriptions".to_owned(), ..Lane::default() }
}

/// What the requests of a feed count towards. In Outlook that is a mailbox too: that of the outermost parent.
pub(super) fn lane(resource: &Resource, feed: &Feed, priority: Priority) -> Lane {
    let service = resource.service.clone();
    let parent = feed.parent.as_deref().filter(|_| service == "outlook");
    let mailbox = parent.and_then(|parent| parent.split('/').next()).map(str::to_owned);
    Lane { service, mailbox, priority }
}
