//! A sweep in the model: weighed, and then of the objects, and of the links.

use std::ops::RangeFrom;
use std::rc::Rc;

use super::{Ended, Turn, doubt_age, link, marks, step};
use crate::protocol::Hold;
use crate::protocol::doubt;
use crate::protocol::machine::Weight;
use crate::protocol::machine::tests::world::{OBJECTS, Off, World, clock};
use crate::protocol::plan::Swept;
use crate::protocol::{Checkpoint, Source};

impl Turn {
    pub(super) async fn weigh(&mut self, checkpoint: &Checkpoint) -> Weight {
        let weight = {
            let shared = Rc::clone(&self.world);
            let mut world = shared.borrow_mut();
            self.weighed = self.shown(checkpoint, &world).map(|shown| (checkpoint.generation, shown));
            let links = world.options.links;
            let ours = (0..world.docs.len()).filter(|object| world.is_ours(self.feed, *object));
            let docs: Vec<_> = ours.filter_map(|object| self.delivered(checkpoint, &world, object)).collect();
            // Whom the sweep is about to ask for need not wait.
            let counts = |object: usize| self.delivered(checkpoint, &world, object);
            let unseen =
                world.unseen(checkpoint.generation, counts, |doc| doubt::holds_links(checkpoint, doc.marks));
            let doubtful = (0..OBJECTS)
                .filter(|link| !unseen.contains(link))
                .any(|link| world.docs[link].as_ref().is_some_and(|doc| world.is_doubtful(checkpoint, doc)));
            let doubts = links && world.docs.iter().flatten().any(|doc| world.is_doubtful(checkpoint, doc));
            let doubtful_links = links && doubtful && !world.is_off(Off::LinkDoubt);
            let pending_sweep = checkpoint.pending_sweep;
            let missing = docs.iter().filter(|doc| {
                pending_sweep.is_some_and(|pending_sweep| {
                    doc.version.is_some() && doc.marks.generation < pending_sweep
                })
            });
            let missing = missing.count();
            self.shows_all = self.counts_all(checkpoint, &mut world);
            let limit = self.shows_all.is_none() && missing > 0 && world.brakes();
            let held = match checkpoint.hidden {
                // The removal limit has weighed the parent.
                _ if self.orphaned => None,
                0 => limit.then_some(Hold::RemovalLimit),
                _ => Some(Hold::EnumerationHidObjects),
            };
            let seen_lost = checkpoint.pending_sweep.is_some() && self.weighed.is_none();
            Weight { missing: 0, living: 0, doubtful_links, doubts, seen_lost, held }
        };
        step().await;
        weight
    }

    /// The generation, if it has shown as many objects as live. A query of another process may be behind.
    fn counts_all(&self, checkpoint: &Checkpoint, world: &mut World) -> Option<u64> {
        let is_list = world.options.list || world.is_off(Off::Counted);
        if !is_list || world.options.links || !checkpoint.compares || checkpoint.pending_sweep.is_none() {
            return None;
        }
        let ours: Vec<_> = (0..world.docs.len()).filter(|object| world.is_ours(self.feed, *object)).collect();
        let views = ours.into_iter().filter_map(|object| world.view(self.me, object));
        let living = views.filter(|doc| doc.version.is_some()).count();
        (self.weighed(checkpoint)?.len() == living).then_some(checkpoint.generation)
    }

    pub(super) async fn sweep(&mut self, checkpoint: &Checkpoint) -> Result<Swept, Ended> {
        let (mut swept, links) = (Swept::default(), self.world.borrow().options.links);
        let Some(pending_sweep) = checkpoint.pending_sweep else { return Ok(swept) };
        if self.shows_all == Some(checkpoint.generation) {
            return Ok(swept);
        }
        self.sweep_objects(checkpoint, pending_sweep, if links { OBJECTS.. } else { 0.. }, &mut swept)
            .await?;
        if links && (checkpoint.reenumerate || !swept.is_held()) {
            self.sweep_links(checkpoint, pending_sweep, &mut swept).await?;
        }
        Ok(swept)
    }

