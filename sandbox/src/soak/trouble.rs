//! Carrying out the deeds of a history: two hosts, turns that nobody waits for, and blows that wait for their
//! moment.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Result;
use tokio::task::JoinSet;

use super::below;
use super::beside::Beside;
use super::blow::{Host, Hosts, skew, strike};
use super::deed::{Blow, Deed, Gate, Loss, Who, is_beside};
use super::hide::hide;
use super::loss::{Lost, restore_all};
use super::operator;
use super::stir;
use super::trace::Trace;
use crate::cosmos::{Match, Moment, Operation};
use crate::graph;
use crate::host::Attempt;
use crate::process_clock::ProcessClock;
use crate::script::Hold;
use crate::world::{REQUESTED_QUEUE, WORK_QUEUE, World, sentence};

/// Invocations that may be under way at once, on both hosts together.
const MOST_RUNNING: usize = 6;

/// How long a deed waits for a turn.
const A_WHILE: Duration = Duration::from_millis(900);

/// Longer than tombstones stay here, and than delta links live.
const NINE_DAYS: Duration = Duration::from_secs(9 * 86_400);

/// A world with two hosts, in trouble.
pub(super) struct Trouble {
    /// The world as each of the hosts sees it.
    pub(super) views: [World; 2],
    pub(super) trace: Trace,
    hosts: Arc<Hosts>,
    running: JoinSet<()>,
    ambushes: JoinSet<()>,
    delayed: Option<Hold>,
    /// Invocations that were started.
    pub(super) started: usize,
}

impl Trouble {
    /// Hosts that have clocks of their own can have wrong ones.
    pub(super) fn new(views: [World; 2], clocks: [Option<ProcessClock>; 2], trace: Trace) -> Self {
        let (running, ambushes) = (JoinSet::new(), JoinSet::new());
        let each = clocks.map(|clock| Host { clock, ..Host::default() });
        let hosts = Arc::new(Hosts { each, lost: Lost::default() });
        Self { views, trace, hosts, running, ambushes, delayed: None, started: 0 }
    }

    /// One of both, where it does not matter which.
    pub(super) fn world(&self) -> &World {
        &self.views[0]
    }

    pub(super) fn view(&self, who: Who) -> &World {
        &self.views[who.index()]
    }

    /// One of both that answers.
    pub(super) fn awake(&self) -> &World {
        self.view(if self.is_frozen(Who::A) { Who::B } else { Who::A })
    }

    pub(super) fn is_frozen(&self, who: Who) -> bool {
        self.hosts.each[who.index()].frozen.load(Ordering::Acquire)
    }

    /// How many writes there had been when the lease or the checkpoint of a feed was last lost.
    pub(super) fn lease_lost(&self, feed: &str) -> usize {
        self.hosts.lost.lease(feed)
    }

    /// Carries out one deed.
    ///
    /// # Errors
    /// When the sandbox itself cannot.
    pub(super) async fn happen(&mut self, deed: &Deed) -> Result<()> {
        self.trace.note(format!("{deed:?}"));
        let world = self.world();
        match deed {
            Deed::Change(change, seed) => world.graph.tenant(|tenant| change.happen(tenant, *seed)),
            Deed::Fire(who) => self.fire(*who),
            Deed::Turn(who) => {
                self.fire(*who);
                let others = self.running.len();
                let ended = async {
                    while self.running.len() >= others && self.running.join_next().await.is_some() {}
                };
                // One on a frozen host does not end.
                let _ = tokio::time::timeout(A_WHILE, ended).await;
            }
            Deed::Follow(who, beside) => self.follow(*who, *beside),
            Deed::Refuse(seed) => {
                let random = &mut fastrand::Rng::with_seed(*seed);
                world.graph.tenant(|tenant| stir::refuse(tenant, random));
            }
            Deed::Answer => world.graph.tenant(stir::answer),
            Deed::Delay => {
                let reads = Match::operation(Operation::Read).container("mirror").id("checkpoint");
                self.delayed = Some(world.cosmos.hold(reads.only(), Moment::Before));
            }
            Deed::GoOn => self.delayed = None,
            Deed::Pump(who) => self.pump(*who),
            Deed::Graph(when, times, fault) => world.graph.fail(*when, *times, fault.clone()),
            Deed::Cosmos(when, times, fault) => world.cosmos.fail(when.clone(), *times, fault.clone()),
            Deed::Ambush { who, gate, blow, forgotten } => self.ambush(*who, *gate, *blow, *forgotten),
            Deed::Strike(who, blow) => self.strike(*who, *blow).await,
            Deed::Thaw(who) => self.thaw(*who).await?,
            Deed::TokensDie(death) => world.graph.kill_tokens(*death),
            Deed::Accept => self.accept(),
            Deed::Refresh(who, seed) => self.refresh(*who, *seed),
            Deed::Lag(changes) => world.graph.quirks(|quirks| quirks.lag = *changes),
            Deed::PageSize(size) => world.graph.set_page_size(*size),
            Deed::Skew => skew(world, "users").await?,
            Deed::Hide(percent, seed) => {
                // The containers may just be lost.
                restore_all(&world.cosmos).await?;
                let hidden = hide(world, *percent, *seed).await;
                self.trace.note(format!("    hidden: {hidden:?}"));
            }
            Deed::ReadBehind(time) => {
                let (behind, time) = (world.cosmos.read_behind(Match::any()), *time);
                self.ambushes.spawn(async move {
                    tokio::time::sleep(time).await;
                    drop(behind);
                });
            }
            Deed::Expire(death) => {
                world.cosmos.advance(NINE_DAYS);
                world.graph.kill_tokens(*death);
            }
            Deed::Rest(time) => tokio::time::sleep(*time).await,
        }
        Ok(())
    }

