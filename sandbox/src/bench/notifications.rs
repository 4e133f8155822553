//! Notifications at a steady rate, with a full enumeration of the users beside them all the time.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::used;
use crate::graph::TokenDeath;
use crate::product::staged;
use crate::world::{Setup, WORK_QUEUE, World};

/// Graph takes a slower answer for a failed one.
const SLOW: Duration = Duration::from_secs(3);

/// How much of it.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Notifications in a second, each a delivery of its own.
    pub rate: u32,
    /// For so many seconds.
    pub seconds: u32,
    /// Users of the tenant that is walked meanwhile.
    pub users: usize,
}

/// Sends them, and says how long the answers took, from the caller through the host's front and the handler.
///
/// # Errors
/// When the world does not come up, or some answer was none.
pub async fn notifications(load: Load) -> Result<Value> {
    let product = staged()?;
    let setup = Setup { users: load.users, page_size: 100, notified: true, ..Setup::new(product.path()) };
    let world = World::start(setup.set("LEASE_SECONDS", "15")).await?;
    world.settle().await?;
    world.keep_subscriptions().await?;
    world.host.pump(WORK_QUEUE).await?;
    let walks = tokio::spawn(walk(world.clone()));
    let (mut took, failed) = send(&world, load).await?;
    walks.abort();
    took.sort_unstable();
    let handler = used(&world.host);
    world.host.shutdown().await;
    ensure!(!took.is_empty() && failed == 0, "{failed} notifications were not accepted");
    let slow = took.iter().filter(|took| **took > SLOW).count();
    Ok(json!({
        "notifications": took.len(),
        "perSecond": load.rate,
        "p50Ms": ms(quantile(&took, 0.5)),
        "p99Ms": ms(quantile(&took, 0.99)),
        "maxMs": ms(quantile(&took, 1.0)),
        "over3s": slow as f64 / took.len() as f64,
        "handler": handler,
    }))
}

/// Walks without an end: each time the token is dead.
async fn walk(world: World) -> Result<()> {
    loop {
        world.graph.kill_tokens(TokenDeath::ALL[0]);
        world.fire().await?;
    }
}

async fn send(world: &World, load: Load) -> Result<(Vec<Duration>, usize)> {
    let body = genuine(world)?;
    let url = format!("{}/api/notifications", world.host.url());
    let client = reqwest::Client::builder().no_proxy().build()?;
    let mut beat = tokio::time::interval(Duration::from_secs(1) / load.rate);
    let mut sent = JoinSet::new();
    for _ in 0..load.rate * load.seconds {
        beat.tick().await;
        let request = client.post(&url).header("content-type", "application/json").body(body.clone());
        sent.spawn(async move {
            let begun = Instant::now();
            let answer = request.send().await;
            (begun.elapsed(), answer.is_ok_and(|answer| answer.status() == 202))
        });
    }
    let answers = sent.join_all().await;
    let failed = answers.iter().filter(|(_, accepted)| !accepted).count();
    Ok((answers.into_iter().map(|(took, _)| took).collect(), failed))
}

/// A notification as Graph sends it.
fn genuine(world: &World) -> Result<String> {
    let subscriptions = world.graph.subscriptions();
    let users = subscriptions.iter().find(|one| one.feed == "users").context("a subscription to users")?;
    let tenant = world.graph.tenant(|tenant| tenant.id.clone());
    let one = json!({
        "changeType": "updated", "clientState": users.client_state, "resource": "Users/1", "tenantId": tenant,
        "subscriptionId": users.id, "resourceData": {"@odata.type": "#Microsoft.Graph.User", "id": "1"},
    });
    Ok(json!({ "value": [one] }).to_string())
}

fn quantile(sorted: &[Duration], share: f64) -> Duration {
    let place = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len());
    sorted[place - 1]
}

fn ms(took: Duration) -> f64 {
    (took.as_secs_f64() * 10_000.0).round() / 10.0
}
