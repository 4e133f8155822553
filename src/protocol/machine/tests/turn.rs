//! A turn in the model: the product's machine, driven step by step. Every `step().await` is a place where
//! the turn may be killed, or frozen for as long as the schedule likes.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use time::{Duration as Span, OffsetDateTime};

mod compare;
mod lease;
mod list;
mod look;
mod page;
mod quiet;
mod sweep;

use lease::{acquire, own_moment};
use quiet::{Asked, Early};

use super::world::{
    CONTAINER, DOUBT, Entry, LATE, Lost, Off, Options, ROLLING, Version, World, clock, seconds,
};
use crate::protocol::doubt::Marks;
use crate::protocol::machine::{Action, Event, Machine, Settled, Task};
use crate::protocol::plan::Definition;
use crate::protocol::{
    Checkpoint, Containers, Counts, FirstCopy, Ids, Listing, Mode, Reach, Rolling, Source, State, Terms,
};

pub type Shared = Rc<RefCell<World>>;

/// What starts a turn.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Sync,
    Refresh(usize),
    Reset,
}

/// The turn ends here, whatever it was doing.
struct Ended;

/// A place to be killed or frozen at.
fn step() -> impl Future<Output = ()> {
    struct Step(bool);
    impl Future for Step {
        type Output = ();
        fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
        }
    }
    Step(false)
}

struct Turn {
    world: Shared,
    me: u32,
    feed: usize,
    /// The parent of the feed is gone.
    orphaned: bool,
    terms: Terms,
    etag: Option<u64>,
    /// What Graph answered before there was a lease.
    early: Option<Early>,
    page: Vec<Entry>,
    /// The page in hand is the last one.
    is_last: bool,
    /// What the last page has shown.
    seen: BTreeSet<usize>,
    /// What the enumeration of a generation has shown, once its sweep was weighed.
    weighed: Option<(u64, BTreeSet<usize>)>,
    /// The weighing has found that this generation has shown as many objects as live.
    shows_all: Option<u64>,
    /// When the page was asked for.
    asked: OffsetDateTime,
    /// When the lease ends, as far as this turn knows.
    until: i64,
    /// How far ahead this turn believes the time to be, at least and at most.
    ahead: [i64; 2],
}

/// What comes of taking the lease.
struct Taken {
    terms: Terms,
    clean: bool,
    until: i64,
    /// How far ahead the turn believes the time to be, at least and at most.
    ahead: [i64; 2],
}

fn mode(options: Options) -> Mode {
    let roll = if options.off == Some(Off::Range) { 1000 * ROLLING.roll } else { ROLLING.roll };
    match options {
        Options { list: true, .. } => Mode::List,
        Options { window: true, .. } => Mode::Window(reach(options)),
        Options { rolling: true, .. } => Mode::Rolling(Rolling { roll, ..ROLLING }),
        _ => Mode::Delta,
    }
}

fn definition(options: Options, orphaned: bool) -> Definition {
    Definition {
        feed: "model".into(),
        mode: mode(options),
        shape: "s".into(),
        tenant_id: "t".into(),
        containers: Ids::new(),
        orphaned,
        first_copy: first_copy(options),
    }
}

fn first_copy(options: Options) -> FirstCopy {
    match (options.sharded, options.links) {
        (false, _) => FirstCopy::Delta,
        (true, false) => FirstCopy::List,
        (true, true) => FirstCopy::ListOfObjects,
    }
}

/// What arrives late may reach a replica still later.
fn reach(options: Options) -> Reach {
    let overlap = if options.off == Some(Off::Overlap) { 0 } else { LATE + DOUBT };
    Reach { overlap: Span::seconds(overlap), retention: Span::days(3), bounded: true }
}

/// Whether the copy says that the parent of a feed is gone, as `sync::is_gone` has it; nothing if the feed is not due.
async fn is_gone(world: &Shared, feed: usize) -> Option<bool> {
    if feed == 0 {
        return Some(false);
    }
    // A fan-out knows the feed by its checkpoint, or else by its documents.
    let is_known =
        world.borrow().checkpoints[feed].is_some() || world.borrow().docs_of(feed).next().is_some();
    let parent = world.borrow().docs[0].clone();
    step().await;
    let gone = match parent {
        Some(parent) => parent.version.is_none() && parent.marks.source != Source::ById,
        // It left the copy without a trace: a fan-out asks Graph. Here a replica answers that knows all: one that lags may
        // take away what lies below a parent that was restored a moment ago, until the next fan-out.
        None => world.borrow().truth(0).is_none(),
    };
    world.borrow_mut().parent_left |= gone;
    step().await;
    (!gone || is_known).then_some(gone)
}