    /// Fires the timers; how they ended stands in the trace.
    pub(super) fn fire(&mut self, who: Who) {
        let feeds = self.world().feeds().iter().copied();
        for feed in feeds.filter(|feed| !is_beside(feed)).collect::<Vec<_>>() {
            if self.has_room() {
                let (view, trace) = (self.view(who).clone(), self.trace.clone());
                self.running.spawn(async move {
                    let ended = view.fire_feed(feed).await.and_then(|attempt| sentence(&attempt));
                    trace.note(format!("    timer on {who:?}: {}", in_words(&ended)));
                });
            }
        }
    }

    /// Runs the feeds of something besides users and groups, one after the other.
    fn follow(&mut self, who: Who, beside: Beside) {
        if !self.has_room() {
            return;
        }
        let (view, trace) = (self.view(who).clone(), self.trace.clone());
        self.running.spawn(async move {
            for feed in beside.feeds() {
                let ended = match below::is_below(feed) {
                    true => below::run(&view, feed).await.unwrap_or_else(|error| vec![Err(error)]),
                    false => vec![view.fire_feed(feed).await.and_then(|attempt| sentence(&attempt))],
                };
                for one in ended {
                    trace.note(format!("    {feed} on {who:?}: {}", in_words(&one)));
                }
            }
        });
    }

    fn pump(&mut self, who: Who) {
        if self.has_room() {
            let (view, trace) = (self.view(who).clone(), self.trace.clone());
            self.running.spawn(async move {
                for queue in [REQUESTED_QUEUE, WORK_QUEUE] {
                    let ended = view.host.pump(queue).await;
                    for attempt in ended.iter().flatten() {
                        trace.note(format!("    queue on {who:?}: {}", in_words(&sentence(attempt))));
                    }
                    if let Err(error) = ended {
                        trace.note(format!("    queue on {who:?}: {error:#}"));
                    }
                }
            });
        }
    }

    /// A caller asks for up to four users, whatever became of them.
    fn refresh(&mut self, who: Who, seed: u64) {
        if !self.has_room() {
            return;
        }
        let mut random = fastrand::Rng::with_seed(seed);
        let mut ids: Vec<_> = self
            .world()
            .graph
            .tenant(|tenant| tenant.collection("users").entries().map(|(id, _)| id.clone()).collect());
        random.shuffle(&mut ids);
        ids.truncate(random.usize(1..5));
        let (view, trace) = (self.view(who).clone(), self.trace.clone());
        self.running.spawn(async move {
            let body = serde_json::json!({ "ids": ids }).to_string();
            let answer = match view.call("POST", "/api/refresh/users", &body).await {
                Ok(reply) => format!("{} {}", reply.status, reply.body),
                Err(error) => format!("{error:#}"),
            };
            trace.note(format!("    refresh on {who:?} of {ids:?}: {answer}"));
        });
    }

