//! What can be known of the infrastructure without Azure: that its files are Bicep, that they say what the product,
//! the functions and the documents say, and that they open no door.

mod agreement;
mod alerts;
mod bicep;
mod containers;
mod doors;
mod gallery;
mod prove;
mod scripts;
mod templates;

use std::fs;
use std::path::Path;

use bicep::{Declared, File};
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn json(path: &str) -> Value {
    serde_json::from_str(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All Bicep files.
fn files() -> Vec<File> {
    bicep::read(&root().join("infra"))
}

fn file(path: &str) -> File {
    files().into_iter().find(|file| file.path == path).unwrap_or_else(|| panic!("no infra/{path}"))
}

/// All resources of a type, whichever version, with the files that they are in.
fn resources(kind: &str) -> Vec<(String, Declared)> {
    let all = files().into_iter().flat_map(|file| {
        let path = file.path;
        file.declared.into_iter().map(move |declared| (path.clone(), declared))
    });
    let found: Vec<_> = all.filter(|(_, one)| one.what.split('@').next() == Some(kind)).collect();
    assert!(!found.is_empty(), "there is no {kind}");
    found
}