pub async fn run(world: Shared, me: u32, feed: usize, kind: Kind) {
    let task = match kind {
        Kind::Sync => Task::Sync,
        Kind::Refresh(_) => Task::LookUp,
        Kind::Reset => Task::Reset,
    };
    let orphaned = match kind {
        Kind::Sync => is_gone(&world, feed).await,
        _ => Some(false),
    };
    let Some(orphaned) = orphaned else { return };
    let early = match task {
        Task::Sync => match quiet::ask(&world, me, feed, orphaned).await {
            Asked::Quiet => return,
            Asked::Busy(early) => early,
        },
        Task::LookUp | Task::Reset => None,
    };
    let Some(taken) = acquire(&world, me, feed, task.purpose()).await else { return };
    let Taken { terms, clean, until, ahead } = taken;
    let (page, asked) = (Vec::new(), clock(0));
    let (is_last, seen, weighed, shows_all, etag) = (false, BTreeSet::new(), None, None, None);
    let mut turn = Turn {
        world,
        me,
        feed,
        orphaned,
        terms,
        etag,
        early,
        page,
        is_last,
        seen,
        weighed,
        shows_all,
        asked,
        until,
        ahead,
    };
    let clean = clean || turn.world.borrow().is_off(Off::Abandon);
    // Ended: the lease is lost, or has been given back where it happened.
    let _ = turn.run(task, clean, kind).await;
}

impl Turn {
    async fn run(&mut self, task: Task, clean: bool, kind: Kind) -> Result<(), Ended> {
        let options = self.world.borrow().options;
        let now = self.now();
        let mut machine = Machine::new(
            task,
            definition(options, self.orphaned),
            options.links,
            self.terms.epoch,
            clean,
            now,
        );
        let mut action = machine.load();
        loop {
            let event = match (action, kind) {
                (Action::LookUp, Kind::Refresh(object)) => {
                    let upserted = self.look(machine.checkpoint(), object).await?;
                    Event::LookedUp(Counts { upserted, ..Counts::default() })
                }
                (action, _) => self.perform(&machine, action).await?,
            };
            let now = self.now();
            match machine.on(event, now, false) {
                Ok(Action::End(_)) => return Ok(()),
                Ok(next) => action = next,
                Err(_) => {
                    self.release(!machine.is_dirty(), false, Some(false), machine.checkpoint().epoch).await;
                    return Err(Ended);
                }
            }
        }
    }

    async fn perform(&mut self, machine: &Machine, action: Action) -> Result<Event, Ended> {
        let checkpoint = machine.checkpoint();
        Ok(match action {
            Action::Load => self.load(machine.task()).await,
            Action::Save(next) => self.save(next).await?,
            Action::Fetch => self.fetch(checkpoint).await,
            Action::WritePage => Event::Written(self.take(checkpoint).await?),
            Action::Weigh => Event::Weighed(self.weigh(checkpoint).await),
            Action::Sweep => Event::Swept(self.sweep(checkpoint).await?),
            Action::Settle => {
                let (upserted, unseen, doubts) = self.settle(checkpoint).await?;
                let uncarried = self.uncarried(checkpoint).await;
                let counts = Counts { upserted, ..Counts::default() };
                Event::Settled(Settled { counts, unseen, doubts, uncarried })
            }
            Action::Leave { clean, stay, settled } => {
                self.release(clean, stay, settled, checkpoint.epoch).await
            }
            Action::LookUp | Action::End(_) => unreachable!("handled where it comes up"),
        })
    }

    /// The time; a feed that starts without numbers from time does not know it.
    fn now(&self) -> OffsetDateTime {
        let mut world = self.world.borrow_mut();
        let second = match world.options.off {
            Some(Off::Time) => return clock(0),
            Some(Off::OwnClock) => world.own_clock(self.me),
            _ => world.now + self.ahead[0],
        };
        world.moment(second)
    }

    /// The second of [`Turn::now`].
    fn seconds(&self) -> i64 {
        (self.now() - clock(0)).whole_seconds()
    }

    /// No earlier than it is: what documents say of when they were read.
    fn latest(&self) -> i64 {
        let off = self.world.borrow().options.off;
        match off {
            Some(Off::Time | Off::OwnClock) => self.seconds(),
            _ => self.world.borrow().now + self.ahead[1],
        }
    }

