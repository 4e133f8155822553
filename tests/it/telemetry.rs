//! Telemetry: one JSON line per event, joined by the invocation, and one trace through the queue.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use sandbox::host::{Framing, LogLine};
use sandbox::world::{Setup, WORK_QUEUE, World};
use serde_json::Value;

use crate::stage::{copied, logged, setup};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

fn lines(world: &World) -> Vec<Value> {
    let lines = world.host.logs().into_iter().map(|LogLine { text, .. }| text);
    lines.filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(&line).unwrap()).collect()
}

fn of(world: &World, event: &str) -> Vec<Value> {
    logged(world, event).iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn every_event_of_an_invocation_names_it() {
    let world = copied().await;
    world.call("POST", "/api/refresh/users", "").await.unwrap();
    world.graph.fail(sandbox::graph::Match::any(), 1, sandbox::graph::Fault::NotJson);
    assert!(!world.fire().await.unwrap().succeeded());
    let lines = lines(&world);
    assert!(lines.len() > 6, "{lines:?}");
    for line in &lines {
        assert!(
            line["timestamp"].is_string() && line["level"].is_string() && line["event"].is_string(),
            "{line}"
        );
        assert_eq!(line["invocationId"].as_str().map(str::len), Some(36), "{line}");
        assert_eq!(line["traceId"].as_str().map(str::len), Some(32), "{line}");
        assert!(line["function"].is_string(), "{line}");
    }
    let ids: BTreeSet<_> =
        of(&world, "invocation").iter().map(|line| line["invocationId"].to_string()).collect();
    assert_eq!(ids.len(), 2, "a timer and a call");
    let turn = &of(&world, "turn")[0];
    assert!(turn["lagSeconds"].as_u64().is_some_and(|lag| lag < 60), "{turn}");
}

#[tokio::test]
async fn a_trace_goes_on_through_the_queue() {
    let world =
        World::start(Setup { page_size: 10, ..setup() }.set("SYNC_BUDGET_SECONDS", "0")).await.unwrap();
    world.settle().await.unwrap();
    let turns = of(&world, "turn");
    assert_eq!(turns.len(), 5, "five pages");
    let traces: Vec<_> = turns.iter().map(|line| line["traceId"].as_str().unwrap()).collect();
    assert!(traces.iter().all(|trace| *trace == traces[0]), "{traces:?}");
    let invocations: BTreeSet<_> = turns.iter().map(|line| line["invocationId"].as_str().unwrap()).collect();
    assert_eq!(invocations.len(), 5);
    // As the host's own trace, and as a work item of one that sends something else.
    let timer = include_str!("../golden/timer.json");
    for (header, follows) in
        [(format!("00-{TRACE}-b7ad6b7169203331-01"), true), (format!("00-{TRACE}-b7-01"), false)]
    {
        let headers = [("traceparent", header.as_str()), ("content-type", "application/json")];
        let answer =
            world.host.invoke_raw("/sync_users", &headers, timer, Framing::ContentLength).await.unwrap();
        assert_eq!(answer.status, 200);
        assert_eq!(of(&world, "turn").last().unwrap()["traceId"] == TRACE, follows);
    }
    let before = of(&world, "turn").len();
    world.host.enqueue(WORK_QUEUE, r#"{"feed":"users","traceparent":"<script>"}"#);
    world.host.pump(WORK_QUEUE).await.unwrap();
    let after = of(&world, "turn");
    assert_eq!(
        (after.len(), after.last().unwrap()["traceId"].as_str().map(str::len)),
        (before + 1, Some(32))
    );
    assert!(
        !world.host.logs().iter().any(|line| line.text.contains("script")),
        "what is no trace is not logged"
    );
}

/// What the page says: each event with its level and its fields.
fn stated() -> BTreeMap<String, (String, BTreeSet<String>)> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/telemetry.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| `")).map(|line| line.split('|').map(str::trim));
    let rows = rows
        .map(Iterator::collect::<Vec<_>>)
        .filter(|cells| ["debug", "info", "warn", "error"].contains(&cells[2]));
    let fields = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    rows.map(|cells| (cells[1].trim_matches('`').to_owned(), (cells[2].to_owned(), fields(cells[3]))))
        .collect()
}

/// What the code says: the same, from the calls of `tracing`.
fn said() -> BTreeMap<String, (String, BTreeSet<String>)> {
    let mut all = BTreeMap::<_, (String, BTreeSet<String>)>::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            for level in ["debug", "info", "warn", "error"] {
                for call in text.split(&format!("tracing::{level}!(")).skip(1) {
                    let arguments = arguments(call);
                    let event = arguments.iter().find_map(|one| one.strip_prefix("event = "));
                    let event =
                        event.unwrap_or_else(|| panic!("{}: an event without a name", path.display()));
                    let fields = arguments
                        .iter()
                        .filter(|one| !one.starts_with(['"', 'e']) || one.starts_with("error"));
                    let fields =
                        fields.map(|one| one.split(" = ").next().unwrap().trim_start_matches('%').to_owned());
                    let known = all.entry(event.trim_matches('"').to_owned()).or_default();
                    known.0 = level.to_owned();
                    known.1.extend(fields);
                }
            }
        }
    }
    all
}

/// The arguments of a call, up to its closing parenthesis.
fn arguments(call: &str) -> Vec<String> {
    let (mut all, mut depth, mut quoted) = (vec![String::new()], 0, false);
    for c in call.chars() {
        match c {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted && depth == 0 => break,
            ')' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                all.push(String::new());
                continue;
            }
            _ => {}
        }
        all.last_mut().unwrap().push(c);
    }
    all.iter().map(|one| one.trim().to_owned()).filter(|one| !one.is_empty()).collect()
}

#[test]
fn the_page_lists_every_event_with_its_level_and_fields_and_no_other() {
    let (stated, said) = (stated(), said());
    assert!(said.len() > 25 && said["turn"].1.contains("requestCharge"), "{said:?}");
    assert_eq!(stated, said);
}

#[test]
fn names_of_fields_are_written_as_in_all_other_json() {
    for (event, (_, fields)) in said() {
        let wrong: Vec<_> = fields.iter().filter(|field| field.contains('_') || **field == "feed").collect();
        assert!(wrong.is_empty(), "{event}: {wrong:?}");
    }
}
