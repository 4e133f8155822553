//! A first copy in the model that is read as a list.

use super::{Turn, step};
use crate::protocol::machine::Event;
use crate::protocol::machine::tests::world::{OBJECTS, WHOLE, clock};
use crate::protocol::plan::listing;
use crate::protocol::{Checkpoint, Link, Listing, Next, Shard, Shards, Turned};

impl Turn {
    /// What a list answers, if the checkpoint stands before one and Graph does not refuse it.
    pub(super) async fn list(&mut self, checkpoint: &Checkpoint) -> Option<Event> {
        match &checkpoint.listing {
            Some(Listing::Due) => self.begin_list().await,
            _ => {
                let shards = listing::open(checkpoint)?;
                Some(self.read_shards(shards).await)
            }
        }
    }

    async fn begin_list(&mut self) -> Option<Event> {
        step().await;
        if self.world.borrow_mut().random.u8(..6) == 0 {
            return None;
        }
        let token = self.world.borrow_mut().latest(self.feed);
        step().await;
        let all = {
            let world = self.world.borrow();
            let first = if world.options.links { OBJECTS } else { 0 };
            (first..world.docs.len()).filter(|object| world.belongs(self.feed, *object)).collect::<Vec<_>>()
        };
        let counted = self.world.borrow_mut().counted(&all);
        let shard = |object: &usize| Shard::between(Some(clock(*object as i64)), None);
        let (token, open) = (Link::new(token.to_string()), all.iter().map(shard).collect());
        self.page.clear();
        Some(Event::Fetched(Next::Shards(Shards { token, counted, shown: 0, open })))
    }

    /// A page of the first shard, or of the first two.
    async fn read_shards(&mut self, shards: &Shards) -> Event {
        let places = self.world.borrow_mut().random.usize(1..=2).min(shards.open.len());
        let mut pages = Vec::new();
        self.page.clear();
        for shard in &shards.open[..places] {
            step().await;
            let mut world = self.world.borrow_mut();
            if shard.link.is_some() && world.dies() {
                pages.push(Turned::Dead);
                continue;
            }
            if shard.link.is_none() && world.random.bool() {
                pages.push(Turned::Page(0, Some(Link::new("second"))));
                continue;
            }
            let object = shard.from.map_or(0, |from| from.unix_timestamp()) as usize;
            let shown = world.listed(object).map(|version| (object, Some(version), WHOLE));
            pages.push(Turned::Page(shown.iter().count() as u64, None));
            self.page.extend(shown);
        }
        match shards.after(&pages) {
            Some(left) => Event::Fetched(Next::Shards(left)),
            None => Event::Refused,
        }
    }
}
