//! A turn in the model: the product's machine, driven step by step. Every `step().await` is a place where
//! the turn may be killed, or frozen for as long as the schedule likes.

use std::cell::RefCell;
use std::future::Future;
use std::ops::RangeFrom;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use time::OffsetDateTime;

use super::world::{
    Answer, CONTAINER, Content, DOUBT, Entry, LATEST, LEASE, LeaseDoc, Lost, OBJECTS, Off, Version, WHOLE,
    World, clock,
};
use crate::mirror::machine::{Action, Event, Machine, Settled, Task, Weight};
use crate::mirror::outcome::Hold;
use crate::mirror::plan::doubt::Marks;
use crate::mirror::plan::{self, Definition, Leads, Swept, Took};
use crate::store::{
    Burnt, Checkpoint, Containers, Counts, Ids, Opaque, Source, State, borne_out, first_epoch,
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
    epoch: u64,
    etag: Option<u64>,
    page: Vec<Entry>,
    /// When the page was asked for.
    asked: OffsetDateTime,
    /// When the lease ends, as far as this turn knows.
    until: i64,
    /// How far ahead this turn believes the time to be, at least and at most.
    ahead: [i64; 2],
}

/// What comes of taking the lease.
struct Taken {
    epoch: u64,
    clean: bool,
    until: i64,
    /// How far ahead the turn believes the time to be, at least and at most.
    ahead: [i64; 2],
}

pub fn definition() -> Definition {
    Definition { feed: "model".into(), shape: "s".into(), tenant_id: "t".into(), containers: Ids::new() }
}

pub async fn run(world: Shared, me: u32, kind: Kind) {
    let Some(Taken { epoch, clean, until, ahead }) = acquire(&world, me).await else { return };
    let (page, asked) = (Vec::new(), clock(0));
    let mut turn = Turn { world, me, epoch, etag: None, page, asked, until, ahead };
    let clean = clean || turn.world.borrow().is_off(Off::Burn);
    // Ended: the lease is lost, or has been given back where it happened.
    let _ = turn.run(clean, kind).await;
}

async fn acquire(world: &Shared, me: u32) -> Option<Taken> {
    for _ in 0..5 {
        let found = world.borrow().lease.clone();
        step().await;
        let Some(found) = found else {
            let clean = world.borrow().is_off(Off::LostLease);
            cas_lease(&mut world.borrow_mut(), None, LeaseDoc { clean, ..LeaseDoc::default() });
            step().await;
            continue;
        };
        let before =
            if found.epoch == 0 { first_epoch_after(world, me, &found).await - 1 } else { found.epoch };
        let now = world.borrow().own_clock(me);
        let end = match world.borrow().is_off(Off::LeaseEnd) {
            true => found.expires,
            false => found.expires.min(found.written + 1 + LEASE),
        };
        let taken = found.holder.is_some_and(|holder| holder != me) && now < end;
        if taken && found.rung {
            return None;
        }
        // Whoever rings moves no end that was believed so far.
        let next = if taken {
            LeaseDoc { rung: true, expires: end, ..found.clone() }
        } else {
            let epoch = before + 1;
            LeaseDoc {
                holder: Some(me),
                epoch,
                expires: now + LEASE,
                clean: false,
                rung: false,
                ..found.clone()
            }
        };
        let epoch = next.epoch;
        let done = cas_lease(&mut world.borrow_mut(), Some(&found), next);
        let written = world.borrow().now;
        world.borrow_mut().note(|| format!("{me}: lease, taken {taken}, epoch {epoch}, done {done}"));
        step().await;
        if done {
            let world = world.borrow();
            let took = Duration::from_secs((world.now - written).unsigned_abs());
            let own = clock(world.own_clock(me));
            let span = borne_out(own, clock(written).unix_timestamp(), took);
            let ahead = [span.earliest, span.latest].map(|then| (then - clock(world.now)).whole_seconds());
            return (!taken).then_some(Taken { epoch, clean: found.clean, until: written + LEASE, ahead });
        }
    }
    None
}

