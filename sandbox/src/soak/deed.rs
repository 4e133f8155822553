//! The events of a history, as values.

use std::time::Duration;

use fastrand::Rng;
use serde_json::json;

use super::beside::Beside;
use super::stir::stir;
use crate::cosmos::{self, Moment};
use crate::graph::{self, Life, Tenant, TokenDeath, random_change};

/// One of the two hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    A,
    B,
}

impl Who {
    pub(super) const BOTH: [Self; 2] = [Self::A, Self::B];

    pub(super) fn index(self) -> usize {
        self as usize
    }

    pub(super) fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    /// The tenant changes; the seed is of its own, so that no race can change what is random.
    Change(Change, u64),
    /// The timer fires on that host; nobody waits for the end.
    Fire(Who),
    /// The timer fires on that host, and what follows waits for its end, though not for long.
    Turn(Who),
    /// That host runs the feeds of something besides users and groups. The history does not wait for the end.
    Follow(Who, Beside),
    /// Requests for a mailbox are refused.
    Refuse(u64),
    /// Every mailbox answers again.
    Answer,
    /// Reads of the checkpoint take long, until they may go on.
    Delay,
    /// They may.
    GoOn,
    /// That host reads its queue. The history does not wait for the end.
    Pump(Who),
    /// Graph will fail.
    Graph(graph::Match, usize, graph::Fault),
    /// Cosmos will fail.
    Cosmos(cosmos::Match, usize, cosmos::Fault),
    /// When a request comes to the gate, the host is struck there; then the request goes on or is forgotten.
    Ambush { who: Who, gate: Gate, blow: Blow, forgotten: bool },
    /// A host is struck, or what both of them rest on.
    Strike(Who, Blow),
    /// SIGCONT.
    Thaw(Who),
    /// All links issued so far are dead.
    TokensDie(TokenDeath),
    /// Graph's replicas tell so many changes later than they see them.
    Lag(usize),
    /// An operator accepts held removals. The history does not wait for the end.
    Accept,
    /// A caller of that host asks for a few users by their ids; nobody waits for the answer.
    Refresh(Who, u64),
    /// Pages have another size from now on.
    PageSize(usize),
    /// The clock of whoever comes next is ahead: for it, the lease has ended.
    Skew,
    /// The next enumeration does not show so many percent of the objects in the copy that are there; the seed says which.
    Hide(usize, u64),
    /// For so long, reads of Cosmos are behind, but for what their session has seen.
    ReadBehind(Duration),
    /// Days pass: tombstones expire, and all links are dead.
    Expire(TokenDeath),
    /// Time passes.
    Rest(Duration),
}

/// A change of the tenant.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    /// So many random changes.
    Few(usize),
    /// Every user changes.
    Touch,
    /// Every other user goes, some of them for good.
    Remove,
    /// Every user that can be restored is restored.
    Restore,
    /// So many users are new.
    Create(usize),
    /// A few random changes of something besides users and groups.
    Beside(Beside),
}

/// Where a host is struck.
#[derive(Clone, Copy, Debug)]
pub(super) enum Gate {
    /// At the nth request to Graph.
    Graph(usize),
    /// At the nth request about lease, checkpoint and records.
    Mirror(usize, Moment),
    /// At the nth write of a document.
    Users(usize, Moment),
    /// At the nth write of memberships, if there are groups.
    Links(usize, Moment),
    /// At the nth write into a container.
    Container(&'static str, usize, Moment),
}

/// How a host is struck, or what it rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blow {
    /// SIGKILL.
    Kill,
    /// SIGSTOP.
    Freeze,
    /// Something in Cosmos is gone.
    Lose(Loss),
    /// The clock of the host is so many seconds ahead from now on.
    Clock(i64),
}

/// Lost state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// The checkpoint of a feed.
    Checkpoint(&'static str),
    /// The lease of a feed.
    Lease(&'static str),
    /// Both.
    Both(&'static str),
    /// A container, which is there again, and empty, soon.
    Container(&'static str),
}

impl Change {
    pub(super) fn happen(self, tenant: &mut Tenant, seed: u64) {
        let random = &mut Rng::with_seed(seed);
        match self {
            Self::Few(count) => (0..count).for_each(|_| {
                drop(random_change(tenant, "users", random));
                for other in tenant.others().into_iter().filter(|name| !is_beside(name)) {
                    drop(random_change(tenant, other, random));
                }
            }),
            Self::Beside(beside) => stir(tenant, beside, random),
            Self::Create(count) => (0..count).for_each(|_| drop(tenant.create("users"))),
            Self::Touch => {
                for id in tenant.ids("users") {
                    tenant.change(
                        "users",
                        &id,
                        json!({"officeLocation": format!("Room {}", random.u16(..))}),
                    );
                }
            }
            Self::Remove => {
                for id in tenant.ids("users") {
                    match random.u8(..6) {
                        0 => drop(tenant.purge("users", &id)),
                        1 | 2 => drop(tenant.remove("users", &id)),
                        _ => {}
                    }
                }
            }
            Self::Restore => {
                let gone =
                    tenant.collection("users").entries().filter(|(_, entry)| entry.life == Life::Removed);
                let gone: Vec<_> = gone.map(|(id, _)| id.clone()).collect();
                for id in gone {
                    tenant.restore("users", &id);
                }
            }
        }
    }
}

/// Whether a collection changes with [`Change::Beside`] only.
pub(super) fn is_beside(name: &str) -> bool {
    Beside::ALL.iter().flat_map(|beside| beside.objects()).any(|(one, _)| *one == name)
}
