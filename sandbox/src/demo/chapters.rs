//! The chapters, in order.

use std::future::Future;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;

use super::Options;
use super::catalogue::Catalogue;
use super::change::change_some;
use super::notified::notified;
use super::report::{Chapter, Report};
use super::teller::Teller;
use super::trouble;
use crate::cosmos::{self, Moment};
use crate::graph::{self, RetryAfter};
use crate::world::World;

/// Objects per page.
pub(super) const PAGE: usize = 100;
/// Objects per page while the handler is killed: small, so that there is a middle.
const SMALL_PAGE: usize = 10;

/// Tells all chapters. One that goes wrong is noted, and the next ones follow all the same.
pub async fn tell(world: &World, root: &Path, options: &Options, teller: &Teller) -> Report {
    let mut report = Report::default();
    let random = &mut fastrand::Rng::with_seed(options.seed);
    let bar = teller.copying(world, options.users);
    chapter(&mut report, teller, world, "the first copy", first_copy(world)).await;
    bar.finish();
    chapter(&mut report, teller, world, "a second run writes no document", second_run(world)).await;
    let changes = changes(world, random);
    chapter(&mut report, teller, world, "changes, removals and a restore arrive", changes).await;
    let on_demand = on_demand(world, random);
    chapter(&mut report, teller, world, "one user is refreshed on demand", on_demand).await;
    let notified = notified(world, random);
    chapter(&mut report, teller, world, "Graph sends change notifications", notified).await;
    let throttled = throttled(world, random);
    chapter(&mut report, teller, world, "a throttled run recovers", throttled).await;
    let killed = killed(world, random);
    chapter(&mut report, teller, world, "the handler is killed in the middle of a sync", killed).await;
    let links = trouble::links(world, random);
    chapter(&mut report, teller, world, "groups and their links follow", links).await;
    let expired = trouble::expired_token(world, random);
    chapter(&mut report, teller, world, "an expired delta token starts a new enumeration", expired).await;
    let frozen = trouble::frozen_handler(world, random);
    chapter(&mut report, teller, world, "a frozen handler is overtaken by another", frozen).await;
    let half = trouble::half_the_tenant(world);
    chapter(&mut report, teller, world, "half the tenant is held by the removal limit", half).await;
    others(&mut report, root, options, teller).await;
    report
}

/// The chapters about other resources, which a deployment of its own mirrors.
async fn others(report: &mut Report, root: &Path, options: &Options, teller: &Teller) {
    const FIRST: &str = "eleven more resources are added, and copied";
    let of = match Catalogue::start(root, options.seed).await {
        Ok(of) => of,
        Err(error) => {
            let failed = Chapter::new(FIRST, Err(error), &[], Duration::ZERO);
            teller.chapter(&failed);
            return report.chapters.push(failed);
        }
    };
    let world = &of.world;
    chapter(report, teller, world, FIRST, of.first_copy()).await;
    chapter(report, teller, world, "mail is followed, folder by folder", of.mail()).await;
    chapter(report, teller, world, "a drive tells of a deleted file", of.drives()).await;
    chapter(report, teller, world, "a list without a delta query loses an object", of.list()).await;
    chapter(report, teller, world, "sign-ins are read by time, late ones too", of.window()).await;
    chapter(report, teller, world, "applications and roles, as a security team follows them", of.security())
        .await;
    world.host.shutdown().await;
}

async fn chapter(
    report: &mut Report,
    teller: &Teller,
    world: &World,
    title: &'static str,
    ends: impl Future<Output = Result<String>>,
) {
    let started = Instant::now();
    let ended = ends.await;
    let differences = world.differences().await;
    let chapter = Chapter::new(title, ended, &differences, started.elapsed());
    teller.chapter(&chapter);
    report.chapters.push(chapter);
}

async fn first_copy(world: &World) -> Result<String> {
    world.settle().await
}

async fn second_run(world: &World) -> Result<String> {
    world.cosmos.reset_log();
    let sentence = world.settle().await?;
    let written = world.document_writes().len();
    ensure!(written == 0, "the second run wrote {written} documents");
    Ok(sentence)
}

