//! Shared by all faces of the host.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use time::OffsetDateTime;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::attempt::{Attempt, Framing};
use super::function_json::{self, Function, Retry, Trigger};
use super::handler::{Handler, Order, State};
use super::queue::Queues;
use super::{Keys, Options};

pub(super) struct Inner {
    /// Which host this is, for queues that several share.
    pub id: Uuid,
    pub functions: BTreeMap<String, Function>,
    pub handler: Arc<Handler>,
    pub orders: mpsc::UnboundedSender<Order>,
    pub queues: Queues,
    /// One lock per timer, holding when it ran last.
    pub timers: BTreeMap<String, tokio::sync::Mutex<Option<OffsetDateTime>>>,
    pub history: Mutex<Vec<Attempt>>,
    pub framing: Framing,
    pub function_timeout: Option<Duration>,
    pub keys: Keys,
}

impl Inner {
    /// Reads what is deployed and puts the parts together; nothing runs yet.
    pub fn new(
        options: &Options,
        handler: Arc<Handler>,
        orders: mpsc::UnboundedSender<Order>,
    ) -> Result<Self> {
        let functions = functions(options, &handler)?;
        let is_timer = |function: &&Function| matches!(function.trigger, Trigger::Timer { .. });
        let timers =
            functions.values().filter(is_timer).map(|function| (function.name.clone(), Default::default()));
        Ok(Self {
            id: Uuid::new_v4(),
            timers: timers.collect(),
            functions,
            function_timeout: options.function_timeout.or(handler.description.function_timeout),
            handler,
            orders,
            queues: options.queues.clone(),
            history: Mutex::default(),
            framing: options.framing,
            keys: options.keys.clone(),
        })
    }

    pub fn function(&self, name: &str) -> Result<&Function> {
        self.functions.get(name).with_context(|| {
            let known: Vec<&str> = self.functions.keys().map(String::as_str).collect();
            format!("no function {name}; there are {}", known.join(", "))
        })
    }

    /// Whether the host has stopped, by order or because it gave up.
    pub fn has_ended(&self) -> bool {
        matches!(*self.handler.state.borrow(), State::GaveUp(_) | State::Stopped)
    }

    /// Brings the usage figures up to date, if the process of that generation is still there.
    pub fn sample(&self, generation: u32) {
        if let State::Ready(running) = &*self.handler.state.borrow()
            && running.generation == generation
        {
            self.handler.sample(running.pid);
        }
    }
}

/// The functions of the root that `host.json` allows, with its retry policy where they have none of their
/// own.
fn functions(options: &Options, handler: &Handler) -> Result<BTreeMap<String, Function>> {
    let host = &handler.description;
    let retry = host.retry.as_ref().map(Retry::parse).transpose().context("in host.json")?;
    let mut functions = function_json::read_all(&options.root, &options.env)?;
    functions.retain(|name, _| host.functions.as_ref().is_none_or(|allowed| allowed.contains(name)));
    for function in functions.values_mut() {
        let why = "queue bindings need an extensionBundle in host.json";
        ensure!(host.has_bundle || !function.uses_queues(), "function {}: {why}", function.name);
        function.retry = function.retry.take().or_else(|| retry.clone());
    }
    Ok(functions)
}
