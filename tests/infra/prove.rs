//! `scripts/prove-azure.sh`, run for real with stand-ins of azd, curl and the command line: in which order it does what,
//! and that what was created goes, whatever happens.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use crate::root;

const PRINCIPAL: &str = "11111111-2222-4333-8444-555555555555";

/// A program that writes down how it was called, and then does what the lines say.
fn program(folder: &Path, name: &str, lines: &str) {
    let log = folder.join("asked");
    let script = format!("#!/bin/sh\necho \"{name} $*\" >> {}\n{lines}\n", log.display());
    fs::write(folder.join(name), script).unwrap();
    fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs the script with a command line that does what the lines say.
fn proven(mirror: &str) -> (Output, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    program(folder.path(), "azd", "case \"$*\" in *get-value*) echo https://answer.example ;; esac");
    program(folder.path(), "curl", "printf proof");
    program(folder.path(), "graph-mirror", mirror);
    let package = folder.path().join("package.zip");
    let ran = Command::new(root().join("scripts/prove-azure.sh"))
        .args(["westeurope".as_ref(), package.as_os_str(), folder.path().join("graph-mirror").as_os_str()])
        .env_clear()
        .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", folder.path().display()))
        .env("AZURE_SUBSCRIPTION_ID", "sub")
        .env("AZURE_PRINCIPAL_ID", PRINCIPAL)
        .output()
        .unwrap();
    let asked = fs::read_to_string(folder.path().join("asked")).unwrap_or_default();
    (ran, asked.lines().map(str::to_owned).collect())
}

/// The first call that begins and goes on so, as its place.
fn place(asked: &[String], words: &str) -> usize {
    asked.iter().position(|line| line.contains(words)).unwrap_or_else(|| panic!("{words}: {asked:#?}"))
}

#[test]
fn a_deployment_is_made_proven_copied_compared_and_deleted() {
    let (ran, asked) = proven("");
    assert!(ran.status.success(), "{ran:?}");
    let order = [
        "azd env new prove-",
        "WRITER_PRINCIPAL_IDS",
        "azd provision",
        "azd deploy mirror",
        "curl ",
        "graph-mirror doctor",
        "graph-mirror doctor --prove --report assumptions.md",
        "graph-mirror sync users groups devices",
        "graph-mirror verify devices",
        "azd down",
    ];
    let places: Vec<_> = order.iter().map(|words| place(&asked, words)).collect();
    assert!(places.is_sorted(), "{places:?} of {asked:#?}");
    assert_eq!(places[9], asked.len() - 1, "something follows after the end: {asked:#?}");
    assert!(asked[places[1]].ends_with(&format!("[\"{PRINCIPAL}\"]")), "{}", asked[places[1]]);
    // The environment that goes is the one that was made.
    let made = asked[places[0]].split(' ').nth(3).unwrap();
    assert!(
        asked[places[9]].contains(&format!("--environment {made} --force --purge")),
        "{}",
        asked[places[9]]
    );
}

#[test]
fn what_was_created_goes_when_an_assumption_is_refuted() {
    let (ran, asked) = proven("case \"$*\" in *--prove*) exit 1 ;; esac");
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");
    assert!(asked.last().unwrap().starts_with("azd down"), "{asked:#?}");
    assert!(!asked.iter().any(|line| line.starts_with("graph-mirror sync")), "{asked:#?}");
}

#[test]
fn nothing_is_created_without_the_names_that_it_needs() {
    let ran = Command::new(root().join("scripts/prove-azure.sh"))
        .arg("westeurope")
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .output()
        .unwrap();
    assert!(!ran.status.success());
    assert!(String::from_utf8_lossy(&ran.stderr).contains("usage:"), "{ran:?}");
}
