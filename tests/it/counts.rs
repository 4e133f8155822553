//! What a turn asks of Graph and of Cosmos DB, counted and compared with `counts.json`. A change of these counts changes the file
//! too, in the same commit.

use std::time::Duration;

use sandbox::bench::{Figures, Options, Part, Shape, Walk, users};
use serde_json::{Map, Value, json};

use crate::stage::staged;

/// Figures that do not depend on the machine.
fn is_count(name: &str) -> bool {
    ["documentWrites", "graphRequests", "requestUnits"].contains(&name) || name.starts_with("of these: ")
}

async fn counted(part: Part, walk: Walk) -> Value {
    let shape = Shape { users: 400, page: 200, latency: Duration::ZERO };
    let options =
        Options { shape, cosmos_latency: Duration::ZERO, walk, concurrency: 64, budget: 240, floor: false };
    let figures: Figures = users(staged(), part, options).await.unwrap();
    let counts = figures.into_iter().filter(|(name, _)| is_count(name));
    counts.map(|(name, value)| (name, json!((value * 100.0).round() / 100.0))).collect::<Map<_, _>>().into()
}

#[tokio::test]
async fn a_turn_asks_no_more_than_it_did() {
    let mut counts = Map::new();
    for (name, part, walk) in [
        ("initial", Part::Initial, Walk::Delta),
        ("reenumerate", Part::Reenumerate, Walk::Delta),
        ("changes", Part::Changes(4), Walk::Delta),
        ("unchanged", Part::Unchanged, Walk::Delta),
        ("list", Part::Again, Walk::Always),
    ] {
        counts.insert(name.to_owned(), counted(part, walk).await);
    }
    let known: Value = serde_json::from_str(include_str!("counts.json")).unwrap();
    let counts = Value::from(counts);
    assert!(counts == known, "tests/it/counts.json has other counts than\n{counts:#}");
}