    fn accept(&mut self) {
        let (world, trace) = (self.world().clone(), self.trace.clone());
        self.running.spawn(async move {
            for feed in world.feeds() {
                if let Err(error) = operator::accept(&world, feed, &trace).await {
                    trace.note(format!("    the operator: {error:#}"));
                }
            }
        });
    }

    fn has_room(&mut self) -> bool {
        while self.running.try_join_next().is_some() {}
        let room = self.running.len() < MOST_RUNNING;
        self.started += usize::from(room);
        room
    }

    fn ambush(&mut self, who: Who, gate: Gate, blow: Blow, forgotten: bool) {
        let (mut hold, view) = (self.close(gate), self.view(who).clone());
        let (trace, hosts) = (self.trace.clone(), Arc::clone(&self.hosts));
        self.ambushes.spawn(async move {
            hold.arrived().await;
            trace.note(format!("    {who:?} is struck at {gate:?}: {blow:?}"));
            strike(&view, who, blow, &hosts, &trace).await;
            if forgotten { hold.discard() } else { hold.release() }
        });
    }

    fn close(&self, gate: Gate) -> Hold {
        let World { graph, cosmos, .. } = self.world();
        match gate {
            Gate::Graph(nth) => graph.hold(graph::Match::any().nth(nth)),
            Gate::Mirror(nth, moment) => cosmos.hold(Match::any().container("mirror").nth(nth), moment),
            Gate::Users(nth, moment) => cosmos.hold(Match::writes().container("users").nth(nth), moment),
            Gate::Container(name, nth, moment) => {
                cosmos.hold(Match::writes().container(name).nth(nth), moment)
            }
            Gate::Links(nth, moment) => {
                cosmos.hold(Match::writes().container("groups-members").nth(nth), moment)
            }
        }
    }

    async fn strike(&self, who: Who, blow: Blow) {
        strike(self.view(who), who, blow, &self.hosts, &self.trace).await;
    }

    /// Lets a host go on; one that is awake stays so.
    pub(super) async fn thaw(&self, who: Who) -> Result<()> {
        if self.hosts.each[who.index()].frozen.swap(false, Ordering::AcqRel) {
            self.view(who).host.process().thaw().await?;
        }
        Ok(())
    }

    /// Kills a host for good: its handler is restarted, awake.
    pub(super) async fn kill(&self, who: Who) {
        self.strike(who, Blow::Kill).await;
    }

    /// From now on both hosts run the same version: the other one's handler is killed for good.
    ///
    /// # Errors
    /// When no new host starts.
    pub(super) async fn one_shape(&mut self) -> Result<()> {
        let other = &self.views[Who::B.index()];
        self.trace.note("only the version of A is left");
        other.host.shutdown().await;
        self.hosts.each[Who::B.index()].frozen.store(false, Ordering::Release);
        self.views[Who::B.index()] = self.world().second_host().await?;
        Ok(())
    }

    /// Ends all ambushes and opens every gate.
    /// All clocks are right, and all containers there.
    ///
    /// # Errors
    /// When the sandbox itself cannot.
    pub(super) async fn disarm(&mut self) -> Result<()> {
        self.ambushes.shutdown().await;
        self.delayed = None;
        self.world().graph.faults().clear();
        self.world().cosmos.faults().clear();
        self.world().graph.tenant(stir::answer);
        self.hosts.each.iter().filter_map(|host| host.clock.as_ref()).try_for_each(|clock| clock.shift(0))?;
        if self.world().cosmos.container("mirror").await.is_none() {
            self.hosts.lost.note(Loss::Container("mirror"), self.world());
        }
        restore_all(&self.world().cosmos).await
    }

    /// Waits for every invocation; false when one does not end.
    pub(super) async fn ended(&mut self, patience: Duration) -> bool {
        let ends = async { while self.running.join_next().await.is_some() {} };
        tokio::time::timeout(patience, ends).await.is_ok()
    }
}

/// The sentence of an invocation, or why it failed.
pub(super) fn in_words(ended: &Result<String>) -> String {
    match ended {
        Ok(sentence) => sentence.clone(),
        Err(error) => format!("{error:#}"),
    }
}

/// The invocations after which the real host would hang.
pub(super) fn hangs(view: &World) -> Vec<Attempt> {
    let hangs = |attempt: &Attempt| matches!(attempt.verdict, crate::host::Verdict::WouldHang { .. });
    view.host.history().into_iter().filter(hangs).collect()
}
