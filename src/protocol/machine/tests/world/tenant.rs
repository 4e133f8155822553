//! The tenant in the model: what happens to its objects, and what a replica knows of that.

use super::{BEGIN, Content, DOUBT, FEEDS, LATE, OBJECTS, ROLLING, Range, Version, World, clock, seconds};

/// The length of a day, in seconds.
const DAY: i64 = 86_400;

/// When an object is, of a feed that shows a range of time: at some half of a day from two days before the beginning.
fn moment_of(content: Content) -> i64 {
    BEGIN - BEGIN % DAY - 2 * DAY + i64::from(content[1]) * DAY / 2 + 1
}

/// Whether the second object lies in the first one.
pub fn lies_inside(content: Content) -> bool {
    content[1].is_multiple_of(2)
}

impl World {
    pub fn change(&mut self) {
        let object = self.random.usize(..self.docs.len());
        let living = self.truth(object).is_some();
        if self.options.window && !self.happens(object, living) {
            return;
        }
        let may_go = living && !self.options.window && !self.is_source(object);
        let version = if may_go && self.random.bool() {
            None
        } else {
            self.versions += 1;
            let mut content = [self.versions; 2];
            if self.options.rolling {
                content[1] = self.random.u32(0..9);
            }
            if let (true, Some(before)) = (self.options.partial, self.truth(object)) {
                let other = self.random.usize(..2);
                content[other] = before[other];
            }
            if self.options.inside && object == 1 {
                let is_inside = self.truth(0).is_some() && self.random.bool();
                content[1] += u32::from(lies_inside(content) != is_inside);
            }
            Some(content)
        };
        let is_orphan = |world: &Self| object == 1 && world.truth(0).is_none();
        if self.options.below && is_orphan(self) {
            return;
        }
        // What the feed finds arrived in time, and every replica knows it.
        let found = self.options.window && self.is_unread();
        self.times.push(if found { self.now - 2 * DOUBT } else { self.now });
        let head = self.head();
        self.history[object].push((head, version));
        self.note(|| format!("tenant {object} := {version:?} @{head}"));
        if self.options.below && object == 0 && version.is_none() && self.truth(1).is_some() {
            self.history[1].push((head, None));
        }
        if self.options.inside && object == 0 && version.is_none() && self.truth(1).is_some_and(lies_inside) {
            self.history[1].push((head, None));
            self.unsaid.insert(head);
        }
        if self.options.inside && object == 0 && version.is_some() && self.went_unsaid(self.head()) {
            let before = self.history[1].iter().rev().nth(1).and_then(|(_, version)| *version);
            self.history[1].push((head, before));
        }
        if self.options.to_one && version.is_some() && !self.is_source(object) {
            for other in (0..OBJECTS).filter(|other| *other != object) {
                if self.truth(other).is_some() {
                    self.history[other].push((head, None));
                }
            }
        }
    }

    /// Whether something happens to an object that is read by time: it arrives, or it still changes.
    fn happens(&mut self, object: usize, living: bool) -> bool {
        if living {
            return self.now - self.happened[object] <= LATE;
        }
        // What the feed finds may be older.
        let late = if self.is_unread() { 2 * DAY } else { LATE };
        self.happened[object] = self.now - self.random.i64(0..=late);
        true
    }

    /// Nobody has asked Graph for anything yet.
    fn is_unread(&self) -> bool {
        self.links.len() == FEEDS
    }

    /// Links come first, then their sources.
    pub fn is_source(&self, object: usize) -> bool {
        object >= OBJECTS
    }

    /// The source of a link.
    pub fn source_of(&self, link: usize) -> Option<usize> {
        let one = if self.options.to_one { 0 } else { link };
        (self.options.links && link < OBJECTS).then_some(OBJECTS + one)
    }

    /// What a copy is to have of an object now.
    pub fn meant(&self, object: usize) -> Version {
        let range = self.options.rolling.then(|| seconds(ROLLING.range(clock(self.now))));
        self.within(range, self.truth(object))
    }

    /// A version, if a feed shows it that has this range.
    pub fn within(&self, range: Option<Range>, version: Version) -> Version {
        version.filter(|content| match range {
            Some([first, end]) if self.options.rolling => (first..end).contains(&moment_of(*content)),
            _ => true,
        })
    }

    pub fn truth(&self, object: usize) -> Version {
        self.history[object].last().and_then(|(_, version)| *version)
    }

    pub(super) fn was_never_removed(&self, object: usize) -> bool {
        let mut versions = self.history[object].iter().map(|(_, version)| version).skip(1).peekable();
        // Nothing leaves these two days, however far the range moves on.
        let stays = |version: &Version| {
            version.is_some_and(|content| !self.options.rolling || (4..8).contains(&content[1]))
        };
        versions.peek().is_some() && versions.all(stays)
    }

    pub(super) fn state(&self, object: usize, position: i64) -> Version {
        let before = self.history[object].iter().rev().find(|(at, _)| *at <= position);
        before.and_then(|(_, version)| *version)
    }

    /// Whether the second object went with the first one, and is gone at a position.
    fn went_unsaid(&self, position: i64) -> bool {
        let last = self.history[1].iter().rev().find(|(at, _)| *at <= position);
        last.is_some_and(|(at, version)| version.is_none() && self.unsaid.contains(at))
    }

    pub(super) fn head(&self) -> i64 {
        self.times.len() as i64 - 1
    }

    /// How far a replica is, at least as far as `low` and as the lag bound allows.
    pub(super) fn replica(&mut self, low: i64) -> i64 {
        let head = self.head();
        let mut floor = head;
        while floor > 0 && self.times[floor as usize] > self.now - DOUBT {
            floor -= 1;
        }
        let floor = floor.max(low);
        if self.quiet || head <= floor || self.random.bool() { head } else { self.random.i64(floor..=head) }
    }
}
