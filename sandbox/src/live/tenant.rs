//! Changes that the tenant makes by itself, and the notifications that Graph sends about them.

use super::deeds::LiveTenant;
use super::{Pace, Say};
use crate::graph::Graph;

/// Changes something, again and again.
pub(super) async fn change(tenant: LiveTenant, pace: Pace, say: Say) {
    loop {
        tokio::time::sleep(pace.between_changes()).await;
        if let Some(deed) = tenant.at_random() {
            say(&format!("tenant: {deed}"));
        }
    }
}

/// Has Graph notify of what happened.
pub(super) async fn notify(graph: Graph, pace: Pace, say: Say) {
    loop {
        tokio::time::sleep(pace.latency()).await;
        for status in graph.notify().await.statuses.into_iter().filter(|status| *status != 202) {
            say(&format!("Graph: a notification was answered with {status}"));
        }
    }
}
