//! A sweep in the model: weighed, and then of the objects, and of the links.

use std::ops::RangeFrom;

use super::{Ended, Turn, doubt, link, marks, step};
use crate::protocol::Hold;
use crate::protocol::machine::Weight;
use crate::protocol::machine::tests::world::{OBJECTS, Off, clock};
use crate::protocol::plan::{self, Swept};
use crate::protocol::{Checkpoint, Source};

impl Turn {
    pub(super) async fn weigh(&mut self, checkpoint: &Checkpoint) -> Weight {
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

    pub(super) async fn sweep(&mut self, checkpoint: &Checkpoint) -> Result<Swept, Ended> {
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
    pub(super) fn older(
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
    pub(super) async fn sweep_links(
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

    pub(super) async fn sweep_objects(
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
}
