//! Random schedules: who runs, who freezes, who is killed, and when the tenant changes.

use std::cell::RefCell;
use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Waker};

use super::turn::{Kind, Shared, run};
use super::world::{OBJECTS, Options, World};

/// Steps of one schedule, before the quiet.
const STEPS: u32 = 140;
/// A turn that takes more steps than this has stalled.
const LONGEST: u32 = 600;

/// A schedule that left a wrong copy.
pub struct Violation {
    pub seed: u64,
    pub copy: String,
    pub trace: String,
}

/// Looks for a schedule that leaves a wrong copy; tells the story of the first one.
pub fn search(options: Options, seeds: Range<u64>) -> Option<Violation> {
    let seed = seeds.into_iter().find(|seed| play(*seed, options, false).is_some())?;
    play(seed, options, true)
}

fn play(seed: u64, options: Options, traced: bool) -> Option<Violation> {
    let mut schedule = Schedule::new(seed, options, traced);
    schedule.prologue();
    schedule.trouble();
    schedule.quiet();
    let world = schedule.world.borrow();
    let copy = |object: usize| world.docs[object].as_ref().and_then(|doc| doc.version);
    let mut wrong: Vec<_> = (0..world.docs.len())
        .filter(|object| world.meant(*object) != copy(*object))
        .map(|object| {
            format!("object {object} is {:?} and its copy {:?}", world.meant(object), world.docs[object])
        })
        .collect();
    let wronged = world.wronged.iter().filter(|object| !options.links || world.is_source(**object));
    wrong.extend(
        wronged.map(|object| format!("object {object} was never gone, and was removed from the copy")),
    );
    let unspared = world.unspared.iter();
    wrong.extend(unspared.map(|object| format!("link {object} was swept although its source lived unseen")));
    (!wrong.is_empty()).then(|| Violation { seed, copy: wrong.join("; "), trace: world.trace.join("\n") })
}

type Process = (u32, Pin<Box<dyn Future<Output = ()>>>);

struct Schedule {
    world: Shared,
    options: Options,
    running: Vec<Process>,
    started: u32,
}

impl Schedule {
    fn new(seed: u64, options: Options, traced: bool) -> Self {
        let world = Rc::new(RefCell::new(World::new(seed, options, traced)));
        Self { world, options, running: Vec::new(), started: 0 }
    }

    fn below(&self, bound: u32) -> u32 {
        self.world.borrow_mut().random.u32(..bound)
    }

    fn start(&mut self, kind: Kind) -> u32 {
        let feed = match kind {
            Kind::Refresh(object) if self.options.below => object,
            _ => self.world.borrow_mut().any_feed(),
        };
        self.start_on(feed, kind)
    }

    fn start_on(&mut self, feed: usize, kind: Kind) -> u32 {
        self.started += 1;
        let me = self.started;
        self.world.borrow_mut().note(|| format!("{me}: {kind:?} of feed {feed} starts"));
        self.running.push((me, Box::pin(run(Rc::clone(&self.world), me, feed, kind))));
        me
    }

    /// One step of a turn; false when there is no such turn (any more).
    fn step(&mut self, me: u32) -> bool {
        let Some(place) = self.running.iter().position(|(name, _)| *name == me) else { return false };
        let context = &mut Context::from_waker(Waker::noop());
        if self.running[place].1.as_mut().poll(context).is_ready() {
            drop(self.running.swap_remove(place));
            return false;
        }
        true
    }

    /// A turn of each feed runs through.
    fn full(&mut self, kind: Kind) {
        for feed in 0..=usize::from(self.options.below) {
            let me = self.start_on(feed, kind);
            let ended = (0..LONGEST).any(|_| !self.step(me));
            assert!(ended, "a turn stalls");
        }
    }

    fn wait(&self, seconds: i64) {
        self.world.borrow_mut().now += seconds;
    }

    fn prologue(&mut self) {
        self.world.borrow_mut().change();
        if self.below(2) == 0 {
            self.world.borrow_mut().change();
        }
        if self.below(10) < 6 {
            self.wait([1, 2000][self.below(2) as usize]);
            self.full(Kind::Sync);
            if self.below(2) == 0 {
                self.wait(2000);
            }
        }
    }

