//! A world that lives by itself: timers fire by their schedules, queues deliver, the tenant changes a little all the time,
//! and Graph notifies of it.
//!
//! For people who try the product out, and for tests that want to see it work unattended; stories that pump stay as they
//! are. It promises that the same seed gives the same changes (not at the same moments), that nothing of it is left after
//! [`Living::end`], and that it does not grow but for the tenant's own log, however long it runs.
//!
//! The map: `pace` (how fast), `timers` (timers and the queue), `tenant` (what changes by itself), `control` (what somebody
//! changes by hand, over HTTP), `deeds` (what can be done to the tenant), `exports` (how another process joins).

mod control;
mod deeds;
mod exports;
mod pace;
mod tenant;
mod timers;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::task::JoinSet;

use crate::loopback::Server;
use crate::world::{REQUESTED_QUEUE, WORK_QUEUE, World};
use deeds::LiveTenant;
pub use exports::Exports;
pub use pace::Pace;

/// Says what happens, a line at a time.
pub type Say = Arc<dyn Fn(&str) + Send + Sync>;

/// How often what was recorded for stories is forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(60);

/// A world that lives until this ends.
pub struct Living {
    tasks: JoinSet<()>,
    control: Server,
}

impl Living {
    /// Lets a world live. `seed` is that of the changes; `say` is told what happens.
    ///
    /// # Errors
    /// When the control cannot be opened.
    pub async fn start(world: &World, pace: Pace, seed: u64, say: Say) -> Result<Self> {
        let tenant = LiveTenant::of(world.graph.clone(), seed);
        let control = control::open(tenant.clone(), Arc::clone(&say)).await?;
        let mut tasks = JoinSet::new();
        for (name, schedule) in world.host.timers() {
            tasks.spawn(timers::follow(world.host.clone(), name, schedule, pace, Arc::clone(&say)));
        }
        for queue in [WORK_QUEUE, REQUESTED_QUEUE] {
            tasks.spawn(timers::deliver(world.host.clone(), queue, pace, Arc::clone(&say)));
        }
        tasks.spawn(tenant::change(tenant, pace, Arc::clone(&say)));
        tasks.spawn(tenant::notify(world.graph.clone(), pace, say));
        tasks.spawn(forget(world.clone()));
        Ok(Self { tasks, control })
    }

    /// Where the tenant is changed by hand: `http://127.0.0.1:<port>`.
    pub fn control(&self) -> &str {
        self.control.origin()
    }

    /// Nothing happens by itself any more.
    pub async fn end(mut self) {
        self.tasks.shutdown().await;
    }
}

/// Forgets what stories look at, from time to time: a world may be kept for days.
async fn forget(world: World) {
    loop {
        tokio::time::sleep(FORGET_EVERY).await;
        world.cosmos.reset_log();
        world.graph.forget_requests();
        world.entra.forget_requests();
        world.host.forget();
    }
}
