//! The page of the assumptions, held against itself, the rules and the tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use graph_mirror::prove;

use crate::documents::{code_in, root};

/// The rows of the page in their order, each as its cells; the first one is the id.
fn rows() -> Vec<Vec<String>> {
    let page = fs::read_to_string(root().join("docs/assumptions.md")).unwrap();
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()
    };
    let all = page.lines().filter(|line| line.starts_with('|')).map(cells);
    all.filter(|cells| is_id(&cells[0])).collect()
}

fn is_id(word: &str) -> bool {
    let number = word.strip_prefix(['G', 'E', 'C', 'H', 'A']).and_then(|rest| rest.strip_prefix('-'));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// All files of our own code and tests.
fn code() -> Vec<(PathBuf, String)> {
    code_in(&["src", "tests", "sandbox/src", "sandbox/tests"])
}

#[test]
fn each_assumption_has_a_source_a_consequence_and_two_ways_of_checking() {
    let (rows, code) = (rows(), code());
    assert!(rows.len() >= 40, "{} assumptions", rows.len());
    let is_test = |name: &str| code.iter().any(|(_, text)| text.contains(&format!("fn {name}(")));
    for cells in &rows {
        let id = &cells[0];
        assert_eq!(cells.len(), 8, "{id} has {} cells", cells.len());
        assert!(cells.iter().all(|cell| !cell.is_empty()), "{id} has an empty cell");
        assert!(root().join(cells[3].trim_matches('`')).is_file(), "{id}: there is no {}", cells[3]);
        let here = cells[6].split('`').nth(1).unwrap_or_else(|| panic!("{id} has no check here"));
        let exists = if here.contains('/') { root().join(here).exists() } else { is_test(here) };
        assert!(exists, "{id}: there is no {here}");
    }
}

#[test]
fn each_rule_of_the_protocol_rests_on_an_assumption() {
    let protocol = fs::read_to_string(root().join("docs/protocol.md")).unwrap();
    let number = |line: &str| line.strip_prefix("### ")?.split_once('.')?.0.parse::<u32>().ok();
    let rules: BTreeSet<_> = protocol.lines().filter_map(number).collect();
    assert!(rules.len() >= 16, "{rules:?}");
    let cited = |cells: Vec<String>| -> BTreeSet<u32> {
        cells[2].split(", ").filter_map(|number| number.parse().ok()).collect()
    };
    let cited: BTreeSet<_> = rows().into_iter().flat_map(cited).collect();
    assert_eq!(cited, rules, "what the page cites, and the rules");
}

#[test]
fn each_id_that_the_code_cites_is_on_the_page() {
    let ids: BTreeSet<_> = rows().into_iter().map(|cells| cells[0].clone()).collect();
    for (file, text) in code() {
        let words = text.split("assumption ").skip(1).filter_map(|rest| {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(rest.len());
            is_id(&rest[..end]).then(|| rest[..end].to_owned())
        });
        for id in words {
            assert!(ids.contains(&id), "{}: {id} is no assumption", file.display());
        }
    }
}

#[test]
fn the_page_and_the_questions_of_doctor_prove_agree() {
    let rows = rows();
    let ids: Vec<_> = rows.iter().map(|cells| cells[0].as_str()).collect();
    assert_eq!(ids, prove::ids().collect::<Vec<_>>());
    let is_asked = |cells: &&Vec<String>| cells[7].contains("`doctor --prove`");
    let asked: Vec<_> = rows.iter().filter(is_asked).map(|cells| cells[0].as_str()).collect();
    assert_eq!(asked, prove::asked().collect::<Vec<_>>(), "the column `there`");
}
