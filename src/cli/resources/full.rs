//! A row in full, for people. Pure.

use super::{cost, example, read};
use crate::app::{Resource, Status, Word as _};

/// How long a line may get.
const WIDTH: usize = 110;
/// Where the values begin.
const INDENT: usize = 16;

/// Its lines.
pub fn lines(row: &Resource) -> Vec<String> {
    let mut lines = vec![row.name.clone()];
    for (name, text) in facts(row) {
        lines.extend(wrapped(name, &text));
    }
    for (name, sentences) in [("cost", cost::sentences(row)), ("to know", row.quirks.clone())] {
        for (place, sentence) in sentences.iter().enumerate() {
            lines.extend(wrapped(if place == 0 { name } else { "" }, sentence));
        }
    }
    let (document, left) = example::document(row);
    lines.extend(wrapped("example", &example::note(row, left)));
    let document = serde_json::to_string_pretty(&document).unwrap_or_default();
    lines.extend(document.lines().map(str::to_owned));
    lines
}

/// The facts that are there, each with its name.
fn facts(row: &Resource) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("path", row.path.clone()),
        ("mode", format!("{}: {}", row.mode.word(), read(row))),
        ("status", status(row).to_owned()),
        ("contains", contains(row)),
    ];
    for link in &row.relationships {
        facts.push(("links", format!("{}, one document for each, in {}", link.property, link.container)));
    }
    if row.is_delegated() {
        facts.push((
            "read as",
            "the person who signs in or calls; each person has a feed of their own".to_owned(),
        ));
    } else if let Some(parent) = row.parents().last() {
        facts
            .push(("parents", format!("{}: one feed for each object of {parent}", row.parents().join(", "))));
    }
    let containers = row.containers().map(|(name, key)| format!("{name} (partition key {key})"));
    facts.push(("containers", containers.collect::<Vec<_>>().join(", ")));
    let permission = &row.permission;
    facts.push((
        "permission",
        match row.is_delegated() {
            true => format!("{}, a delegated permission", permission.name),
            false => format!("{}, app role {}", permission.name, permission.app_role_id),
        },
    ));
    if !permission.wider.is_empty() {
        facts.push(("as good", permission.wider.join(", ")));
    }
    facts.push(("subscription", subscription(row)));
    if let Some(window) = &row.window {
        let kept = window.retention_days.map(|days| format!("; Graph keeps {days} days")).unwrap_or_default();
        let what =
            format!("by {}, with an overlap of {} minutes{kept}", window.property, window.overlap_minutes);
        facts.push(("window", what));
    }
    if let Some(range) = &row.range {
        let (back, ahead, roll) = (range.days_back, range.days_ahead, range.roll_days);
        let what = format!(
            "from {back} days before today to {ahead} days after it; it is read anew every {roll} days"
        );
        facts.push(("range", what));
    }
    facts.push(("clouds", row.clouds.iter().map(|cloud| cloud.word()).collect::<Vec<_>>().join(", ")));
    facts.push(("throttled as", row.service.clone()));
    facts
}

fn status(row: &Resource) -> &'static str {
    match row.status {
        Status::Ok => "ok: it follows Microsoft's documentation",
        Status::OptIn => "opt-in: it costs more, or shows more, than most deployments want",
        Status::Unverified => {
            "unverified: something that it needs is not documented; `add` takes it with --unverified only"
        }
    }
}

fn contains(row: &Resource) -> String {
    let type_name = row.entity_type.as_deref().unwrap_or("its type");
    match row.properties.len() {
        _ if row.single => format!("one object, the {type_name} of the tenant"),
        0 => format!("{type_name}, with the properties that Graph sends without $select"),
        count => format!("{count} properties of {type_name}: {}", row.properties.join(", ")),
    }
}

fn subscription(row: &Resource) -> String {
    let Some(to) = &row.subscription else { return "Graph has no change notifications for it".into() };
    let changes = to.changes.replace(',', ", ");
    let permission =
        to.permission.as_ref().map(|one| format!("; it needs {}, app role {}", one.name, one.app_role_id));
    let address =
        if to.lifecycle_url_required { "; Graph demands an address for lifecycle notifications" } else { "" };
    let members =
        to.members.as_ref().map(|list| format!("; {list} says whose feeds a notification is about"));
    let (permission, members) = (permission.unwrap_or_default(), members.unwrap_or_default());
    format!("{} ({changes}), for at most {} minutes{permission}{address}{members}", to.resource, to.minutes)
}

/// A name and a text that is broken between words.
fn wrapped(name: &str, text: &str) -> Vec<String> {
    let mut lines = vec![format!("  {name:width$}", width = INDENT - 2)];
    for word in text.split(' ') {
        let last = lines.last().map_or(0, |line| line.chars().count());
        let is_first = lines.last().is_some_and(|line| line.chars().count() == INDENT);
        if !is_first && last + 1 + word.chars().count() > WIDTH {
            lines.push(" ".repeat(INDENT));
        }
        if let Some(line) = lines.last_mut() {
            if line.chars().count() > INDENT {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_broken_between_words_and_no_word_is_lost() {
        let text = "word ".repeat(60) + &"x".repeat(120);
        let lines = wrapped("name", &text);
        assert!(lines[0].starts_with("  name          word ") && lines.len() == 5, "{lines:?}");
        assert!(lines[..4].iter().all(|line| line.chars().count() <= WIDTH), "{lines:?}");
        let words: Vec<_> = lines.iter().flat_map(|line| line.split_whitespace()).skip(1).collect();
        assert_eq!(words, text.split(' ').collect::<Vec<_>>());
    }
}