    /// What Graph shows of an object by its id, if it lies in the range of the feed.
    fn by_id(&self, checkpoint: &Checkpoint, object: usize) -> Version {
        let mut world = self.world.borrow_mut();
        let version = world.by_id(object);
        let range = checkpoint.window.filter(|_| !world.is_off(Off::Outside)).map(seconds);
        world.within(range, version)
    }

    async fn load(&mut self, task: Task) -> Event {
        (self.weighed, self.shows_all) = (None, None);
        let found = self.world.borrow().checkpoints[self.feed].clone();
        step().await;
        self.etag = found.as_ref().map(|(_, etag)| *etag);
        let off = self.world.borrow().options.off;
        let Some((mut checkpoint, _)) = found else {
            self.loaded(0, None);
            let containers = self.look_at_container(None).await;
            let now = self.now();
            return Event::Lost(self.world.borrow_mut().numbers(self.feed, now), containers);
        };
        self.loaded(checkpoint.save, checkpoint.wrote_at);
        if off == Some(Off::Epoch) {
            checkpoint.epoch = 0;
        }
        if off == Some(Off::PendingSweep) {
            checkpoint.pending_sweep = None;
        }
        if off == Some(Off::Ended) && self.orphaned {
            checkpoint.abandoned.clear();
        }
        if off == Some(Off::Reopen) && matches!(task, Task::LookUp) {
            checkpoint.ended = None;
        }
        if off == Some(Off::Listed) && matches!(checkpoint.listing, Some(Listing::Done { .. })) {
            checkpoint.listing = None;
        }
        if off == Some(Off::LostDoubt) {
            checkpoint.first_save = 0;
        }
        let containers = self.look_at_container(Some(&checkpoint)).await;
        Event::Loaded(checkpoint, containers)
    }

    /// The container as this process knows it: it looks again after an hour, or when the checkpoint knows another one.
    async fn look_at_container(&mut self, checkpoint: Option<&Checkpoint>) -> Containers {
        let known = checkpoint.and_then(|checkpoint| checkpoint.containers.get(CONTAINER)).cloned();
        let id = self.world.borrow_mut().look_at_container(self.me, known.as_deref());
        step().await;
        let ids = id.map(|id| (CONTAINER.to_owned(), id)).into_iter().collect();
        Containers { ids, unfit: None }
    }

    async fn save(&mut self, next: Box<Checkpoint>) -> Result<Event, Ended> {
        let number = next.save;
        let answer = {
            let mut world = self.world.borrow_mut();
            let present = world.checkpoints[self.feed].as_ref().map(|(_, etag)| *etag);
            if present != self.etag && !world.is_off(Off::SaveMatch) {
                world.note(|| "  checkpoint: somebody was faster".into());
                // One that is gone is not there to be replaced.
                if present.is_some() { Ok(Event::Overtaken) } else { Err(Lost) }
            } else {
                let etag = world.next_etag();
                world.note(|| {
                    format!(
                        "  checkpoint {:?} generation {} pending {:?} save {} abandoned {:?}",
                        next.state, next.generation, next.pending_sweep, next.save, next.abandoned
                    )
                });
                world.checkpoints[self.feed] = Some((next, etag));
                self.etag = Some(etag);
                world.maybe_lost().map(|()| Event::Saved)
            }
        };
        step().await;
        if matches!(answer, Ok(Event::Saved)) {
            self.saved(number);
        }
        self.unless_lost(answer).await
    }

    /// An unknown answer ends the turn dirty.
    async fn unless_lost<T>(&mut self, answer: Result<T, Lost>) -> Result<T, Ended> {
        match answer {
            Ok(answer) => Ok(answer),
            Err(Lost) => {
                let clean = self.world.borrow().is_off(Off::Dirty);
                self.release(clean, false, Some(false), 0).await;
                Err(Ended)
            }
        }
    }
}

/// The link that the checkpoint of a feed stands before.
fn link(feed: usize, checkpoint: &Checkpoint) -> usize {
    match &checkpoint.state {
        State::Start | State::Enumerating { link: None } | State::Listed => feed,
        State::Enumerating { link: Some(link) } | State::Tracking { link } => {
            link.expose().parse().expect("ours")
        }
    }
}

fn marks(checkpoint: &Checkpoint, generation: u64, source: Source) -> Marks {
    Marks { generation, save: checkpoint.save + 1, source }
}

fn doubt_age() -> Duration {
    Duration::from_secs(DOUBT.unsigned_abs())
}