    /// Those of these that are older than what is pending, with their versions; `announced`: doubtful ones too, as was
    /// announced, and also doubtful tombstones, or their doubt would begin generations for ever.
    pub(super) fn older(
        &self,
        checkpoint: &Checkpoint,
        pending_sweep: u64,
        objects: impl Iterator<Item = usize>,
        announced: bool,
        swept: &mut Swept,
    ) -> Vec<(usize, u64)> {
        let world = self.world.borrow();
        let shown = self.weighed(checkpoint).filter(|_| !announced).unwrap_or_default();
        // Nobody can look at them: the next list shows those that live.
        let listed = self.orphaned || world.options.list && !world.options.by_id;
        let also_doubtful = announced || listed || world.is_off(Off::SweepDoubt);
        let also_young = announced || self.orphaned || world.is_off(Off::SweepAge);
        let taken = |object: usize| {
            let doc = self.delivered(checkpoint, &world, object)?;
            let doubtful = world.is_doubtful(checkpoint, &doc);
            let buried = announced && doc.version.is_none() && doubtful;
            let older =
                doc.version.is_some() && doc.marks.generation < pending_sweep && (also_doubtful || !doubtful);
            let told = also_young
                || doubt::was_read_before_last_round(
                    checkpoint,
                    clock(doc.read.min(doc.written + 1)),
                    doubt_age(),
                );
            swept.left |= older && !told;
            (buried || older && told).then_some((object, doc.etag))
        };
        let is_ours = |object: &usize| world.is_ours(self.feed, *object) && !shown.contains(object);
        objects.filter(is_ours).filter_map(taken).collect()
    }

    /// Links cannot be asked for. Those of a source that lives unseen are spared.
    pub(super) async fn sweep_links(
        &mut self,
        checkpoint: &Checkpoint,
        pending_sweep: u64,
        swept: &mut Swept,
    ) -> Result<(), Ended> {
        let mut unseen = {
            let world = self.world.borrow();
            let counts = |object: usize| self.delivered(checkpoint, &world, object);
            world.unseen(pending_sweep, counts, |doc| doubt::keeps_links(checkpoint, doc.marks))
        };
        step().await;
        if self.world.borrow().is_off(Off::Spare) {
            unseen.clear();
        }
        let seen = (0..OBJECTS).filter(|link| !unseen.contains(link));
        let found = self.older(checkpoint, pending_sweep, seen, checkpoint.reenumerate, swept);
        let spared = self.world.borrow().spared(link(self.feed, checkpoint), checkpoint);
        step().await;
        let marks = marks(checkpoint, pending_sweep, Source::Delta);
        for (object, etag) in found {
            let done = self.write(object, None, marks, self.seconds(), Some(etag)).await?;
            // What an announced sweep takes too much, the generation that follows brings back.
            if done && !checkpoint.reenumerate && spared.contains(&object) {
                self.world.borrow_mut().unspared.insert(object);
            }
        }
        Ok(())
    }

    pub(super) async fn sweep_objects(
        &mut self,
        checkpoint: &Checkpoint,
        pending_sweep: u64,
        objects: RangeFrom<usize>,
        swept: &mut Swept,
    ) -> Result<(), Ended> {
        let now = self.seconds();
        let count = self.world.borrow().docs.len();
        let found =
            self.older(checkpoint, pending_sweep, objects.take_while(|object| *object < count), false, swept);
        step().await;
        let mut asked = Vec::new();
        for (object, etag) in found {
            // Nothing goes that Graph still shows by its id.
            let blind = {
                let world = self.world.borrow();
                self.orphaned || !world.options.asks || world.is_off(Off::AskFirst)
            };
            let version = if blind { None } else { self.by_id(checkpoint, object) };
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
                    let marks = marks(checkpoint, pending_sweep, Source::Delta);
                    self.write(object, None, marks, now, Some(etag)).await?;
                }
            }
        }
        Ok(())
    }
}
