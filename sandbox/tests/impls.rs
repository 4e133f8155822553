//! A type has its `impl` in one file: the one that declares it. Whoever knows the type then knows its methods.
//!
//! What another file does with a type is a free function there, or a type of its own. An `impl` of a trait may also
//! stand in the file that declares the trait, or another type that its header names (`impl From<Page> for Link`).
//!
//! The rule holds for the `src/` of whichever package compiles this file. Left out: what a macro writes, and folders of unit
//! tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rest of a declaration is of no interest here, only its name.
const DECLARES: [&str; 5] = ["struct", "enum", "union", "trait", "type"];

/// The files below a folder, with their text. A folder `tests` holds the unit tests of the file beside it.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.ends_with("tests") {
            continue;
        }
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found
}

/// The words of a text: names, and each other character by itself.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut goes_on = false;
    for letter in text.chars() {
        let is_name = letter.is_alphanumeric() || letter == '_';
        match words.last_mut().filter(|_| is_name && goes_on) {
            Some(word) => word.push(letter),
            None if !letter.is_whitespace() => words.push(letter.to_string()),
            None => {}
        }
        goes_on = is_name;
    }
    words
}

/// The names that a file declares.
fn declared(words: &[String]) -> BTreeSet<&str> {
    let pairs = words.windows(2).filter(|pair| DECLARES.contains(&pair[0].as_str()));
    pairs.map(|pair| pair[1].as_str()).collect()
}

/// The headers of the `impl` blocks of a file: the words between `impl<…>` and `where` or `{`.
fn headers(code: &str) -> Vec<Vec<String>> {
    let begins =
        |line: &str| line.trim_start().strip_prefix("impl").is_some_and(|rest| rest.starts_with([' ', '<']));
    let mut headers = Vec::new();
    let mut rest = code;
    while let Some((line, _)) = rest.split_once('\n') {
        if begins(line) {
            let header = rest.split('{').next().unwrap_or_default();
            let words = words(header.split("\nwhere").next().unwrap_or_default());
            let generics = closed(&words[1..]);
            headers.push(words[1 + generics..].to_vec());
        }
        rest = &rest[line.len() + 1..];
    }
    headers
}

/// How many words `<…>` has at the beginning of these, with both its ends.
fn closed(words: &[String]) -> usize {
    let mut depth = 0;
    for (place, word) in words.iter().enumerate() {
        depth += i32::from(word == "<") - i32::from(word == ">" && (place == 0 || words[place - 1] != "-"));
        if depth == 0 {
            return if place == 0 { 0 } else { place + 1 };
        }
    }
    0
}

/// The type of an `impl` without a trait: `super::Tenant` and `Draw<'_>` by their last name.
fn of_type(header: &[String]) -> Option<&str> {
    let path = header.split(|word| word == "<").next()?;
    path.last().map(String::as_str)
}

/// Names each `impl` that stands where none of its types is declared.
fn strays(name: &str, text: &str) -> Vec<String> {
    let lines: Vec<_> = text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let code = lines.join("\n") + "\n";
    let all = words(&code);
    let declared = declared(&all);
    let is_home = |header: &[String]| match header.iter().any(|word| word == "for") {
        true => header.iter().any(|word| declared.contains(word.as_str())),
        false => of_type(header).is_some_and(|of| declared.contains(of)),
    };
    let away = headers(&code).into_iter().filter(|header| !is_home(header));
    away.map(|header| format!("{name}: impl {}", header.concat())).collect()
}

#[test]
fn every_impl_stands_where_its_type_is_declared() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let sources = sources(&root);
    assert!(sources.len() > 50, "{} files", sources.len());
    let name = |path: &Path| path.strip_prefix(&root).unwrap().display().to_string();
    let strays: BTreeSet<_> = sources.iter().flat_map(|(path, text)| strays(&name(path), text)).collect();
    assert!(strays.is_empty(), "{} times: {strays:#?}", strays.len());
}

#[test]
fn an_impl_away_from_its_type_is_found_and_one_of_a_trait_may_stand_at_the_trait() {
    let found = |text: &str| strays("a.rs", text);
    assert_eq!(found("use super::Tenant;\nimpl Tenant {\n}\n"), ["a.rs: impl Tenant"]);
    assert_eq!(found("impl<'a> super::Draw<'a> {}\n"), ["a.rs: impl super::Draw<'a>"]);
    assert_eq!(found("impl<F: Fn() -> bool> Rule<F> {}\n"), ["a.rs: impl Rule<F>"]);
    assert_eq!(found("mod tests {\n    impl Setup {}\n}\n"), ["a.rs: impl Setup"]);
    assert_eq!(found("impl Drop for Task {}\n"), ["a.rs: impl DropforTask"]);
    for text in [
        "pub(crate) struct Tenant;\nimpl Tenant {}\n",
        "struct Rule<F>(F);\nimpl<F> Rule<F>\nwhere\n    F: Fn() -> bool,\n{\n}\n",
        "trait Matches<C> {}\nimpl Matches<Call> for Match {}\n",
        "struct Members;\nimpl From<Members> for Node {}\n",
        "// impl Tenant {}\nfn f() -> impl Iterator<Item = u8> {}\n",
    ] {
        assert_eq!(found(text), [""; 0], "{text}");
    }
}