/// The epoch of whoever is the first to take a lease that was just created: before the first turn, or after a loss.
async fn first_epoch_after(world: &Shared, me: u32, found: &LeaseDoc) -> u64 {
    let checkpoint = world.borrow().checkpoint.as_ref().map(|(checkpoint, _)| checkpoint.epoch);
    step().await;
    let mut world = world.borrow_mut();
    let own = world.own_clock(me);
    let own = world.moment(own);
    match world.options.off {
        Some(Off::LostEpoch) => checkpoint.map_or(1, |epoch| epoch + 1),
        Some(Off::OwnClock) => first_epoch(checkpoint, own.unix_timestamp(), own),
        _ => first_epoch(checkpoint, clock(found.written).unix_timestamp(), own),
    }
}

/// Writes the lease over the one that was found; none: creates it.
fn cas_lease(world: &mut World, found: Option<&LeaseDoc>, next: LeaseDoc) -> bool {
    if world.lease.as_ref().map(|lease| lease.etag) != found.map(|found| found.etag) {
        return false;
    }
    let etag = world.next_etag();
    world.lease = Some(LeaseDoc { etag, written: world.now, ..next });
    world.maybe_lost().is_ok()
}

impl Turn {
    async fn run(&mut self, clean: bool, kind: Kind) -> Result<(), Ended> {
        let (definition, links) = (definition(), self.world.borrow().options.links);
        let now = self.now();
        let task = match kind {
            Kind::Sync => Task::Walk,
            Kind::Refresh(_) => Task::Look,
            Kind::Reset => Task::Reset,
        };
        let mut machine = Machine::new(task, definition, links, self.epoch, clean, now);
        let mut action = machine.load();
        loop {
            let event = match (action, kind) {
                (Action::Look, Kind::Refresh(object)) => {
                    self.look(machine.checkpoint(), object).await?;
                    Event::Looked(Counts::default())
                }
                (action, _) => self.perform(&machine, action).await?,
            };
            let now = self.now();
            match machine.on(event, now, false) {
                Ok(Action::End(_)) => return Ok(()),
                Ok(next) => action = next,
                Err(_) => {
                    self.release(!machine.is_dirty(), false, machine.checkpoint().epoch).await;
                    return Err(Ended);
                }
            }
        }
    }