    fn any(&self) -> Option<u32> {
        (!self.running.is_empty()).then(|| self.running[self.below(self.running.len() as u32) as usize].0)
    }

    fn trouble(&mut self) {
        let mut current = None;
        let Options {
            mut changes,
            mut kills,
            mut turns,
            mut refreshes,
            mut resets,
            mut losses,
            mut lease_losses,
            mut clocks,
            ..
        } = self.options;
        let (mut short, mut long, mut recreations) = (4, 3, self.options.recreations);
        let what = match (clocks, lease_losses) {
            (0, 0) => 100,
            (_, 0) => 103,
            (_, _) => 115,
        };
        for _ in 0..STEPS {
            if let Some(me) = current.filter(|_| self.below(100) < 80) {
                if !self.step(me) {
                    current = None;
                }
                if self.below(20) == 0 {
                    self.wait(1);
                }
                continue;
            }
            match self.below(what) {
                0..22 => current = self.any(),
                22..40 if turns > 0 => {
                    turns -= 1;
                    current = Some(self.start(Kind::Sync));
                }
                40..50 if refreshes > 0 => {
                    refreshes -= 1;
                    let object = self.refreshed();
                    current = Some(self.start(Kind::Refresh(object)));
                }
                96..98 if resets > 0 => {
                    resets -= 1;
                    current = Some(self.start(Kind::Reset));
                }
                98..99 if recreations > 0 => {
                    recreations -= 1;
                    self.world.borrow_mut().recreate();
                }
                99 if losses > 0 => {
                    losses -= 1;
                    self.world.borrow_mut().lose();
                }
                100..103 if clocks > 0 => {
                    clocks -= 1;
                    self.world.borrow_mut().set_clock();
                }
                103..115 if lease_losses > 0 => {
                    lease_losses -= 1;
                    self.world.borrow_mut().lose_lease();
                }
                50..72 if changes > 0 => {
                    changes -= 1;
                    self.world.borrow_mut().change();
                }
                72..78 if kills > 0 => {
                    kills -= u32::from(self.kill());
                }
                78..90 if short > 0 => {
                    short -= 1;
                    self.wait(20);
                }
                90..96 if long > 0 => {
                    long -= 1;
                    self.wait([300, 1000, 8000][self.below(3) as usize]);
                }
                _ => current = self.any().or(current),
            }
            if let Some(me) = current
                && !self.step(me)
            {
                current = None;
            }
        }
    }

    /// What can be read by its id.
    fn refreshed(&self) -> usize {
        let count = self.world.borrow().docs.len();
        let first = if self.options.links { OBJECTS } else { 0 };
        first + self.below((count - first) as u32) as usize
    }

    fn kill(&mut self) -> bool {
        let Some(me) = self.any() else { return false };
        self.running.retain(|(name, _)| *name != me);
        self.world.borrow_mut().note(|| format!("{me}: SIGKILL"));
        true
    }

    /// Faults are over: what is still frozen ends, is killed, or wakes up late; then some turns run through.
    fn quiet(&mut self) {
        match self.below(3) {
            0 => {}
            1 => {
                for _ in 0..300 {
                    let Some(me) = self.any() else { break };
                    self.step(me);
                }
            }
            _ => self.running.clear(),
        }
        self.world.borrow_mut().quiet = true;
        self.world.borrow_mut().note(|| "--- quiet".into());
        self.wait(2000);
        let frozen: Vec<_> = self.running.iter().map(|(me, _)| *me).collect();
        self.full(Kind::Sync);
        let steps = if self.below(2) == 0 { self.below(13) } else { 300 };
        for _ in 0..steps {
            let awake: Vec<_> = frozen
                .iter()
                .filter(|me| self.running.iter().any(|(name, _)| name == *me))
                .copied()
                .collect();
            if awake.is_empty() {
                break;
            }
            let me = awake[self.below(awake.len() as u32) as usize];
            self.step(me);
        }
        self.running.clear();
        for _ in 0..6 {
            self.wait(2000);
            self.full(Kind::Sync);
        }
    }
}
