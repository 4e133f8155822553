//! Damage on the way to the store that nobody is told of: to show that a check of the copy would notice.

use std::mem;

use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    emulator::{ACTIVITY, Reply},
    request::Call,
};

/// The container that is damaged.
const CONTAINER: &str = "users";

/// One kind of damage, done once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Sabotage {
    /// One explicit null property of one document is dropped.
    Null,
    /// All writes of one page, known by its number in `_mirror.save`, are answered as done and are not.
    Page,
    /// The write of one tombstone is answered as done and is not.
    Removal,
}

/// Damage that is ordered, and damage that was done.
#[derive(Default)]
pub(super) struct Saboteur {
    orders: Vec<Sabotage>,
    saves: Vec<u64>,
    done: Vec<String>,
}

impl Saboteur {
    pub(super) fn order(&mut self, sabotage: Sabotage) {
        self.orders.push(sabotage);
        if sabotage == Sabotage::Page {
            self.saves.clear();
        }
    }

    /// What was done so far, for the log of a story.
    pub(super) fn done(&self) -> Vec<String> {
        self.done.clone()
    }

    /// Damages a write, or answers it in place of the store.
    pub(super) fn meddle(&mut self, call: &mut Call) -> Option<Reply> {
        if self.orders.is_empty()
            || !call.operation.is_write()
            || call.container.as_deref() != Some(CONTAINER)
        {
            return None;
        }
        let [item] = call.items.as_mut_slice() else { return None };
        let orders = mem::take(&mut self.orders);
        let mut swallowed = false;
        for order in orders {
            let still = match order {
                Sabotage::Null => !self.drop_null(&mut item.document),
                Sabotage::Page => {
                    swallowed |= self.is_second_page(&item.document);
                    true
                }
                Sabotage::Removal if is_tombstone(&item.document) => {
                    swallowed = true;
                    self.done.push(format!("swallowed the tombstone of {CONTAINER}/{}", item.id));
                    false
                }
                Sabotage::Removal => true,
            };
            if still {
                self.orders.push(order);
            }
        }
        if item.document.is_object() {
            call.body = item.document.to_string().into();
        }
        swallowed.then(|| pretend(call))
    }

    fn drop_null(&mut self, document: &mut Value) -> bool {
        let Value::Object(properties) = document else { return false };
        let is_null = |(name, value): &(&String, &Value)| value.is_null() && !name.starts_with(['_', '@']);
        let Some(name) = properties.iter().find(is_null).map(|(name, _)| name.clone()) else { return false };
        properties.remove(&name);
        self.done.push(format!(
            "dropped {name}: null from {CONTAINER}/{}",
            document["id"].as_str().unwrap_or_default()
        ));
        true
    }

    /// Of the numbers seen since the order was given, the second one is the page that goes missing.
    fn is_second_page(&mut self, document: &Value) -> bool {
        let Some(save) = document["_mirror"]["save"].as_u64() else { return false };
        if !self.saves.contains(&save) {
            self.saves.push(save);
            if self.saves.len() == 2 {
                self.done.push(format!("swallowed the page with save {save}"));
            }
        }
        self.saves.get(1) == Some(&save)
    }
}

fn is_tombstone(document: &Value) -> bool {
    document["_mirror"]["removed"].is_object()
}

/// The answer to a write that did not happen.
pub(super) fn pretend(call: &Call) -> Reply {
    let minimal = call.header("prefer").is_some_and(|prefer| prefer.contains("return=minimal"));
    let mut document = call.items[0].document.clone();
    document["_etag"] = json!("\"00000000-0000-0000-0000-000000000000\"");
    let body = if minimal { Bytes::new() } else { document.to_string().into() };
    Reply { status: 201, headers: Vec::new(), body }
        .with("content-type", "application/json")
        .with("etag", "\"00000000-0000-0000-0000-000000000000\"")
        .with("x-ms-request-charge", "10.29")
        .with("x-ms-activity-id", ACTIVITY)
}
