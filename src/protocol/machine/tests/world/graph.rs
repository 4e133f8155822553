//! Graph in the model: delta with lagging replicas, enumerations that hide, tokens that die.

use std::collections::BTreeSet;

use time::OffsetDateTime;

use super::{Answer, Doc, Entry, FEEDS, Link, OBJECTS, Range, Version, WHOLE, World};
use crate::protocol::Checkpoint;
use crate::protocol::doubt::keeps_links;

impl World {
    pub fn by_id(&mut self, object: usize) -> Version {
        let position = self.replica(-1);
        let version = self.state(object, position);
        self.note(|| format!("GET {object} -> {version:?} (replica {position})"));
        version
    }

    /// The delta link of this moment.
    pub fn latest(&mut self, feed: usize) -> usize {
        let (position, given) = (self.replica(-1), (0..self.docs.len()).collect());
        self.links.push(Link { feed, position, given, ..Link::default() });
        self.links.len() - 1
    }

    /// How many of these objects Graph counts.
    pub fn counted(&mut self, all: &[usize]) -> u64 {
        let position = self.replica(-1);
        all.iter().filter(|object| self.state(**object, position).is_some()).count() as u64
    }

    /// Whether a page token has died.
    pub fn dies(&mut self) -> bool {
        let dies = !self.quiet && self.deaths > 0 && self.random.u8(..100) < 8;
        self.deaths -= u32::from(dies);
        dies
    }

    /// An object as a shard of a list shows it, from a replica that may lag behind. Some objects are in no shard.
    pub fn listed(&mut self, object: usize) -> Version {
        let position = self.replica(-1);
        let is_in_none = self.random.u8(..8) == 0;
        let version = self.state(object, position).filter(|_| !is_in_none);
        self.note(|| format!("the list shows {object} as {version:?} (replica {position})"));
        version
    }

    /// One page. The first links are the initial requests of the feeds, perhaps of a range of time.
    pub fn page(&mut self, link: usize, range: Option<Range>) -> Answer {
        if !self.quiet && self.deaths > 0 && link >= FEEDS && self.random.u8(..100) < 8 {
            self.deaths -= 1;
            let feed = self.links[link].feed;
            let location = self.random.bool().then(|| self.locate(feed));
            self.note(|| format!("link {link} is dead, location {location:?}"));
            return Answer::Dead(location);
        }
        let from = Link { range: self.links[link].range.or(range), ..self.links[link].clone() };
        if from.location == Some(false) {
            self.note(|| format!("location {link} leads to nothing"));
            return Answer::Nothing;
        }
        if self.options.below && from.feed == 1 {
            let position = self.replica(from.round.as_ref().map_or(-1, |(round, _)| *round));
            if self.state(0, position).is_none() {
                return Answer::Denied;
            }
        }
        let mut hidden = from.hidden.clone();
        let is_first = link < FEEDS || from.location.is_some() && !from.is_by_time;
        let is_walk = from.is_walk || from.round.is_none() && is_first;
        let (round, mut todo) = match from.round.clone() {
            Some(round) => round,
            None => match self.begin(is_first, &from, &mut hidden) {
                Some(round) => round,
                None => return self.answer(Vec::new(), Link { round: None, ..from }, true),
            },
        };
        let mut given = from.given.clone();
        let mut objects = Vec::new();
        let mut places = if self.random.u8(..10) < 7 { 1 } else { 2 };
        while places > 0 && !todo.is_empty() {
            places -= 1;
            let object = *todo.iter().nth(self.random.usize(..todo.len())).expect("within its length");
            todo.remove(&object);
            let position = self.replica(round);
            // A link is told with its source, and by an enumeration a source with its links.
            let source = self.source_of(object).unwrap_or(object);
            if self.is_source(source) {
                objects.push((source, self.state(source, position), WHOLE));
                todo.remove(&source);
            }
            if self.is_source(object) {
                let links = (0..OBJECTS).filter(|link| is_walk && self.source_of(*link) == Some(object));
                let links: Vec<_> =
                    links.filter_map(|link| Some((link, self.state(link, position)?))).collect();
                for (link, version) in links {
                    objects.push((link, Some(version), WHOLE));
                    hidden.remove(&link);
                    todo.remove(&link);
                    given.insert(link);
                }
                continue;
            }
            let version = self.within(from.range, self.state(object, position));
            // Of a relationship to one, the link that is there is told, and not the one that it took the place of.
            let now = (0..OBJECTS).filter(|_| self.options.to_one && version.is_none());
            let now = now.filter_map(|other| Some((other, self.state(other, position)?))).next();
            if let Some((other, version)) = now {
                objects.push((other, Some(version), WHOLE));
                hidden.remove(&other);
                given.insert(other);
                given.remove(&object);
                continue;
            }
            if self.options.skips() && version.is_none() {
                continue;
            }
            // That a folder is gone, each round of changes tells.
            let is_told = self.options.inside && object == 0 && !is_walk;
            if version.is_some() || given.contains(&object) || is_told || self.random.bool() {
                let named = self.named(object, from.position, position);
                objects.push((object, version, named));
                hidden.remove(&object);
                if version.is_some() {
                    given.insert(object)
                } else {
                    given.remove(&object)
                };
            }
        }
        let home = todo.is_empty();
        let next = if home {
            Link { feed: from.feed, position: round, given, hidden, range: from.range, ..Link::default() }
        } else {
            Link {
                feed: from.feed,
                position: from.position,
                given,
                round: Some((round, todo)),
                location: None,
                is_by_time: false,
                hidden,
                is_walk,
                range: from.range,
            }
        };
        self.answer(objects, next, home)
    }

