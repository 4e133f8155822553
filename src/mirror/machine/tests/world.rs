//! The model's world: a tenant with a few objects, Graph's delta with lagging replicas, and the store.

use std::collections::BTreeSet;
use std::time::Duration;

use time::OffsetDateTime;

use crate::mirror::plan::doubt::{Marks, is_abandoned, is_burnt, keeps_links};
use crate::store::{Checkpoint, Numbers, Source, is_good};

/// Life of the lease, in seconds.
pub const LEASE: i64 = 15;
/// No write arrives later than this after the lease of its turn ended, in seconds.
pub const LATEST: i64 = 3600;
/// Age at which doubt is settled, and the bound on how far a replica lags, in seconds.
pub const DOUBT: i64 = 900;
/// The one container of the model.
pub const CONTAINER: &str = "objects";
/// Processes that know for an hour which container there is.
const PROCESSES: usize = 2;
/// Objects of the tenant.
pub const OBJECTS: usize = 2;

/// A rule to switch off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Off {
    Epoch,
    Burn,
    SaveMatch,
    WriteFirst,
    Dirty,
    Owed,
    SweepDoubt,
    SweepAge,
    RefreshGeneration,
    Settle,
    SettleAge,
    ById,
    LinkDoubt,
    /// Abandoned numbers are forgotten at once.
    ForgetAge,
    /// Abandoned numbers are forgotten although documents carry them.
    ForgetCarried,
    Container,
    /// A lost lease was given back cleanly.
    LostLease,
    /// A lost lease starts at the epoch after that of the checkpoint, which a turn under way may have too.
    LostEpoch,
    /// A feed without a checkpoint starts its numbers at one.
    Time,
    /// What a lost checkpoint covered is trusted.
    LostDoubt,
    OneLink,
    AskFirst,
    Merge,
    MergeDoubt,
    MergeOld,
    /// A turn goes by the clock of its machine.
    OwnClock,
    /// The end of a lease is believed, however far away it is.
    LeaseEnd,
    /// The links of a source that lives are swept although the walk did not show it.
    Spare,
    /// What lives and was not shown by the walk is not walked for again.
    Unseen,
    /// A walk that begins anew after its first page was abandoned has the same generation as before.
    Anew,
}

/// What a schedule may contain.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub off: Option<Off>,
    /// The objects are links, which cannot be looked up by id; each has a source that always lives, and can be.
    pub links: bool,
    /// Rounds of changes name only the properties that changed.
    pub partial: bool,
    /// The objects are links of one source, which has one of them at most, and Graph tells a new one without a word about
    /// the one before.
    pub to_one: bool,
    pub refreshes: u32,
    pub resets: u32,
    pub changes: u32,
    pub kills: u32,
    pub turns: u32,
    pub deaths: u32,
    pub lost: u32,
    pub brakes: u32,
    /// Times that the container is dropped and created anew.
    pub recreations: u32,
    /// Losses of the lease, the checkpoint, or both.
    pub losses: u32,
    /// Enumerations that do not show an object although it is there.
    pub hides: u32,
    /// Times that the clock of a process is set, by an hour or by a day.
    pub clocks: u32,
    /// What a sweep is about to remove is asked for by id, where it can be.
    pub asks: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            off: None,
            links: false,
            partial: false,
            to_one: false,
            refreshes: 2,
            resets: 1,
            changes: 5,
            kills: 2,
            turns: 4,
            deaths: 2,
            lost: 1,
            brakes: 1,
            recreations: 1,
            losses: 1,
            hides: 1,
            clocks: 2,
            asks: true,
        }
    }
}

/// What an object says: two properties.
pub type Content = [u32; 2];

/// A version of an object; none means that it is gone.
pub type Version = Option<Content>;

/// An entry of a page: a version, and which of its properties are named.
pub type Entry = (usize, Version, [bool; 2]);

/// All properties are named.
pub const WHOLE: [bool; 2] = [true; 2];

#[derive(Debug, Clone)]
pub struct Doc {
    pub version: Version,
    pub marks: Marks,
    /// When its page was read.
    pub read: i64,
    pub written: i64,
    pub etag: u64,
}

#[derive(Debug, Clone, Default)]
pub struct LeaseDoc {
    pub holder: Option<u32>,
    pub epoch: u64,
    pub expires: i64,
    /// When it was last written, as Cosmos says.
    pub written: i64,
    pub clean: bool,
    pub rung: bool,
    pub etag: u64,
}

