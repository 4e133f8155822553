//! Drives the machine: performs each action against Graph and the store, and passes the result to the machine as an
//! event.

use super::actions::{self, Early, Fetched, Pages, Shown};
use super::turn::Turn;
use crate::protocol::machine::{Action, Event, Machine, Settled, Stop};
use crate::protocol::plan::{self, Why};
use crate::protocol::{Checkpoint, Ending, Etag, Released};
use crate::report::{SyncError, run};
use crate::store::Unfit;

/// A turn in progress.
pub(super) struct Driver<'a> {
    turn: Turn<'a>,
    /// The ids to look up.
    asked: &'a [String],
    /// The looked-up ids that were not found.
    not_found: Vec<String>,
    /// The etag of the checkpoint that this turn last read or saved.
    etag: Option<Etag>,
    pages: Pages,
    /// What the enumeration under way has shown.
    shown: Shown,
    /// The error of Graph behind [`Fetched::Failing`], kept until the machine stops the turn.
    failure: Option<SyncError>,
    /// The description of what is wrong with a container.
    unfit: Option<Box<Unfit>>,
}

impl<'a> Driver<'a> {
    /// Creates the driver of a turn; a look-up turn looks up the ids in `asked`. `early`: what Graph answered already.
    pub fn new(turn: Turn<'a>, asked: &'a [String], early: Option<Early>) -> Self {
        let (etag, failure, unfit) = (None, None, None);
        let (pages, shown) = (Pages::beginning_with(early), Shown::default());
        Self { turn, asked, not_found: Vec::new(), etag, pages, shown, failure, unfit }
    }

    /// The looked-up ids that were not found.
    pub fn into_not_found(self) -> Vec<String> {
        self.not_found
    }

    /// Performs the actions of the machine until the machine ends the turn.
    ///
    /// # Errors
    /// [`SyncError`] ends the turn; the machine knows whether the turn is dirty.
    pub async fn run(&mut self, machine: &mut Machine) -> Result<Ending, SyncError> {
        let mut action = machine.load();
        loop {
            // A feed below a parent has no record of its runs: there may be a hundred thousand of them.
            let is_recorded = self.turn.mirror().feed().parent.is_none();
            if let (Action::Leave { .. }, Some(ending), true) = (&action, machine.sync_ending(), is_recorded)
            {
                let epoch = machine.checkpoint().epoch;
                run::ended(self.turn.control(), epoch, ending, self.reached(machine)).await;
            }
            let event = self.perform(machine, action).await?;
            if machine.is_abandoning() && event == Event::Saved {
                let reached = self.reached(machine);
                run::unclean(self.turn.control(), machine.checkpoint(), reached).await;
            }
            action = match machine.on(event, self.turn.lease().now(), self.turn.is_spent()) {
                Ok(Action::End(ending)) => return Ok(ending),
                Ok(next) => next,
                Err(Stop::Failing) => return Err(self.failure.take().unwrap_or(SyncError::Failing)),
                Err(stop) => return Err(SyncError::stopped(stop, self.unfit.take())),
            };
        }
    }

    /// The progress of the turn so far.
    pub fn reached(&self, machine: &Machine) -> run::Reached {
        self.turn.reached(machine.counts(), machine.checkpoint())
    }

    /// Performs one action. Actions are on the heap: each future around them would be as large as the largest, and in a
    /// debug build the stack of a thread would hold all of them, one beside the other.
    async fn perform(&mut self, machine: &Machine, action: Action) -> Result<Event, SyncError> {
        match action {
            Action::Load => self.load(machine).await,
            Action::Save(next) => {
                // A list begins anew with each turn: that is no event.
                if let Some(why) = machine.begins().filter(|why| *why != Why::Again) {
                    let (resource, reason, generation) = (&next.feed, why.name(), next.generation);
                    tracing::info!(event = "generation", resource, reason, generation);
                }
                self.save(next).await
            }
            Action::Fetch => {
                match Box::pin(actions::fetch(&self.turn, &mut self.pages, machine.checkpoint())).await? {
                    Fetched::Told(event) => Ok(event),
                    Fetched::Failing(error) => {
                        self.failure = Some(error);
                        Ok(Event::Failing)
                    }
                }
            }
            Action::WritePage => {
                let (pages, shown) = (&mut self.pages, &mut self.shown);
                let took =
                    Box::pin(actions::write_page(&self.turn, pages, shown, machine.checkpoint())).await?;
                Ok(Event::Written(took))
            }
            Action::Weigh => {
                let weight =
                    Box::pin(actions::weigh(&self.turn, &mut self.shown, machine.checkpoint())).await?;
                Ok(Event::Weighed(weight))
            }
            Action::Sweep => {
                let swept = Box::pin(actions::sweep(&self.turn, &self.shown, machine.checkpoint())).await?;
                Ok(Event::Swept(swept))
            }
            Action::Settle => {
                let settled = Box::pin(actions::settle(&self.turn, machine.checkpoint())).await?;
                let uncarried = Box::pin(actions::uncarried(&self.turn, machine.checkpoint())).await?;
                Ok(Event::Settled(Settled { uncarried, ..settled }))
            }
            Action::LookUp => {
                let looked = Box::pin(actions::look_up(&self.turn, self.asked, machine.checkpoint())).await?;
                self.not_found.extend(looked.not_found);
                Ok(looked.event)
            }
            Action::Leave { clean, stay, settled } => Ok(self.leave(clean, stay, settled).await),
            Action::End(_) => unreachable!("the end is no action to perform"),
        }
    }

    async fn load(&mut self, machine: &Machine) -> Result<Event, SyncError> {
        let is_first = self.etag.is_none();
        let loaded = Box::pin(actions::load(&self.turn, machine.task(), is_first)).await?;
        self.etag = loaded.etag;
        self.unfit = loaded.unfit;
        Ok(loaded.event)
    }

    async fn save(&mut self, next: Box<Checkpoint>) -> Result<Event, SyncError> {
        let Some(saved) = actions::save(&self.turn, next, self.etag.as_ref()).await? else {
            return Ok(Event::Overtaken);
        };
        self.etag = Some(saved.etag);
        Ok(Event::Saved)
    }

    /// Records in the checkpoint that a container disappeared during this turn, so that other processes learn of it
    /// while their cached inspection is still valid (rule 14). Best effort: otherwise each process finds out at its
    /// next inspection.
    pub async fn tell_gone(&mut self, machine: &Machine, container: &str) {
        let (epoch, now) = (self.turn.lease().epoch().await, self.turn.lease().now());
        let next = plan::gone(machine.checkpoint(), container, epoch, now);
        let Some(next) = next.filter(|_| self.etag.is_some()) else { return };
        if let Err(error) = self.save(Box::new(next)).await {
            tracing::warn!(event = "container_not_noted", resource = self.turn.key(), %error);
        }
    }

    /// Releases the lease (rule 6). A failure loses nothing: the lease expires, and the next turn abandons our number.
    pub async fn leave(&self, clean: bool, stay: bool, settled: Option<bool>) -> Event {
        match self.turn.lease().give_back(clean, !stay, settled).await {
            Ok(Released::Done) => Event::Free,
            Ok(Released::RerunRequested) => Event::RerunRequested,
            Err(error) => {
                tracing::warn!(event = "lease_not_returned", resource = self.turn.key(), %error);
                Event::Free
            }
        }
    }
}