    /// Which properties a round names that began at `from`: at least those that changed since, and all of what was not
    /// there all the time.
    fn named(&mut self, object: usize, from: i64, position: i64) -> [bool; 2] {
        let (low, high) = (from.min(position), from.max(position));
        let Some(before) = self.state(object, low).filter(|_| self.options.partial) else { return WHOLE };
        let mut named = [false; 2];
        for (at, version) in &self.history[object] {
            match version {
                _ if *at <= low || high < *at => {}
                None => return WHOLE,
                Some(content) => (0..2).for_each(|one| named[one] |= content[one] != before[one]),
            }
        }
        if self.random.u8(..4) == 0 { WHOLE } else { named }
    }

    /// Where a dead token is sent: to a first page, or to nothing.
    fn locate(&mut self, feed: usize) -> usize {
        let works = self.random.bool();
        self.links.push(Link { feed, location: Some(works), ..Link::default() });
        self.links.len() - 1
    }

    /// The link that asks for what changed since a time. Perhaps it leads to nothing, and perhaps Graph no longer knows all that
    /// changed: something has ended the token.
    pub fn since(&mut self, feed: usize, time: OffsetDateTime) -> usize {
        let second = time.unix_timestamp();
        let position = self.times.iter().rposition(|at| *at <= second).unwrap_or(0) as i64;
        let position =
            if self.random.u8(..3) > 0 { position } else { self.random.i64(position..=self.head()) };
        let (location, given) = (Some(self.random.u8(..4) > 0), (0..self.docs.len()).collect());
        self.links.push(Link { feed, position, given, location, is_by_time: true, ..Link::default() });
        self.note(|| format!("what changed since {position} is asked for"));
        self.links.len() - 1
    }

    /// The objects of a new round, and what it hides; none when the replica is behind the link and has nothing to say.
    fn begin(
        &mut self,
        initial: bool,
        from: &Link,
        hidden: &mut BTreeSet<usize>,
    ) -> Option<(i64, BTreeSet<usize>)> {
        let position = self.replica(-1);
        let touched = |world: &Self, low: i64, high: i64, object: usize| {
            let said = |at: &i64| object != 1 || !world.unsaid.contains(at);
            world.history[object].iter().any(|(at, _)| low < *at && *at <= high && said(at))
        };
        let mut todo = BTreeSet::new();
        if initial {
            let all = 0..self.docs.len();
            todo.extend(all.clone().filter(|object| self.state(*object, position).is_some()));
            if self.random.u8(..10) < 3 {
                todo.extend(all.filter(|object| self.truth(*object).is_some()));
            }
            match from.range {
                Some([first, last]) if self.options.window => {
                    todo.retain(|object| (first..=last).contains(&self.happened[*object]));
                }
                range => todo.retain(|object| {
                    self.within(range, self.state(*object, position)).is_some()
                        || self.within(range, self.truth(*object)).is_some()
                }),
            }
            *hidden = self.hide(&mut todo);
        } else if position < from.position {
            if self.random.bool() {
                return None;
            }
            for object in 0..self.docs.len() {
                let again = touched(self, position, from.position, object) || self.random.u8(..10) < 3;
                if again && self.history[object][0].0 <= position {
                    todo.insert(object);
                }
            }
        } else {
            let all = 0..self.docs.len();
            todo.extend(all.filter(|object| touched(self, from.position, position, *object)));
        }
        todo.retain(|object| self.belongs(from.feed, *object));
        Some((position, todo))
    }

    /// Loses some of what an enumeration would show, of what the copy has and was always there: what it never had, only
    /// the next enumeration can bring.
    fn hide(&mut self, todo: &mut BTreeSet<usize>) -> BTreeSet<usize> {
        if self.quiet || self.hides == 0 || self.random.u8(..4) > 0 {
            return BTreeSet::new();
        }
        self.hides -= 1;
        let is_copied = |doc: &Option<Doc>| doc.as_ref().is_some_and(|doc| doc.version.is_some());
        let mut hidden: BTreeSet<_> = (0..self.docs.len())
            .filter(|object| self.was_never_removed(*object) && is_copied(&self.docs[*object]))
            .collect();
        if self.options.links {
            // One source with all its links: two would have to be released by somebody.
            let sources: Vec<_> = hidden.into_iter().filter(|object| self.is_source(*object)).collect();
            let source = self.random.choice(sources);
            hidden =
                (0..OBJECTS).filter(|link| source.is_some() && self.source_of(*link) == source).collect();
            todo.retain(|object| Some(*object) != source);
        } else {
            hidden.retain(|_| self.random.bool());
        }
        todo.retain(|object| !hidden.contains(object));
        self.note(|| format!("the enumeration hides {hidden:?}"));
        hidden
    }

    /// The links that a sweep must spare: the enumeration hid them with their sources, and they live.
    pub fn spared(&self, link: usize, checkpoint: &Checkpoint) -> BTreeSet<usize> {
        let lives = |object: usize| self.docs[object].as_ref().filter(|doc| doc.version.is_some());
        let keeps = |source: &Doc| keeps_links(checkpoint, source.marks);
        let has_source = |link: &usize| self.source_of(*link).and_then(lives).is_some_and(keeps);
        let hidden = self.links[link].hidden.iter().copied();
        let hidden = hidden.filter(|link| lives(*link).is_some() && self.truth(*link).is_some());
        hidden.filter(has_source).collect()
    }

    fn answer(&mut self, objects: Vec<Entry>, next: Link, home: bool) -> Answer {
        self.links.push(next);
        let next = self.links.len() - 1;
        self.note(|| format!("page {objects:?} -> link {next}, home {home}"));
        Answer::Page { objects, next, home }
    }
}
