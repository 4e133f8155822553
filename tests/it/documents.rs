//! The documents, held against themselves and the tree: links lead somewhere, and the first pages stay short.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
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
fn the_readme_stays_short_and_has_its_two_commands() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.lines().count() <= 240, "README.md has {} lines", readme.lines().count());
    for command in ["cargo demo ", "cargo test --workspace "] {
        assert!(readme.lines().any(|line| line.starts_with(command)), "README.md has no line `{command}`");
    }
}
