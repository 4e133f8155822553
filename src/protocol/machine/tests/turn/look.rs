//! Looks by id in the model: to settle doubt, and on request.

use std::time::Duration;

use super::{Ended, Turn, doubt_age, marks, mode, step};
use crate::protocol::doubt;
use crate::protocol::machine::tests::world::{DOUBT, OBJECTS, Off};
use crate::protocol::plan;
use crate::protocol::{Abandoned, Checkpoint, Source};

impl Turn {
    /// How many documents were written, whether something lives unseen, and whether anything was doubtful.
    pub(super) async fn settle(&mut self, checkpoint: &Checkpoint) -> Result<(u64, bool, bool), Ended> {
        let (now, mut unseen, mut wrote) = (self.seconds(), false, 0);
        let options = self.world.borrow().options;
        let found: Vec<_> = {
            let world = self.world.borrow();
            if world.is_off(Off::Settle) || !world.options.by_id || self.orphaned {
                return Ok((0, false, false));
            }
            let cutoff = now - if world.is_off(Off::SettleAge) { 0 } else { DOUBT };
            let old = |object: &usize| {
                let doc = world.docs[*object].as_ref()?;
                let taken = doc.written <= cutoff
                    && world.is_doubtful(checkpoint, doc)
                    && doubt::may_settle(checkpoint, doc.marks);
                taken.then(|| (*object, doc.clone()))
            };
            let first = if world.options.links { OBJECTS } else { 0 };
            let is_ours = |object: &usize| world.is_ours(self.feed, *object);
            (first..world.docs.len()).filter(is_ours).filter_map(|object| old(&object)).collect()
        };
        let doubts = {
            let world = self.world.borrow();
            let first = if options.links { OBJECTS } else { 0 };
            let ours = (first..world.docs.len()).filter(|object| world.is_ours(self.feed, *object));
            let docs: Vec<_> = ours.filter_map(|object| world.docs[object].as_ref()).collect();
            docs.into_iter().any(|doc| world.is_doubtful(checkpoint, doc))
        };
        step().await;
        for (object, doc) in found {
            let version = self.by_id(checkpoint, object);
            let read = self.latest();
            step().await;
            unseen |= version.is_some() && doubt::is_unseen(checkpoint, doc.marks, doc.written, doubt_age());
            let (generation, source) = doubt::settle(mode(options), checkpoint, doc.marks, version.is_some());
            let marks = marks(checkpoint, generation, source);
            wrote += u64::from(self.write(object, version, marks, read, Some(doc.etag)).await?);
        }
        Ok((wrote, unseen && !self.world.borrow().is_off(Off::Unseen), doubts))
    }

    pub(super) async fn uncarried(&mut self, checkpoint: &Checkpoint) -> Vec<Abandoned> {
        let now = self.now();
        let uncarried = {
            let world = self.world.borrow();
            let (age, carried) = (world.is_off(Off::ForgetAge), !world.is_off(Off::ForgetCarried));
            let now = now + if age { doubt_age() * 1000 } else { Duration::ZERO };
            let saves: Vec<_> = world.docs_of(self.feed).map(|doc| doc.marks.save).collect();
            let mut old = plan::forgettable(checkpoint, now);
            old.retain(|abandoned| {
                !(carried && saves.iter().any(|save| (abandoned.from..=abandoned.to).contains(save)))
            });
            old
        };
        step().await;
        uncarried
    }

    /// A look at one object on request (rule 10). How many documents it wrote.
    pub(super) async fn look(&mut self, checkpoint: &Checkpoint, object: usize) -> Result<u64, Ended> {
        let present = self.world.borrow().docs[object].clone();
        step().await;
        let version = self.by_id(checkpoint, object);
        let read = self.latest();
        step().await;
        if present.as_ref().and_then(|doc| doc.version) != version {
            let living = present.filter(|doc| doc.version.is_some());
            let living = living.map(|doc| doubt::delivered(checkpoint, doc.marks, false));
            let vouched = self.world.borrow().is_off(Off::RefreshGeneration);
            let generation =
                if vouched { checkpoint.generation } else { doubt::refreshed(checkpoint, living) };
            let marks = marks(checkpoint, generation, Source::ById);
            self.write(object, version, marks, read, None).await?;
            return Ok(1);
        }
        Ok(0)
    }
}
