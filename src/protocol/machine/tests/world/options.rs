//! What a schedule may contain, and which rule is switched off.

/// A rule to switch off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Off {
    Epoch,
    Abandon,
    SaveMatch,
    WriteFirst,
    Dirty,
    PendingSweep,
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
    /// The links of a source that lives are swept although the enumeration did not show it.
    Spare,
    /// An object that lives unseen does not start another enumeration.
    Unseen,
    /// A list sweeps by generation, although what did not change keeps an earlier one.
    Seen,
    /// What the pages of a list have shown is forgotten when its turn is killed.
    SeenSaved,
    /// What a page has shown that no save covers counts too.
    SeenAbandoned,
    /// An enumeration that has shown as many objects as live has missed none, also where the next turn does not list again.
    Counted,
    /// No delta query confirms a first copy that was read as a list.
    Listed,
    /// A turn says that nothing is doubtful, whatever it found.
    Settled,
    /// What may be behind decides that nothing is written.
    Behind,
    /// What arrives late is not read again.
    Overlap,
    /// The range of time that the feed shows does not move on.
    Range,
    /// What is swept, counted or looked up may belong to another feed of the container.
    Scope,
    /// What is read by id into a feed that has ended does not make it due again.
    Reopen,
    /// A feed whose parent is gone ends with its first sweep, although a late write may still arrive.
    Ended,
    /// What left the range of the feed stays, because Graph still shows it by its id.
    Outside,
    /// An enumeration that begins anew after its first page was abandoned has the same generation as before.
    Anew,
    /// What lay in a folder that is gone is not looked up.
    Inside,
    /// A round of changes since a time counts as one since the dead token: no generation follows it.
    ByTime,
}

/// What a schedule may contain.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub off: Option<Off>,
    /// The objects are links, which cannot be looked up by id; each has a source that always lives, and can be.
    pub links: bool,
    /// Graph has no delta query of the objects: each turn lists them.
    pub list: bool,
    /// Objects are only added, some of them late, and are read by the time at which they happened.
    pub window: bool,
    /// The feed shows what lies in a range of time that moves on.
    pub rolling: bool,
    /// Each object has a feed of its own, in one container, and the second one lies below the first one.
    pub below: bool,
    /// The second object may lie in the first one, and then goes with it, of which the feed says nothing.
    pub inside: bool,
    /// Graph also tells what changed since a time.
    pub by_time: bool,
    /// A first copy is read as a list.
    pub sharded: bool,
    /// Turns ask for changes without the lease first.
    pub quiet: bool,
    /// They may do so for ever, and not for an hour at most.
    pub for_ever: bool,
    /// Graph shows objects by their ids.
    pub by_id: bool,
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
    /// Losses of the lease alone, which are more frequent than other losses.
    pub lease_losses: u32,
    /// Enumerations that do not show an object although it is there.
    pub hides: u32,
    /// Times that the clock of a process is set, by an hour or by a day.
    pub clocks: u32,
    /// What a sweep is about to remove is asked for by id, where it can be.
    pub asks: bool,
}

impl Options {
    /// An enumeration skips what is stored as it shows it.
    pub fn skips(&self) -> bool {
        self.list || self.window
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            off: None,
            links: false,
            list: false,
            window: false,
            rolling: false,
            below: false,
            inside: false,
            by_time: false,
            sharded: false,
            quiet: false,
            for_ever: false,
            by_id: true,
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
            lease_losses: 0,
            hides: 1,
            clocks: 2,
            asks: true,
        }
    }
}
