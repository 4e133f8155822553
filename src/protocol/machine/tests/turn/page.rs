//! A page in the model: asked for, merged and written.

use time::Duration as Span;

use super::{Ended, Turn, doubt_age, link, marks, step};
use crate::protocol::doubt::{self, Marks};
use crate::protocol::machine::Event;
use crate::protocol::machine::tests::world::{
    Answer, Content, Doc, LATEST, OBJECTS, Off, Version, WHOLE, clock, lies_inside, seconds,
};
use crate::protocol::plan::{self, PageWritten, Restart};
use crate::protocol::{Checkpoint, Counts, Link, Next, Source, State};

impl Turn {
    pub(super) async fn fetch(&mut self, checkpoint: &Checkpoint) -> Event {
        self.asked = self.now();
        if self.orphaned {
            (self.page, self.is_last) = (Vec::new(), true);
            return Event::Fetched(Next::End);
        }
        if let Some(event) = self.list(checkpoint).await {
            self.is_last = false;
            return event;
        }
        let link = self.next_link(checkpoint);
        let mut answer = match self.early.take().filter(|early| early.link == link) {
            Some(early) => {
                let asked = early.asked + self.ahead[0];
                self.asked = self.world.borrow_mut().moment(asked);
                early.answer
            }
            None => {
                step().await;
                self.world.borrow_mut().page(link, checkpoint.window.map(seconds))
            }
        };
        let is_trusted = self.world.borrow().is_off(Off::ByTime);
        if matches!(answer, Answer::Dead(None)) && is_trusted {
            answer = self.page_since(checkpoint).unwrap_or(answer);
        }
        step().await;
        match answer {
            Answer::Dead(location) => {
                let location = location.map(|location| Link::new(location.to_string()));
                let takes_times = self.world.borrow().options.by_time;
                Event::Dead(plan::restart(checkpoint, location, takes_times.then(doubt_age)))
            }
            Answer::Nothing => Event::Refused,
            Answer::Denied => Event::Denied(404),
            Answer::Page { objects, next, home } => {
                self.page = objects;
                self.is_last = home;
                let next = Link::new(next.to_string());
                Event::Fetched(match home {
                    true if self.world.borrow().options.skips() => Next::End,
                    true => Next::DeltaLink(next),
                    false => Next::NextLink(next),
                })
            }
        }
    }

    /// The page that tells what changed since the last complete round, as if the token were not dead.
    fn page_since(&self, checkpoint: &Checkpoint) -> Option<Answer> {
        let Restart::Since(time) = plan::restart(checkpoint, None, Some(doubt_age())) else { return None };
        let mut world = self.world.borrow_mut();
        let link = world.since(self.feed, time);
        Some(world.page(link, None)).filter(|answer| !matches!(answer, Answer::Nothing))
    }

    /// The link to the next page.
    fn next_link(&self, checkpoint: &Checkpoint) -> usize {
        match checkpoint.changes_since.filter(|_| checkpoint.at_location) {
            Some(time) => self.world.borrow_mut().since(self.feed, time),
            None => link(self.feed, checkpoint),
        }
    }

    /// What lies in a folder that is gone becomes doubtful, at the end of a round.
    async fn doubt_inside(&mut self, checkpoint: &Checkpoint, read: i64) -> Result<(), Ended> {
        if !self.world.borrow().options.inside {
            return Ok(());
        }
        let since = checkpoint.links_removed_until.unwrap_or(checkpoint.generation_began);
        let found = {
            let world = self.world.borrow();
            let folder = world.docs[0].as_ref().filter(|doc| {
                doc.version.is_none() && clock(doc.written) >= since - doubt_age() - Span::seconds(60)
            });
            let is_meant = self.is_last && !world.is_off(Off::Inside);
            let child =
                self.delivered(checkpoint, &world, 1).filter(|doc| doc.version.is_some_and(lies_inside));
            let is_due = |doc: &Doc| {
                folder.is_some_and(|folder| !doubt::is_doubted_since(doc.marks, doc.written, folder.written))
            };
            child.filter(|doc| is_meant && is_due(doc))
        };
        step().await;
        let Some(doc) = found else { return Ok(()) };
        let marks = marks(checkpoint, doc.marks.generation, Source::ById);
        self.write(1, doc.version, marks, read, Some(doc.etag)).await.map(drop)
    }