    async fn perform(&mut self, machine: &Machine, action: Action) -> Result<Event, Ended> {
        let checkpoint = machine.checkpoint();
        Ok(match action {
            Action::Load => self.load().await,
            Action::Save(next) => self.save(next).await?,
            Action::Fetch => self.fetch(checkpoint).await,
            Action::Take => Event::Taken(self.take(checkpoint).await?),
            Action::Weigh => Event::Weighed(self.weigh(checkpoint).await),
            Action::Sweep => Event::Swept(self.sweep(checkpoint).await?),
            Action::Settle => {
                let unseen = self.settle(checkpoint).await?;
                let uncarried = self.uncarried(checkpoint).await;
                Event::Settled(Settled { counts: Counts::default(), unseen, uncarried })
            }
            Action::Leave { clean, stay } => self.release(clean, stay, checkpoint.epoch).await,
            Action::Look | Action::End(_) => unreachable!("handled where it comes up"),
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

    async fn load(&mut self) -> Event {
        let found = self.world.borrow().checkpoint.clone();
        step().await;
        self.etag = found.as_ref().map(|(_, etag)| *etag);
        let off = self.world.borrow().options.off;
        let Some((mut checkpoint, _)) = found else {
            let containers = self.look_at_container(None).await;
            let now = self.now();
            return Event::Lost(self.world.borrow_mut().numbers(now), containers);
        };
        if off == Some(Off::Epoch) {
            checkpoint.epoch = 0;
        }
        if off == Some(Off::Owed) {
            checkpoint.owed = None;
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
        let answer = {
            let mut world = self.world.borrow_mut();
            let present = world.checkpoint.as_ref().map(|(_, etag)| *etag);
            if present != self.etag && !world.is_off(Off::SaveMatch) {
                world.note(|| "  checkpoint: somebody was faster".into());
                // One that is gone is not there to be replaced.
                if present.is_some() { Ok(Event::Overtaken) } else { Err(Lost) }
            } else {
                let etag = world.next_etag();
                world.note(|| {
                    format!(
                        "  checkpoint {:?} generation {} owed {:?} save {} burnt {:?}",
                        next.state, next.generation, next.owed, next.save, next.burnt
                    )
                });
                world.checkpoint = Some((next, etag));
                self.etag = Some(etag);
                world.maybe_lost().map(|()| Event::Saved)
            }
        };
        step().await;
        self.unless_lost(answer).await
    }

    /// An unknown answer ends the turn dirty.
    async fn unless_lost<T>(&mut self, answer: Result<T, Lost>) -> Result<T, Ended> {
        match answer {
            Ok(answer) => Ok(answer),
            Err(Lost) => {
                let clean = self.world.borrow().is_off(Off::Dirty);
                self.release(clean, false, 0).await;
                Err(Ended)
            }
        }
    }

    async fn fetch(&mut self, checkpoint: &Checkpoint) -> Event {
        let link = link(checkpoint);
        self.asked = self.now();
        step().await;
        let answer = self.world.borrow_mut().page(link);
        step().await;
        match answer {
            Answer::Dead(location) => Event::Dead(location.map(|location| Opaque::new(location.to_string()))),
            Answer::Nothing => Event::Refused,
            Answer::Page { objects, next, home } => {
                self.page = objects;
                let next = Opaque::new(next.to_string());
                Event::Fetched(if home { Leads::Home(next) } else { Leads::On(next) })
            }
        }
    }

    async fn take(&mut self, checkpoint: &Checkpoint) -> Result<Took, Ended> {
        let early = self.world.borrow().is_off(Off::WriteFirst);
        let read = self.latest();
        for (object, version, named) in std::mem::take(&mut self.page) {
            if early && self.world.borrow_mut().random.u8(..4) == 0 {
                continue;
            }
            let anew =
                u64::from(plan::abandon::begins_anew(checkpoint) && self.world.borrow().is_off(Off::Anew));
            let marks = marks(checkpoint, checkpoint.generation + anew, Source::Delta);
            for replaced in self.replaced_by(object, version) {
                self.write(replaced, None, marks, read, None).await?;
            }
            let is_link = self.is_link(object);
            match (version, &checkpoint.state) {
                (Some(content), State::Tracking { .. }) if !is_link => {
                    self.merge(checkpoint, object, content, named, read).await?;
                }
                _ => drop(self.write(object, version, marks, read, None).await?),
            }
        }
        Ok(Took { counts: Counts::default(), doubtful: false, at: self.asked })
    }

    /// An entry of a round of changes beside the document that is there, as `merge::step` has it.
    async fn merge(
        &mut self,
        checkpoint: &Checkpoint,
        object: usize,
        content: Content,
        named: [bool; 2],
        read: i64,
    ) -> Result<(), Ended> {
        let whole = named == WHOLE;
        for _ in 0..4 {
            let present = self.world.borrow().docs[object].clone();
            step().await;
            let living = present.and_then(|doc| Some((doc.version?, doc)));
            let mut marks = marks(checkpoint, checkpoint.generation, Source::Delta);
            let off = self.world.borrow().options.off;
            // What is not named was never there, as far as a mirror without merging knows.
            let part = [0, 1].map(|one| if named[one] { content[one] } else { 0 });
            let Some((before, doc)) = living.filter(|_| off != Some(Off::Merge)) else {
                marks.source = if whole || off == Some(Off::Merge) { Source::Delta } else { Source::ById };
                self.write(object, Some(part), marks, read, None).await?;
                return Ok(());
            };
            let doubtful = self.world.borrow().is_doubtful(checkpoint, &doc);
            let older = doc.marks.generation != checkpoint.generation && off != Some(Off::MergeOld);
            // A round of changes does not tell of its links.
            let unseen = self.world.borrow().is_source(object) && plan::is_earlier(checkpoint, doc.marks);
            if unseen && off != Some(Off::Unseen) {
                let merged = [0, 1].map(|one| if named[one] { content[one] } else { before[one] });
                (marks.generation, marks.source) = (doc.marks.generation, Source::ById);
                if self.write(object, Some(merged), marks, read, Some(doc.etag)).await? {
                    return Ok(());
                }
                continue;
            }
            if (doubtful || older) && whole {
                self.write(object, Some(content), marks, read, None).await?;
                return Ok(());
            }
            let merged = [0, 1].map(|one| if named[one] { content[one] } else { before[one] });
            if merged == before && doc.marks.generation == checkpoint.generation {
                return Ok(());
            }
            let settles = !older && (!doubtful || off == Some(Off::MergeDoubt));
            marks.source = if settles { Source::Delta } else { Source::ById };
            if self.write(object, Some(merged), marks, read, Some(doc.etag)).await? {
                return Ok(());
            }
        }
        self.release(false, false, checkpoint.epoch).await;
        Err(Ended)
    }

    /// What cannot be looked up by its id.
    fn is_link(&self, object: usize) -> bool {
        self.world.borrow().source_of(object).is_some()
    }

    /// What a new link of a relationship to one takes the place of.
    fn replaced_by(&self, object: usize, version: Version) -> Vec<usize> {
        let world = self.world.borrow();
        if !world.options.to_one || world.is_source(object) || version.is_none() || world.is_off(Off::OneLink)
        {
            return Vec::new();
        }
        let lives = |other: &usize| world.docs[*other].as_ref().is_some_and(|doc| doc.version.is_some());
        (0..OBJECTS).filter(|other| *other != object).filter(lives).collect()
    }

    /// One write: the lease is looked at first; between that look and the write lies a freeze.
    async fn write(
        &mut self,
        object: usize,
        version: Version,
        marks: Marks,
        read: i64,
        over: Option<u64>,
    ) -> Result<bool, Ended> {
        {
            let mut world = self.world.borrow_mut();
            let ours = world.lease.clone().filter(|lease| {
                lease.holder == Some(self.me)
                    && lease.epoch == self.epoch
                    && world.now < lease.written + 2 * LEASE
            });
            // Until it renews the lease, a turn does not see that the document is gone.
            if world.now >= self.until - 5 {
                let Some(ours) = ours else {
                    world.note(|| "lease lost".into());
                    return Err(Ended);
                };
                let etag = world.next_etag();
                let (written, expires) = (world.now, world.own_clock(self.me) + LEASE);
                self.until = written + LEASE;
                world.lease = Some(LeaseDoc { expires, written, etag, ..ours });
            }
        }
        step().await;
        if self.world.borrow().now > self.until + LATEST {
            self.world.borrow_mut().note(|| "too late: the connection is closed".into());
            return Err(Ended);
        }
        let answer = self.world.borrow_mut().put(object, version, marks, read, over);
        step().await;
        self.unless_lost(answer).await
    }

    async fn weigh(&mut self, checkpoint: &Checkpoint) -> Weight {
        let weight = {
            let mut world = self.world.borrow_mut();
            let links = world.options.links;
            let docs: Vec<_> = world.docs.iter().flatten().cloned().collect();
            // Whom the sweep is about to ask for need not wait.
            let unseen = world.unseen(checkpoint.generation, |doc| plan::holds_links(checkpoint, doc.marks));
            let doubtful = (0..OBJECTS)
                .filter(|link| !unseen.contains(link))
                .any(|link| world.docs[link].as_ref().is_some_and(|doc| world.is_doubtful(checkpoint, doc)));
            let doubtful_links = links && doubtful && !world.is_off(Off::LinkDoubt);
            let owed = checkpoint.owed;
            let missing = docs
                .iter()
                .filter(|doc| owed.is_some_and(|owed| doc.version.is_some() && doc.marks.generation < owed));
            let limit = owed.is_some() && missing.count() > 0 && world.brakes();
            let held = match checkpoint.hidden {
                0 => limit.then_some(Hold::RemovalLimit),
                _ => Some(Hold::WalkHidObjects),
            };
            Weight { missing: 0, living: 0, doubtful_links, held }
        };
        step().await;
        weight
    }

    async fn sweep(&mut self, checkpoint: &Checkpoint) -> Result<Swept, Ended> {
        let (mut swept, links) = (Swept::default(), self.world.borrow().options.links);
        let Some(owed) = checkpoint.owed else { return Ok(swept) };
        self.sweep_objects(checkpoint, owed, if links { OBJECTS.. } else { 0.. }, &mut swept).await?;
        if links && (checkpoint.again || !swept.is_held()) {
            self.sweep_links(checkpoint, owed, &mut swept).await?;
        }
        Ok(swept)
    }

    /// Those of these that are older than what is owed, with their versions; `announced`: doubtful ones too, as was
    /// announced, and also doubtful tombstones, or their doubt would begin generations for ever.
    fn older(
        &self,
        checkpoint: &Checkpoint,
        owed: u64,
        objects: impl Iterator<Item = usize>,
        announced: bool,
        swept: &mut Swept,
    ) -> Vec<(usize, u64)> {
        let world = self.world.borrow();
        let also_doubtful = announced || world.is_off(Off::SweepDoubt);
        let also_young = announced || world.is_off(Off::SweepAge);
        let taken = |object: usize| {
            let doc = world.docs[object].as_ref()?;
            let doubtful = world.is_doubtful(checkpoint, doc);
            let buried = announced && doc.version.is_none() && doubtful;
            let older = doc.version.is_some() && doc.marks.generation < owed && (also_doubtful || !doubtful);
            let told = also_young || plan::is_told(checkpoint, clock(doc.read.min(doc.written + 1)), doubt());
            swept.left |= older && !told;
            (buried || older && told).then_some((object, doc.etag))
        };
        objects.filter_map(taken).collect()
    }

    /// Links cannot be asked for. Those of a source that lives unseen are spared.
    async fn sweep_links(
        &mut self,
        checkpoint: &Checkpoint,
        owed: u64,
        swept: &mut Swept,
    ) -> Result<(), Ended> {
        let mut unseen = self.world.borrow().unseen(owed, |doc| plan::keeps_links(checkpoint, doc.marks));
        step().await;
        if self.world.borrow().is_off(Off::Spare) {
            unseen.clear();
        }
        let seen = (0..OBJECTS).filter(|link| !unseen.contains(link));
        let found = self.older(checkpoint, owed, seen, checkpoint.again, swept);
        let spared = self.world.borrow().spared(link(checkpoint), checkpoint);
        step().await;
        let marks = marks(checkpoint, owed, Source::Delta);
        for (object, etag) in found {
            let done = self.write(object, None, marks, self.seconds(), Some(etag)).await?;
            // What an announced sweep takes too much, the generation that follows brings back.
            if done && !checkpoint.again && spared.contains(&object) {
                self.world.borrow_mut().unspared.insert(object);
            }
        }
        Ok(())
    }

    async fn sweep_objects(
        &mut self,
        checkpoint: &Checkpoint,
        owed: u64,
        objects: RangeFrom<usize>,
        swept: &mut Swept,
    ) -> Result<(), Ended> {
        let now = self.seconds();
        let count = self.world.borrow().docs.len();
        let found = self.older(checkpoint, owed, objects.take_while(|object| *object < count), false, swept);
        step().await;
        let mut asked = Vec::new();
        for (object, etag) in found {
            // Nothing goes that Graph still shows by its id.
            let blind = {
                let world = self.world.borrow();
                !world.options.asks || world.is_off(Off::AskFirst)
            };
            let version = if blind { None } else { self.world.borrow_mut().by_id(object) };
            let read = self.latest();
            step().await;
            swept.hidden += u64::from(version.is_some());
            asked.push((object, etag, version, read));
        }
        for (object, etag, version, read) in asked {
            match version {
                Some(_) => {
                    let generation =
                        self.world.borrow().docs[object].as_ref().map_or(0, |doc| doc.marks.generation);
                    let marks = marks(checkpoint, generation, Source::ById);
                    self.write(object, version, marks, read, Some(etag)).await?;
                }
                None if swept.is_held() => {}
                None => {
                    let marks = marks(checkpoint, owed, Source::Delta);
                    self.write(object, None, marks, now, Some(etag)).await?;
                }
            }
        }
        Ok(())
    }

    /// Whether something lives unseen.
    async fn settle(&mut self, checkpoint: &Checkpoint) -> Result<bool, Ended> {
        let (now, mut unseen) = (self.seconds(), false);
        let found: Vec<_> = {
            let world = self.world.borrow();
            if world.is_off(Off::Settle) {
                return Ok(false);
            }
            let cutoff = now - if world.is_off(Off::SettleAge) { 0 } else { DOUBT };
            let old = |object: &usize| {
                let doc = world.docs[*object].as_ref()?;
                let taken = doc.written <= cutoff
                    && world.is_doubtful(checkpoint, doc)
                    && plan::may_settle(checkpoint, doc.marks);
                taken.then(|| (*object, doc.clone()))
            };
            let first = if world.options.links { OBJECTS } else { 0 };
            (first..world.docs.len()).filter_map(|object| old(&object)).collect()
        };
        step().await;
        for (object, doc) in found {
            let version = self.world.borrow_mut().by_id(object);
            let read = self.latest();
            step().await;
            unseen |= version.is_some() && plan::is_unseen(checkpoint, doc.marks, doc.written, doubt());
            let (generation, source) = plan::settle(checkpoint, doc.marks, version.is_some());
            let marks = marks(checkpoint, generation, source);
            self.write(object, version, marks, read, Some(doc.etag)).await?;
        }
        Ok(unseen && !self.world.borrow().is_off(Off::Unseen))
    }

    async fn uncarried(&mut self, checkpoint: &Checkpoint) -> Vec<Burnt> {
        let now = self.now();
        let uncarried = {
            let world = self.world.borrow();
            let (age, carried) = (world.is_off(Off::ForgetAge), !world.is_off(Off::ForgetCarried));
            let now = now + if age { doubt() * 1000 } else { Duration::ZERO };
            let saves: Vec<_> = world.docs.iter().flatten().map(|doc| doc.marks.save).collect();
            let mut old = plan::forgettable(checkpoint, now);
            old.retain(|burnt| !(carried && saves.iter().any(|save| (burnt.from..=burnt.to).contains(save))));
            old
        };
        step().await;
        uncarried
    }

    /// A look at one object on request (rule 10).
    async fn look(&mut self, checkpoint: &Checkpoint, object: usize) -> Result<(), Ended> {
        let present = self.world.borrow().docs[object].clone();
        step().await;
        let version = self.world.borrow_mut().by_id(object);
        let read = self.latest();
        step().await;
        if present.as_ref().and_then(|doc| doc.version) != version {
            let living = present.filter(|doc| doc.version.is_some()).map(|doc| doc.marks);
            let vouched = self.world.borrow().is_off(Off::RefreshGeneration);
            let generation =
                if vouched { checkpoint.generation } else { plan::refreshed(checkpoint, living) };
            let marks = marks(checkpoint, generation, Source::ById);
            self.write(object, version, marks, read, None).await?;
        }
        Ok(())
    }

    async fn release(&mut self, clean: bool, stay: bool, checkpoint: u64) -> Event {
        for _ in 0..4 {
            let found = self.world.borrow().lease.clone();
            step().await;
            let Some(found) = found else { return Event::Free };
            if found.holder != Some(self.me) || found.epoch != self.epoch {
                return Event::Free;
            }
            let rung = found.rung && stay;
            let next = if rung {
                LeaseDoc { rung: false, ..found.clone() }
            } else {
                LeaseDoc {
                    holder: None,
                    clean,
                    expires: 0,
                    epoch: found.epoch.max(checkpoint),
                    ..found.clone()
                }
            };
            let done = cas_lease(&mut self.world.borrow_mut(), Some(&found), next);
            step().await;
            if done {
                let me = self.me;
                self.world.borrow_mut().note(|| format!("{me}: gives back, clean {clean}, rung {rung}"));
                return if rung { Event::Rung } else { Event::Free };
            }
        }
        Event::Free
    }
}

/// The link that the checkpoint stands before.
fn link(checkpoint: &Checkpoint) -> usize {
    match &checkpoint.state {
        State::Start | State::Enumerating { link: None } => 0,
        State::Enumerating { link: Some(link) } | State::Tracking { link } => {
            link.expose().parse().expect("ours")
        }
    }
}

fn marks(checkpoint: &Checkpoint, generation: u64, source: Source) -> Marks {
    Marks { generation, save: checkpoint.save + 1, source }
}

fn doubt() -> Duration {
    Duration::from_secs(DOUBT.unsigned_abs())
}
