//! The page of the Functions host: every function and test that it names exists, and every line of the host has a commit.

use std::fs;

use crate::documents::{code_in, root};

/// The rows of the tables: the statement, ours, theirs, the test.
fn rows() -> Vec<Vec<String>> {
    let page = fs::read_to_string(root().join("docs/host.md")).unwrap();
    let is_row = |line: &&str| line.starts_with("| ") && !line.starts_with("| the host |");
    let cells = |line: &str| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
    page.lines().filter(is_row).map(cells).collect()
}

/// What stands in code style.
fn named(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The address of the only link.
fn link(cell: &str) -> &str {
    cell.split_once("](").and_then(|(_, rest)| rest.split_once(')')).map_or("", |(address, _)| address)
}

#[test]
fn each_statement_about_the_host_has_our_place_and_theirs_and_a_test() {
    let rows = rows();
    assert!(rows.len() >= 45, "{} statements", rows.len());
    let tests: String = code_in(&["sandbox", "tests/it"]).into_iter().map(|(_, text)| text).collect();
    for cells in rows {
        let [statement, ours, theirs, test] = &cells[..] else { panic!("{cells:?}") };
        let file = link(ours).trim_start_matches("../");
        assert!(file.starts_with("sandbox/src/host/"), "{statement}: {file}");
        let text = fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let names = named(ours);
        assert!(!names.is_empty(), "{statement} names nothing of ours");
        for name in names {
            let declared = ["fn", "struct", "enum"]
                .iter()
                .any(|kind| [" ", "(", "<"].iter().any(|end| text.contains(&format!("{kind} {name}{end}"))));
            assert!(declared, "{file} has no {name}");
        }
        is_a_line_of_a_commit(link(theirs));
        let [name] = named(test)[..] else { panic!("{statement} has not one test") };
        assert!(tests.contains(&format!("fn {name}(")), "{statement}: there is no test {name}");
    }
}

fn is_a_line_of_a_commit(address: &str) {
    let path = address.strip_prefix("https://github.com/Azure/");
    let parts: Vec<_> = path.unwrap_or_default().split('/').collect();
    let commit = parts.get(2).filter(|_| parts.get(1) == Some(&"blob"));
    let is_commit =
        |commit: &&&str| commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(commit.filter(is_commit).is_some(), "{address} is of no commit");
    let line = address.rsplit_once("#L").map(|(_, line)| line.parse::<u32>());
    assert!(matches!(line, Some(Ok(_))), "{address} has no line");
}