    pub(super) async fn take(&mut self, checkpoint: &Checkpoint) -> Result<PageWritten, Ended> {
        let early = self.world.borrow().is_off(Off::WriteFirst);
        let read = self.latest();
        let page = std::mem::take(&mut self.page);
        let living = page.iter().filter(|(_, version, _)| version.is_some());
        let (seen, mut wrote) = (living.map(|(object, ..)| *object).collect(), 0);
        for (object, version, named) in page {
            if self.is_known(checkpoint, object, version).await {
                continue;
            }
            if early && self.world.borrow_mut().random.u8(..4) == 0 {
                continue;
            }
            let anew =
                u64::from(plan::abandon::begins_anew(checkpoint) && self.world.borrow().is_off(Off::Anew));
            let source = plan::listing::open(checkpoint).map_or(Source::Delta, |_| Source::List);
            let marks = marks(checkpoint, checkpoint.generation + anew, source);
            wrote += 1;
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
        self.keep_seen(checkpoint, seen).await;
        self.doubt_inside(checkpoint, read).await?;
        Ok(PageWritten {
            counts: Counts { upserted: wrote, ..Counts::default() },
            doubtful: false,
            at: self.asked,
        })
    }

    /// An entry of a round of changes beside the document that is there, as `merge::step` has it.
    pub(super) async fn merge(
        &mut self,
        checkpoint: &Checkpoint,
        object: usize,
        content: Content,
        named: [bool; 2],
        read: i64,
    ) -> Result<(), Ended> {
        let whole = named == WHOLE;
        for _ in 0..4 {
            let present = self.delivered(checkpoint, &self.world.borrow(), object);
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
            let unseen = self.world.borrow().is_source(object) && doubt::is_earlier(checkpoint, doc.marks);
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
        self.release(false, false, Some(false), checkpoint.epoch).await;
        Err(Ended)
    }

    /// What cannot be looked up by its id.
    pub(super) fn is_link(&self, object: usize) -> bool {
        self.world.borrow().source_of(object).is_some()
    }

    /// What a new link of a relationship to one takes the place of.
    pub(super) fn replaced_by(&self, object: usize, version: Version) -> Vec<usize> {
        let world = self.world.borrow();
        if !world.options.to_one || world.is_source(object) || version.is_none() || world.is_off(Off::OneLink)
        {
            return Vec::new();
        }
        let lives = |other: &usize| world.docs[*other].as_ref().is_some_and(|doc| doc.version.is_some());
        (0..OBJECTS).filter(|other| *other != object).filter(lives).collect()
    }

    /// One write: the lease is looked at first; between that look and the write lies a freeze.
    pub(super) async fn write(
        &mut self,
        object: usize,
        version: Version,
        marks: Marks,
        read: i64,
        over: Option<u64>,
    ) -> Result<bool, Ended> {
        // Until it renews the lease, a turn does not see that the document is gone.
        let is_due = self.world.borrow().now >= self.until - 5;
        if is_due && !self.renew() {
            self.world.borrow_mut().note(|| "lease lost".into());
            return Err(Ended);
        }
        step().await;
        if self.world.borrow().now > self.until + LATEST {
            self.world.borrow_mut().note(|| "too late: the connection is closed".into());
            return Err(Ended);
        }
        let answer = self.world.borrow_mut().put(object, version, marks, read, over);
        let place = self.world.borrow().replaced(object);
        step().await;
        if answer.is_ok() {
            self.world.borrow_mut().confirm(self.me, object, place);
        }
        self.unless_lost(answer).await
    }
}