async fn changes(world: &World, random: &mut fastrand::Rng) -> Result<String> {
    let count = world.graph.tenant(|tenant| {
        let mut ids = tenant.ids("users");
        random.shuffle(&mut ids);
        let mut ids = ids.into_iter();
        for id in ids.by_ref().take(6) {
            tenant.change("users", &id, json!({"jobTitle": "Keeper of copies", "mobilePhone": null}));
        }
        let gone: Vec<_> = ids.by_ref().take(4).collect();
        for id in &gone {
            tenant.remove("users", id);
        }
        tenant.purge("users", &gone[0]);
        tenant.create("users");
        gone.len()
    });
    world.settle().await?;
    world.ensure_equal().await?;
    let restored = world.graph.tenant(|tenant| {
        let mut ids = removed(tenant);
        random.shuffle(&mut ids);
        ids.first().is_some_and(|id| tenant.restore("users", id))
    });
    ensure!(restored, "no user could be restored");
    let sentence = world.settle().await?;
    Ok(format!("{count} removed, one of them restored; {sentence}"))
}

async fn on_demand(world: &World, random: &mut fastrand::Rng) -> Result<String> {
    let id = world.graph.tenant(|tenant| {
        let mut ids = tenant.ids("users");
        random.shuffle(&mut ids);
        tenant.change("users", &ids[0], json!({"jobTitle": "Asked for by name"}));
        ids.swap_remove(0)
    });
    let reply = world.call("POST", &format!("/api/refresh/users/{id}"), "").await?;
    ensure!(reply.status == 200, "the refresh answered {}: {}", reply.status, reply.body);
    world.ensure_equal().await?;
    let again = world.call("POST", &format!("/api/refresh/users/{id}"), "").await?;
    ensure!(again.body["unchanged"] == 1, "the second refresh answered {}", again.body);
    let status = world.call("GET", "/api/status/users", "").await?;
    let refreshed =
        format!("{} upserted, then {} unchanged", reply.body["upserted"], again.body["unchanged"]);
    Ok(format!("{refreshed}; the status is {}", status.body[0]["state"]))
}

fn removed(tenant: &graph::Tenant) -> Vec<String> {
    let gone = tenant.collection("users").entries().filter(|(_, entry)| entry.life == graph::Life::Removed);
    gone.map(|(id, _)| id.clone()).collect()
}

async fn throttled(world: &World, random: &mut fastrand::Rng) -> Result<String> {
    change_some(world, random, 40);
    let throttle = |seconds: &str| graph::Fault::Throttle {
        status: 429,
        retry_after: RetryAfter::Seconds(seconds.into()),
    };
    world.graph.fail(graph::Match::any(), 2, throttle("1.128"));
    let busy = cosmos::Fault::Throttle { retry_after_ms: 120 };
    world.cosmos.fail(cosmos::Match::writes().container("users"), 12, busy);
    let sentence = world.settle().await?;
    let unused = world.graph.faults().unused() + world.cosmos.faults().unused();
    ensure!(unused == 0, "{unused} refusals were not asked for");
    Ok(sentence)
}

async fn killed(world: &World, random: &mut fastrand::Rng) -> Result<String> {
    world.graph.set_page_size(SMALL_PAGE);
    change_some(world, random, 5 * SMALL_PAGE);
    let middle = cosmos::Match::writes().container("users").nth(2 * SMALL_PAGE + SMALL_PAGE / 2);
    let mut hold = world.cosmos.hold(middle, Moment::After);
    let cut = world.start_turn();
    tokio::time::timeout(Duration::from_secs(60), hold.arrived()).await?;
    let status = world.host.process().kill().await?;
    hold.discard();
    let attempt = cut.await?;
    ensure!(!attempt.succeeded(), "the killed invocation succeeded");
    let sentence = world.settle().await?;
    world.graph.set_page_size(PAGE);
    Ok(format!("{status}; restarted, the next run finished: {sentence}"))
}
