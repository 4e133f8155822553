//! What the tenant does by itself, and Graph on account of it.

use super::deeds::Tenant;
use super::{Pace, Say};
use crate::graph::Graph;

/// Changes something, again and again.
pub(super) async fn change(tenant: Tenant, pace: Pace, say: Say) {
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
