//! What can be done to the tenant of a living world, by itself or by hand.

use std::fmt;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::graph::{self, Event, Graph, Life, Relationship, Row, random_change};
use crate::script::lock;

/// Names an object whose turn it happens to be.
const ANY: &str = "any";

/// The tenant, with a stream of chance of its own.
#[derive(Clone)]
pub(super) struct LiveTenant {
    graph: Graph,
    random: Arc<Mutex<Random>>,
}

struct Random {
    random: fastrand::Rng,
    is_paused: bool,
}

/// Something that was done.
#[derive(Debug, PartialEq)]
pub(super) struct Deed {
    what: &'static str,
    of: String,
    id: String,
    name: Option<String>,
}

/// One object is asked for, and there is none of it.
#[derive(Debug, PartialEq)]
pub(super) struct Nothing(pub String);

impl LiveTenant {
    pub fn of(graph: Graph, seed: u64) -> Self {
        let random = Random { random: fastrand::Rng::with_seed(seed), is_paused: false };
        Self { graph, random: Arc::new(Mutex::new(random)) }
    }

    /// From now on, nothing changes by itself, or again.
    pub fn pause(&self, is_paused: bool) {
        lock(&self.random).is_paused = is_paused;
    }

    /// Something happens to some user, group or link, unless that is paused.
    pub fn at_random(&self) -> Option<Deed> {
        let Random { random, is_paused } = &mut *lock(&self.random);
        if *is_paused {
            return None;
        }
        let deed = self.graph.tenant(|tenant| {
            // Users are what people look at.
            let of = match random.u8(..10) {
                0..7 => "users",
                _ => random.choice(tenant.others()).unwrap_or("groups"),
            };
            let change = random_change(tenant, of, random);
            let of = match &change.event {
                Event::Linked { relationship, .. } | Event::Unlinked { relationship, .. } => {
                    link(*relationship)
                }
                _ => Row::of(of).kind.clone(),
            };
            Deed { what: word(&change.event), of, name: name(tenant, &change.id), id: change.id }
        });
        Some(deed)
    }

    /// Up to so many users: living ones, or those among the deleted items.
    pub fn users(&self, life: Life, most: usize) -> Vec<Value> {
        self.graph.tenant(|tenant| {
            let fitting = tenant.collection("users").entries().filter(|(_, entry)| entry.life == life);
            fitting
                .take(most)
                .map(|(id, entry)| json!({"id": id, "displayName": entry.properties["displayName"]}))
                .collect()
        })
    }

    /// A living user with all properties.
    pub fn user(&self, id: &str) -> Result<Value, Nothing> {
        let id = self.pick(id, Life::Living)?;
        let user = self.graph.tenant(|tenant| tenant.get("users", &id).cloned());
        user.map(Value::Object).ok_or_else(|| nobody(&id))
    }

    pub fn create(&self, properties: Value) -> Deed {
        self.graph.tenant(|tenant| {
            let id = tenant.create("users");
            tenant.change("users", &id, properties);
            deed(tenant, "created", id)
        })
    }

    pub fn change(&self, id: &str, properties: Value) -> Result<Deed, Nothing> {
        self.on(id, Life::Living, "changed", |tenant, id| tenant.change("users", id, properties))
    }

    pub fn delete(&self, id: &str) -> Result<Deed, Nothing> {
        self.on(id, Life::Living, "deleted", |tenant, id| tenant.remove("users", id))
    }

    pub fn restore(&self, id: &str) -> Result<Deed, Nothing> {
        self.on(id, Life::Removed, "restored", |tenant, id| tenant.restore("users", id))
    }

    fn on(
        &self,
        id: &str,
        life: Life,
        what: &'static str,
        act: impl FnOnce(&mut graph::Tenant, &str) -> bool,
    ) -> Result<Deed, Nothing> {
        let id = self.pick(id, life)?;
        self.graph
            .tenant(|tenant| if act(tenant, &id) { Ok(deed(tenant, what, id)) } else { Err(nobody(&id)) })
    }

    /// The id that is meant.
    fn pick(&self, id: &str, life: Life) -> Result<String, Nothing> {
        if id != ANY {
            return Ok(id.to_owned());
        }
        let ids = self.graph.tenant(|tenant| {
            let fitting = tenant.collection("users").entries().filter(|(_, entry)| entry.life == life);
            fitting.map(|(id, _)| id.clone()).collect::<Vec<_>>()
        });
        lock(&self.random).random.choice(ids).ok_or_else(|| nobody(ANY))
    }
}

impl Deed {
    pub fn json(&self) -> Value {
        json!({"did": self.what, "id": self.id, "displayName": self.name})
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} {} {}", self.what, self.of, self.id)?;
        self.name.as_ref().map_or(Ok(()), |name| write!(f, " ({name})"))
    }
}

fn deed(tenant: &graph::Tenant, what: &'static str, id: String) -> Deed {
    Deed { what, of: "user".to_owned(), name: name(tenant, &id), id }
}

fn nobody(id: &str) -> Nothing {
    Nothing(format!("there is no such user: {id}"))
}

/// The name of an object, also of one that is gone.
fn name(tenant: &graph::Tenant, id: &str) -> Option<String> {
    tenant.entry(id)?.properties.get("displayName")?.as_str().map(str::to_owned)
}

/// Such as "a member of" or "the manager of".
fn link(relationship: Relationship) -> String {
    let name = relationship.name();
    let article = match name.starts_with(['a', 'e', 'i', 'o', 'u']) {
        _ if relationship.is_to_one() => "the",
        true => "an",
        false => "a",
    };
    let one = if relationship.is_to_one() { name } else { name.trim_end_matches('s') };
    format!("{article} {one} of")
}

fn word(event: &Event) -> &'static str {
    match event {
        Event::Created => "created",
        Event::Changed(..) => "changed",
        Event::Removed => "deleted",
        Event::Restored => "restored",
        Event::Purged | Event::PurgedInside => "purged",
        Event::Linked { .. } => "added",
        Event::Unlinked { .. } => "removed",
    }
}
