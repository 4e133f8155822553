//! Lists the catalogue for the binary that embeds it: each `catalogue/*.json` is in, and a new resource takes no line
//! of Rust.

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=catalogue");
    let folder = |name| env::var_os(name).map(PathBuf::from).ok_or_else(|| io::Error::other(name));
    let mut files = Vec::new();
    for entry in fs::read_dir(folder("CARGO_MANIFEST_DIR")?.join("catalogue"))? {
        let path = entry?.path();
        if let (Some(name), Some("json")) = (path.file_stem(), path.extension().and_then(|it| it.to_str())) {
            files.push(format!("    ({name:?}, include_str!({path:?})),\n"));
        }
    }
    files.sort();
    fs::write(folder("OUT_DIR")?.join("catalogue.rs"), format!("&[\n{}]\n", files.concat()))
}
