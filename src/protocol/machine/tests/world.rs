//! The model's world: a tenant with a few objects, Graph's delta with lagging replicas, and the store.

mod graph;
mod options;
mod store;
mod tenant;

pub use options::{Off, Options};
pub use store::process;
pub use tenant::lies_inside;

use std::collections::{BTreeMap, BTreeSet};

use time::{Duration as Span, OffsetDateTime};

use crate::protocol::doubt::Marks;
use crate::protocol::{Checkpoint, Numbers, Rolling, Terms, Window};

/// Life of the lease, in seconds.
pub const LEASE: i64 = 15;
/// No write arrives later than this after the lease of its turn ended, in seconds.
pub const LATEST: i64 = 3600;
/// Age at which doubt is settled, and the bound on how far a replica lags, in seconds.
pub const DOUBT: i64 = 900;
/// Objects that are read by time arrive, and change, for so long after they happened, in seconds.
pub const LATE: i64 = 9000;
/// When schedules begin.
const BEGIN: i64 = 1_000_000;
/// The one container of the model.
pub const CONTAINER: &str = "objects";
/// Processes that know for an hour which container there is.
pub const PROCESSES: usize = 2;
/// Feeds at most.
const FEEDS: usize = 2;
/// Objects of the tenant.
pub const OBJECTS: usize = 2;

/// What an object says: two properties. Where a feed shows a range of time, the second one says when the object is.
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

/// A link of Graph's: where a round began, what was given out, and what is still to be told.
#[derive(Debug, Clone, Default)]
pub struct Link {
    feed: usize,
    position: i64,
    given: BTreeSet<usize>,
    round: Option<(i64, BTreeSet<usize>)>,
    /// It is the `Location` of a dead token, or asks for the changes since a time: good for a page, or for nothing.
    location: Option<bool>,
    /// It asks for what changed since a time.
    is_by_time: bool,
    /// What the enumeration hid, and nothing has told since.
    hidden: BTreeSet<usize>,
    /// An enumeration is under way.
    is_walk: bool,
    /// The range of time that it shows, both ends included.
    range: Option<Range>,
}

/// A range of time, in seconds.
pub type Range = [i64; 2];

/// A version of a document that was replaced: until when it was there, and which process knows that it replaced it.
type Replaced = (Option<Doc>, i64, Option<usize>);

/// What Graph answers.
pub enum Answer {
    /// Perhaps with a link that begins anew.
    Dead(Option<usize>),
    /// There is nothing at this `Location`.
    Nothing,
    /// The parent of the feed is not there.
    Denied,
    Page {
        objects: Vec<Entry>,
        next: usize,
        home: bool,
    },
}

/// The answer to a write was lost; it may have been carried out.
pub struct Lost;

/// A range that moves on with each day.
pub const ROLLING: Rolling = Rolling { back: Span::DAY, ahead: Span::DAY, roll: Span::DAY };

/// Both ends of a range, in seconds.
pub fn seconds(range: Window) -> Range {
    [range.from, range.to].map(OffsetDateTime::unix_timestamp)
}

/// A moment of the model as the product writes it.
pub fn clock(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + Span::seconds(seconds)
}

pub struct World {
    pub random: fastrand::Rng,
    pub options: Options,
    pub now: i64,
    /// Faults are over.
    pub quiet: bool,
    history: Vec<Vec<(i64, Version)>>,
    times: Vec<i64>,
    /// When each object happened that is read by time.
    happened: Vec<i64>,
    /// When the second object went without a word.
    unsaid: BTreeSet<i64>,
    versions: u32,
    pub docs: Vec<Option<Doc>>,
    /// Objects that were removed from the copy, though they were there ever since their creation.
    pub wronged: BTreeSet<usize>,
    /// A turn found the parent of its feed gone.
    pub parent_left: bool,
    /// Links that were swept although their sources lived and the enumeration had not shown them.
    pub unspared: BTreeSet<usize>,
    /// Which container there is, by number, …
    container: u32,
    /// … and which one processes saw last, and when.
    looked: [Option<(u32, i64)>; PROCESSES],
    /// How far the clocks of the processes are ahead, in seconds.
    ahead: [i64; PROCESSES],
    /// The lease of each feed, and its version.
    pub leases: [Option<(Terms, u64)>; FEEDS],
    pub checkpoints: [Option<(Box<Checkpoint>, u64)>; FEEDS],
    /// What pages left as it was, by generation, page and save.
    pub seen: BTreeMap<(u64, u32, u64), BTreeSet<usize>>,
    /// The last save of each feed that a process knows, and when another process may last have written documents.
    pub saves: [[Option<(u64, OffsetDateTime)>; FEEDS]; PROCESSES],
    replaced: Vec<Vec<Replaced>>,
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
            now: BEGIN,
            quiet: false,
            history: (0..OBJECTS + sources(&options)).map(since_the_beginning).collect(),
            times: vec![0],
            happened: vec![0; OBJECTS],
            unsaid: BTreeSet::new(),
            versions: 1,
            docs: vec![None; OBJECTS + sources(&options)],
            wronged: BTreeSet::new(),
            parent_left: false,
            unspared: BTreeSet::new(),
            container: 0,
            looked: [None; PROCESSES],
            ahead: [0; PROCESSES],
            leases: [None, None],
            checkpoints: [None, None],
            seen: BTreeMap::new(),
            saves: [[None; FEEDS]; PROCESSES],
            replaced: vec![Vec::new(); OBJECTS + sources(&options)],
            links: (0..FEEDS).map(|feed| Link { feed, ..Link::default() }).collect(),
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

    /// What the clock of a turn's machine says.
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
        let what = self.random.u8(..3 + u8::from(!self.options.window));
        let feed = self.any_feed();
        let names = ["the lease", "the checkpoint", "both", "what a list has shown"];
        self.note(|| format!("lost: {}", names[what as usize]));
        match what {
            0 => self.leases[feed] = None,
            1 => self.checkpoints[feed] = None,
            2 => (self.leases[feed], self.checkpoints[feed]) = (None, None),
            _ => self.seen.clear(),
        }
    }

    /// Takes the lease out of the control partition, and nothing else.
    pub fn lose_lease(&mut self) {
        let feed = self.any_feed();
        self.note(|| "lost: the lease".into());
        self.leases[feed] = None;
    }

    /// A feed that there is.
    pub fn any_feed(&mut self) -> usize {
        if self.options.below { self.random.usize(..FEEDS) } else { 0 }
    }

    /// Whether an object belongs to a feed.
    pub fn belongs(&self, feed: usize, object: usize) -> bool {
        !self.options.below || object == feed
    }

    /// Whether a turn of a feed takes an object for one of its own.
    pub fn is_ours(&self, feed: usize, object: usize) -> bool {
        self.is_off(Off::Scope) || self.belongs(feed, object)
    }

    /// The documents of a feed; without the rule, of all feeds.
    pub fn docs_of(&self, feed: usize) -> impl Iterator<Item = &Doc> {
        let of_feed = self.docs.iter().enumerate().filter(move |(object, _)| self.is_ours(feed, *object));
        of_feed.filter_map(|(_, doc)| doc.as_ref())
    }

    /// Above whatever the documents of a feed carry.
    pub fn numbers(&mut self, feed: usize, now: OffsetDateTime) -> Numbers {
        if self.is_off(Off::Time) {
            return Numbers { generation: 0, save: 0 };
        }
        let from_time = Numbers::from_time(now);
        let marks = || self.docs_of(feed).map(|doc| doc.marks);
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
}
