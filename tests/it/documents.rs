//! The documents, held against themselves and the tree: links lead somewhere, and the first pages stay short.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files of Rust in these folders, with their texts.
pub fn code_in(folders: &[&str]) -> Vec<(PathBuf, String)> {
    fn read(folder: &Path, into: &mut Vec<(PathBuf, String)>) {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                read(&path, into);
            } else if path.extension().is_some_and(|end| end == "rs") {
                into.push((path.clone(), fs::read_to_string(path).unwrap()));
            }
        }
    }
    let mut files = Vec::new();
    folders.iter().for_each(|folder| read(&root().join(folder), &mut files));
    files
}

/// All pages: at the top, in `docs`, and those that open a folder.
fn pages() -> Vec<PathBuf> {
    let folders = [".", "docs", "infra", "sandbox", "stage"].map(|folder| root().join(folder));
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    files
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "md"))
        .collect()
}

/// The lines of a page that are not code.
fn prose(page: &Path) -> Vec<String> {
    let mut is_code = false;
    let text = fs::read_to_string(page).unwrap();
    let is_prose = |line: &&str| {
        let fence = line.trim_start().starts_with("```");
        is_code ^= fence;
        !is_code && !fence
    };
    text.lines().filter(is_prose).map(str::to_owned).collect()
}

/// The addresses within a page, as GitHub makes them of its headings.
fn anchors(page: &Path) -> BTreeSet<String> {
    let headings = prose(page).into_iter().filter(|line| line.starts_with('#'));
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let anchor = |line: String| {
        line.trim_start_matches('#')
            .trim()
            .chars()
            .filter(kept)
            .collect::<String>()
            .to_lowercase()
            .replace(' ', "-")
    };
    headings.map(anchor).collect()
}

/// The links of a page that stay within the repository.
fn links(page: &Path) -> Vec<String> {
    let text = prose(page).join("\n");
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target.to_owned()).filter(|target| !target.contains("://")).collect()
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let pages = pages();
    assert!(pages.len() > 15, "{pages:?}");
    for page in pages {
        for link in links(&page) {
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            assert!(target.exists(), "{}: {link} leads nowhere", page.display());
            let found = anchor.is_empty() || anchors(&target).contains(anchor);
            assert!(found, "{}: {link} names no heading of its page", page.display());
        }
    }
}

#[test]
fn every_page_of_the_reference_is_linked_from_the_readme() {
    let linked: BTreeSet<_> = links(&root().join("README.md")).into_iter().collect();
    for page in pages().iter().filter(|page| page.parent().unwrap().ends_with("docs")) {
        let name = format!("docs/{}", page.file_name().unwrap().to_str().unwrap());
        assert!(linked.contains(&name), "README.md does not link {name}");
    }
}

#[test]
fn the_first_pages_stay_short_and_the_readme_has_its_two_commands() {
    for page in ["README.md", "ARCHITECTURE.md"] {
        let lines = fs::read_to_string(root().join(page)).unwrap().lines().count();
        assert!(lines <= 240, "{page} has {lines} lines");
    }
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for command in ["cargo demo ", "cargo test --workspace "] {
        assert!(readme.lines().any(|line| line.starts_with(command)), "README.md has no line `{command}`");
    }
}

#[test]
fn the_page_of_the_functions_has_each_with_its_schedule() {
    let page = fs::read_to_string(root().join("docs/http-api.md")).unwrap();
    let comes_with_it = |name: &str| graph_mirror::app::mirrored(None).iter().any(|row| row.name == name);
    for folder in fs::read_dir(root().join("functions")).unwrap().map(|entry| entry.unwrap().path()) {
        let name = folder.file_name().unwrap().to_str().unwrap();
        if name.strip_prefix("sync_").is_some_and(|name| !comes_with_it(name)) {
            continue;
        }
        let row = page.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
        let row = row.unwrap_or_else(|| panic!("docs/http-api.md has no row for {name}"));
        let function = fs::read_to_string(folder.join("function.json")).unwrap();
        let function: serde_json::Value = serde_json::from_str(&function).unwrap();
        let trigger = &function["bindings"][0];
        let stated = ["schedule", "queueName", "route"].iter().find_map(|key| trigger[key].as_str()).unwrap();
        assert!(row.contains(stated), "docs/http-api.md: the row of {name} does not have {stated}");
    }
}

/// The names of tests and of stories in a page: what stands in code style after "Tests:", and whatever is as long as a
/// test's name.
fn named(page: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(page)).unwrap();
    let is_name =
        |word: &&str| word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let names = |paragraph: &str| -> Vec<String> {
        let least = if paragraph.starts_with("Tests:") { 0 } else { 4 };
        let words = paragraph.split('`').skip(1).step_by(2).filter(is_name);
        words.filter(|word| word.matches('_').count() >= least).map(str::to_owned).collect()
    };
    text.split("\n\n").flat_map(names).collect()
}

#[test]
fn every_test_that_the_protocol_names_exists() {
    let code: String = code_in(&["src", "tests/it"]).into_iter().map(|(_, text)| text).collect();
    for (page, least) in [("docs/protocol.md", 100), ("ARCHITECTURE.md", 14)] {
        let names = named(page);
        assert!(names.len() >= least, "{page} names {} tests", names.len());
        for name in names {
            let is_story = root().join(format!("tests/it/{name}.rs")).exists();
            assert!(is_story || code.contains(&format!("fn {name}(")), "{page}: there is no test {name}");
        }
    }
}
