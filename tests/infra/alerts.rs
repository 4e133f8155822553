//! Alerts ask for what the app, or the host, really says.

use std::collections::BTreeSet;
use std::fs;

use crate::{file, json, resources, root, text};

/// Those of the alerts, and those of the workbook.
fn queries() -> Vec<(String, String)> {
    let workbook = json("infra/app/workbook.json");
    let items = workbook["items"].as_array().unwrap().iter().filter_map(|item| {
        let query = item["content"]["query"].as_str()?;
        Some((format!("workbook: {}", item["name"]), query.to_owned()))
    });
    alert_queries().into_iter().chain(items).collect()
}

fn alert_queries() -> Vec<(String, String)> {
    let folder = fs::read_dir(root().join("infra/app/queries")).unwrap();
    let names = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.map(|name| (name.clone(), text(&format!("infra/app/queries/{name}")))).collect()
}

/// The sources, all in one.
fn sources() -> String {
    let mut all = String::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { all.push_str(&fs::read_to_string(path).unwrap()) }
        }
    }
    all
}

/// What stands between `before` and a quotation mark, each time.
fn quoted<'a>(text: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(before).skip(1).filter_map(|rest| rest.split('"').next())
}

/// The events that a query asks for.
fn events(query: &str) -> Vec<&str> {
    let one = quoted(query, "line.event) == \"");
    let lists = query.split("line.event) in (").skip(1).filter_map(|rest| rest.split(')').next());
    one.chain(lists.flat_map(|list| list.split('"').skip(1).step_by(2))).collect()
}

#[test]
fn events_and_their_fields_are_those_of_the_log() {
    let sources = sources();
    for (name, query) in queries() {
        let events = events(&query);
        assert_eq!(events.is_empty(), name == "poison.kql", "{name}: which events does it ask for?");
        // What is asked of several events, one of them has to have.
        let mut said = BTreeSet::from(["event"]);
        for event in events {
            let place = sources.find(&format!("event = \"{event}\""));
            let place = place.unwrap_or_else(|| panic!("{name}: nobody says {event}"));
            let line = sources[place..].split(");").next().unwrap();
            said.extend(line.split(|c: char| !(c.is_alphanumeric() || c == '_')));
        }
        for field in query.split("line.").skip(1).chain(query.split("line[\"").skip(1)) {
            let field = field.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap();
            assert!(name == "poison.kql" || said.contains(field), "{name}: nobody says {field}");
        }
    }
    for (name, query) in queries() {
        for list in query.split("line.outcome) in (").skip(1).filter_map(|rest| rest.split(')').next()) {
            for outcome in list.split('"').skip(1).step_by(2) {
                assert!(sources.contains(&format!("=> \"{outcome}\"")), "{name}: no turn ends as {outcome}");
            }
        }
    }
}

/// The host's own sentence about a poison message is a warning of the category Host.Triggers.Queue: `QueueProcessor` in
/// the storage extension (azure-sdk-for-net). Nothing between that and the root may be quieter.
#[test]
fn the_host_logs_what_is_asked_for() {
    let levels = &json("host.json")["logging"]["logLevel"];
    assert_eq!(levels["default"], "Warning");
    for quieter in ["Host", "Host.Triggers", "Host.Triggers.Queue"] {
        assert!(levels.get(quieter).is_none(), "{quieter}");
    }
    assert_eq!(levels["Host.Function.Console"], "Information", "our own lines come this way");
    assert!(
        text("infra/app/queries/poison.kql").contains("startswith \"Message has reached MaxDequeueCount\"")
    );
}

#[test]
fn every_query_has_an_alert_and_a_chapter_of_the_guide() {
    let rules = resources("Microsoft.Insights/scheduledQueryRules");
    assert_eq!(rules.len(), 1, "one loop over all");
    let alerts = file("app/alerts.bicep").text;
    let guide = text("docs/operations.md");
    for (name, query) in alert_queries() {
        // Azure Monitor refuses a rule whose query begins otherwise.
        assert!(query.starts_with("traces\n"), "{name} begins with no table");
        assert!(alerts.contains(&format!("queries/{name}")), "{name} alerts nobody");
    }
    for title in alerts.split("title: '").skip(1).map(|rest| rest.split('\'').next().unwrap()) {
        let short = title.strip_prefix("graph-mirror: ").unwrap();
        assert!(guide.contains(&format!("### {short}")), "docs/operations.md says nothing of \"{short}\"");
    }
}

/// Turns that only go on are no news of a copy that is a day old, and a feed that gets nowhere is old however its turns end.
#[test]
fn a_feed_that_never_ends_its_round_alerts() {
    let query = text("infra/app/queries/stale.kql");
    let fresh = query.lines().find(|line| line.contains("is_fresh =")).unwrap();
    assert!(fresh.contains(r#"in ("complete", "held")"#), "{fresh}");
    assert!(
        fresh.contains(
            r#"in ("continued") and (isnull(tolong(line.lagSeconds)) or tolong(line.lagSeconds) < 86400)"#
        ),
        "{fresh}"
    );
    assert!(events(&query).contains(&"feed_stuck"));
}

#[test]
fn three_killed_turns_in_an_hour_alert() {
    assert!(text("infra/app/queries/unclean.kql").trim_end().ends_with("| where turns >= 3"));
    let alerts = file("app/alerts.bicep").text;
    let rule = alerts.split("name: 'unclean'").nth(1).unwrap().split('}').next().unwrap();
    assert!(rule.contains("window: 'PT1H'"), "{rule}");
}