/// A link of Graph's: where a round began, what was given out, and what is still to be told.
#[derive(Debug, Clone, Default)]
pub struct Link {
    position: i64,
    given: BTreeSet<usize>,
    round: Option<(i64, BTreeSet<usize>)>,
    /// It is the `Location` of a dead token: good for the first page, or for nothing.
    location: Option<bool>,
    /// What the enumeration hid, and nothing has told since.
    hidden: BTreeSet<usize>,
    /// An enumeration is under way.
    is_walk: bool,
}

/// What Graph answers.
pub enum Answer {
    /// Perhaps with a link that begins anew.
    Dead(Option<usize>),
    /// There is nothing at this `Location`.
    Nothing,
    Page {
        objects: Vec<Entry>,
        next: usize,
        home: bool,
    },
}

/// The answer to a write was lost; it may have been carried out.
pub struct Lost;

/// A moment of the model as the product writes it.
pub fn clock(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(seconds)
}

pub struct World {
    pub random: fastrand::Rng,
    pub options: Options,
    pub now: i64,
    /// Faults are over.
    pub quiet: bool,
    history: Vec<Vec<(i64, Version)>>,
    times: Vec<i64>,
    versions: u32,
    pub docs: Vec<Option<Doc>>,
    /// Objects that were removed from the copy, though they were there ever since their creation.
    pub wronged: BTreeSet<usize>,
    /// Links that were swept although their sources lived and the walk had not shown them.
    pub unspared: BTreeSet<usize>,
    /// Which container there is, by number, …
    container: u32,
    /// … and which one processes saw last, and when.
    looked: [Option<(u32, i64)>; PROCESSES],
    /// How far the clocks of the processes are ahead, in seconds.
    ahead: [i64; PROCESSES],
    pub lease: Option<LeaseDoc>,
    pub checkpoint: Option<(Box<Checkpoint>, u64)>,
    links: Vec<Link>,
    etag: u64,
    deaths: u32,
    lost: u32,
    brakes: u32,
    hides: u32,
    pub trace: Vec<String>,
    pub traced: bool,
    /// Milliseconds that went by within the seconds.
    ticks: i64,
}

/// How many sources the links have.
fn sources(options: &Options) -> usize {
    match (options.links, options.to_one) {
        (false, _) => 0,
        (true, true) => 1,
        (true, false) => OBJECTS,
    }
}

/// Sources were always there.
fn since_the_beginning(object: usize) -> Vec<(i64, Version)> {
    let source = (object >= OBJECTS).then_some((0, Some([1; 2])));
    [(0, None)].into_iter().chain(source).collect()
}

