//! What strikes a host, its clock, or what it rests on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;

use super::deed::{Blow, Loss, Who};
use super::loss::{Lost, lose};
use super::trace::Trace;
use crate::process_clock::ProcessClock;
use crate::world::World;

/// How a host is.
#[derive(Debug, Default)]
pub(super) struct Host {
    pub(super) frozen: AtomicBool,
    /// Its own clock, if it has one.
    pub(super) clock: Option<ProcessClock>,
}

/// Both hosts, and what they have lost.
#[derive(Debug)]
pub(super) struct Hosts {
    pub(super) each: [Host; 2],
    pub(super) lost: Lost,
}

/// A killed handler is restarted, and its successor is awake.
pub(super) async fn strike(view: &World, who: Who, blow: Blow, hosts: &Hosts, trace: &Trace) {
    let (Host { frozen, clock }, lost) = (&hosts.each[who.index()], &hosts.lost);
    // A host that is being restarted is not struck yet. A frozen host does not answer, but counts as ready.
    let struck = match blow {
        Blow::Lose(loss) => {
            if matches!(loss, Loss::Container(name) if name != "mirror") {
                // The copy knows nothing of a lost document, so the enumeration that follows must not hide its object.
                view.feeds().iter().for_each(|feed| view.graph.hide(feed, []));
            }
            // Before the blow, because the end of the story does not wait for it; and after.
            lost.note(loss, view);
            lose(&view.cosmos, loss).await.map(|()| lost.note(loss, view))
        }
        Blow::Clock(seconds) => clock.iter().try_for_each(|clock| clock.shift(seconds)),
        Blow::Kill => {
            let killed = view.host.process().kill().await.map(drop);
            frozen.store(false, Ordering::Release);
            killed
        }
        Blow::Freeze if frozen.load(Ordering::Acquire) => Ok(()),
        Blow::Freeze => {
            let ready = view.host.ready().await;
            // The thaw of all frozen hosts must not miss one that freezes now.
            frozen.store(true, Ordering::Release);
            match ready {
                Ok(()) => view.host.process().freeze().await,
                Err(error) => Err(error),
            }
        }
    };
    if let Err(error) = struck {
        trace.note(format!("    {who:?} could not be struck: {error:#}"));
    }
}

/// Two machines with different clocks see different ends of a lease. The next turn sees the lease ended; its holder
/// goes on by its own clock until it renews.
///
/// # Errors
/// When the lease cannot be written.
pub(super) async fn skew(world: &World, feed: &str) -> Result<()> {
    // A turn that was just fired may not hold the lease yet.
    for _ in 0..20 {
        let lease = world.cosmos.document("mirror", feed, "lease").await;
        if let Some(mut lease) = lease.filter(|lease| !lease["holder"].is_null()) {
            lease["expires"] = "2020-01-01T00:00:00Z".into();
            // Another write was faster: that lease has its own time.
            world.cosmos.put_over("mirror", feed, &lease).await?;
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}