impl World {
    pub fn new(seed: u64, options: Options, traced: bool) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed),
            options,
            now: 1_000_000,
            quiet: false,
            history: (0..OBJECTS + sources(&options)).map(since_the_beginning).collect(),
            times: vec![0],
            versions: 1,
            docs: vec![None; OBJECTS + sources(&options)],
            wronged: BTreeSet::new(),
            unspared: BTreeSet::new(),
            container: 0,
            looked: [None; PROCESSES],
            ahead: [0; PROCESSES],
            lease: None,
            checkpoint: None,
            links: vec![Link::default()],
            etag: 0,
            deaths: options.deaths,
            lost: options.lost,
            brakes: options.brakes,
            hides: options.hides,
            trace: Vec::new(),
            traced,
            ticks: 0,
        }
    }

    pub fn is_off(&self, off: Off) -> bool {
        self.options.off == Some(off)
    }

    /// A moment of this second. No two looks are the same.
    pub fn moment(&mut self, second: i64) -> OffsetDateTime {
        self.ticks += 1;
        clock(second) + time::Duration::milliseconds(self.ticks)
    }

    /// What the clock of the machine says on which a turn runs.
    pub fn own_clock(&self, turn: u32) -> i64 {
        self.now + if self.quiet { 0 } else { self.ahead[turn as usize % PROCESSES] }
    }

    /// Somebody sets a clock.
    pub fn set_clock(&mut self) {
        let process = self.random.usize(..PROCESSES);
        let ahead = [3_600, -3_600, 86_400, -86_400, 0][self.random.usize(..5)];
        self.ahead[process] = ahead;
        self.note(|| format!("the clock of process {process} is {ahead} s ahead"));
    }

    /// Takes something out of the control partition.
    pub fn lose(&mut self) {
        let what = self.random.u8(..3);
        self.note(|| format!("lost: {}", ["the lease", "the checkpoint", "both"][what as usize]));
        if what != 1 {
            self.lease = None;
        }
        if what != 0 {
            self.checkpoint = None;
        }
    }

    /// Above whatever the documents carry.
    pub fn numbers(&mut self, now: OffsetDateTime) -> Numbers {
        if self.is_off(Off::Time) {
            return Numbers { generation: 0, save: 0 };
        }
        let from_time = Numbers::from_time(now);
        let marks = || self.docs.iter().flatten().map(|doc| doc.marks);
        let generation = marks().map(|marks| marks.generation + 1).max().unwrap_or(0);
        let save = marks().map(|marks| marks.save + 1).max().unwrap_or(0);
        Numbers { generation: from_time.generation.max(generation), save: from_time.save.max(save) }
    }

    pub fn note(&mut self, what: impl FnOnce() -> String) {
        if self.traced {
            let line = format!("{:6} {}", self.now, what());
            self.trace.push(line);
        }
    }

    // The tenant.

    pub fn change(&mut self) {
        let object = self.random.usize(..self.docs.len());
        let living = self.truth(object).is_some();
        let version = if living && !self.is_source(object) && self.random.bool() {
            None
        } else {
            self.versions += 1;
            let mut content = [self.versions; 2];
            if let (true, Some(before)) = (self.options.partial, self.truth(object)) {
                let other = self.random.usize(..2);
                content[other] = before[other];
            }
            Some(content)
        };
        self.times.push(self.now);
        let head = self.head();
        self.history[object].push((head, version));
        self.note(|| format!("tenant {object} := {version:?} @{head}"));
        if self.options.to_one && version.is_some() && !self.is_source(object) {
            for other in (0..OBJECTS).filter(|other| *other != object) {
                if self.truth(other).is_some() {
                    self.history[other].push((head, None));
                }
            }
        }
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

    pub fn truth(&self, object: usize) -> Version {
        self.history[object].last().and_then(|(_, version)| *version)
    }

    fn was_never_removed(&self, object: usize) -> bool {
        let mut versions = self.history[object].iter().map(|(_, version)| version).skip(1).peekable();
        versions.peek().is_some() && versions.all(Option::is_some)
    }

    fn state(&self, object: usize, position: i64) -> Version {
        let before = self.history[object].iter().rev().find(|(at, _)| *at <= position);
        before.and_then(|(_, version)| *version)
    }

    fn head(&self) -> i64 {
        self.times.len() as i64 - 1
    }

    /// How far a replica is, at least as far as `low` and as the lag bound allows.
    fn replica(&mut self, low: i64) -> i64 {
        let head = self.head();
        let mut floor = head;
        while floor > 0 && self.times[floor as usize] > self.now - DOUBT {
            floor -= 1;
        }
        let floor = floor.max(low);
        if self.quiet || head <= floor || self.random.bool() { head } else { self.random.i64(floor..=head) }
    }

    // Graph.

    pub fn by_id(&mut self, object: usize) -> Version {
        let position = self.replica(-1);
        let version = self.state(object, position);
        self.note(|| format!("GET {object} -> {version:?} (replica {position})"));
        version
    }

    /// One page of delta. `link` 0 is the initial request.
    pub fn page(&mut self, link: usize) -> Answer {
        if !self.quiet && self.deaths > 0 && link != 0 && self.random.u8(..100) < 8 {
            self.deaths -= 1;
            let location = self.random.bool().then(|| self.locate());
            self.note(|| format!("link {link} is dead, location {location:?}"));
            return Answer::Dead(location);
        }
        let from = self.links[link].clone();
        if from.location == Some(false) {
            self.note(|| format!("location {link} leads to nothing"));
            return Answer::Nothing;
        }
        let mut hidden = from.hidden.clone();
        let is_walk = from.is_walk || from.round.is_none() && (link == 0 || from.location.is_some());
        let (round, mut todo) = match from.round.clone() {
            Some(round) => round,
            None => match self.begin(link == 0 || from.location.is_some(), &from, &mut hidden) {
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
            // A link is told with its source, and by a walk a source with its links.
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
            let version = self.state(object, position);
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
            if version.is_some() || given.contains(&object) || self.random.bool() {
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
            Link { position: round, given, hidden, ..Link::default() }
        } else {
            Link {
                position: from.position,
                given,
                round: Some((round, todo)),
                location: None,
                hidden,
                is_walk,
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
    fn locate(&mut self) -> usize {
        let works = self.random.bool();
        self.links.push(Link { location: Some(works), ..Link::default() });
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
            world.history[object].iter().any(|(at, _)| low < *at && *at <= high)
        };
        let mut todo = BTreeSet::new();
        if initial {
            let all = 0..self.docs.len();
            todo.extend(all.clone().filter(|object| self.state(*object, position).is_some()));
            if self.random.u8(..10) < 3 {
                todo.extend(all.filter(|object| self.truth(*object).is_some()));
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

    // The store.

    /// Somebody drops the container, and creates another one of the same name.
    pub fn recreate(&mut self) {
        self.container += 1;
        self.docs.fill(None);
        self.note(|| "the container is dropped and created anew".into());
    }

    /// The id of the container as the process of a turn knows it; nothing without the rule.
    pub fn look_at_container(&mut self, turn: u32, known: Option<&str>) -> Option<String> {
        let (process, now) = (turn as usize % PROCESSES, self.now);
        let age = |at: i64| Duration::from_secs((now - at).unsigned_abs());
        let looked = self.looked[process].filter(|(id, at)| is_good(age(*at), &id.to_string(), known));
        let (id, at) = looked.unwrap_or((self.container, now));
        self.looked[process] = Some((id, at));
        (!self.is_off(Off::Container)).then(|| id.to_string())
    }

    pub fn next_etag(&mut self) -> u64 {
        self.etag += 1;
        self.etag
    }

    pub fn maybe_lost(&mut self) -> Result<(), Lost> {
        if self.lost > 0 && !self.quiet && self.random.u8(..100) < 3 {
            self.lost -= 1;
            self.note(|| "  (the answer is lost)".into());
            return Err(Lost);
        }
        Ok(())
    }

    /// Writes a document; `over`: only this version of it. False: somebody was faster.
    pub fn put(
        &mut self,
        object: usize,
        version: Version,
        marks: Marks,
        read: i64,
        over: Option<u64>,
    ) -> Result<bool, Lost> {
        let present = self.docs[object].as_ref().map_or(0, |doc| doc.etag);
        if over.is_some_and(|over| over != present) {
            return Ok(false);
        }
        // What is written over a version is concluded: by a sweep, or from a look.
        // A tombstone that takes the place of another one removes nobody.
        let lived = self.docs[object].as_ref().is_some_and(|doc| doc.version.is_some());
        if lived && over.is_some() && version.is_none() && self.was_never_removed(object) {
            self.wronged.insert(object);
        }
        let etag = self.next_etag();
        self.docs[object] = Some(Doc { version, marks, read, written: self.now, etag });
        self.note(|| format!("  put {object} = {version:?} {marks:?}"));
        self.maybe_lost().map(|()| true)
    }

    /// The links of sources that this walk has not shown, and that are not known to be gone.
    pub fn unseen(&self, generation: u64, is_meant: impl Fn(&Doc) -> bool) -> BTreeSet<usize> {
        let is_unseen = |link: &usize| {
            let source = self.source_of(*link).and_then(|source| self.docs[source].as_ref());
            source.is_some_and(|source| {
                source.version.is_some() && source.marks.generation < generation && is_meant(source)
            })
        };
        (0..OBJECTS).filter(is_unseen).collect()
    }

    /// The brake holds this time.
    pub fn brakes(&mut self) -> bool {
        let holds = self.brakes > 0 && !self.quiet && self.random.u8(..10) == 0;
        self.brakes -= u32::from(holds);
        holds
    }

    pub fn is_doubtful(&self, checkpoint: &Checkpoint, doc: &Doc) -> bool {
        let by_id = doc.marks.source == Source::ById && !self.is_off(Off::ById);
        let lost = is_abandoned(checkpoint, doc.marks.save) && !self.is_off(Off::LostDoubt);
        by_id || lost || is_burnt(&checkpoint.burnt, doc.marks.save)
    }
}
