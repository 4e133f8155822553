//! Asks cargo for the product's executable.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::EXECUTABLE;

/// What for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be worked on: cargo's `dev` profile.
    Dev,
    /// To be measured: cargo's `release` profile.
    Release,
    /// To be shipped: the profile `dist`, for [`PORTABLE`], by way of cargo-zigbuild.
    Portable,
}

/// The Linux of Azure Functions, with a C library older than any that it may have: the image is not documented, and
/// others have met glibc 2.31 there.
pub const PORTABLE: &str = "x86_64-unknown-linux-gnu.2.28";

/// Which executable to build.
#[derive(Debug, Clone, Copy)]
pub struct Build<'a> {
    /// The repository root (the workspace that has the package).
    pub root: &'a Path,
    /// What for.
    pub purpose: Purpose,
}

/// Builds the product and returns where cargo put it. Cargo's own progress and errors go to stderr.
///
/// # Errors
/// When cargo cannot be started, fails, or reports no executable.
pub fn build(build: &Build) -> Result<PathBuf> {
    let mut command = command(build);
    let mut cargo = command.stdout(Stdio::piped()).spawn().context("starting cargo")?;
    let output = cargo.stdout.take().context("cargo has no stdout")?;
    let mut executable = None;
    for line in BufReader::new(output).lines() {
        executable = self::executable(&line.context("reading cargo's messages")?).or(executable);
    }
    let status = cargo.wait().context("waiting for cargo")?;
    ensure!(status.success(), "cargo build of {EXECUTABLE} ended with {status}");
    executable.with_context(|| format!("cargo reported no executable for {EXECUTABLE}"))
}

fn command(build: &Build) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    let verb = if build.purpose == Purpose::Portable { "zigbuild" } else { "build" };
    command.current_dir(build.root).args([verb, "--package", EXECUTABLE, "--bin", EXECUTABLE]);
    command.arg("--message-format=json-render-diagnostics");
    match build.purpose {
        Purpose::Dev => {}
        Purpose::Release => {
            command.arg("--release");
        }
        Purpose::Portable => {
            command.args(["--locked", "--profile", "dist", "--target", PORTABLE]);
            forget_this_machine(&mut command, build.root);
        }
    }
    command
}

/// Two machines build the same executable: it has no folders of theirs in it, neither from Rust nor from C.
fn forget_this_machine(command: &mut Command, root: &Path) {
    let home = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let cargo_home = home("CARGO_HOME").or_else(|| home("HOME").map(|home| home.join(".cargo")));
    let folders = [(Some(root.to_owned()), "/graph-mirror"), (cargo_home, "/cargo")];
    let folders = folders.iter().filter_map(|(from, to)| Some((from.as_ref()?.display(), *to)));
    let of_rust: Vec<_> =
        folders.clone().map(|(from, to)| format!("--remap-path-prefix={from}={to}")).collect();
    let of_c: Vec<_> = folders.map(|(from, to)| format!("-ffile-prefix-map={from}={to}")).collect();
    command.env("CARGO_ENCODED_RUSTFLAGS", of_rust.join("\u{1f}")).env("CFLAGS", of_c.join(" "));
}

/// The executable that one line of `--message-format=json` announces, when it is ours.
fn executable(line: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(line).ok()?;
    if message["reason"] != "compiler-artifact" || message["target"]["name"] != EXECUTABLE {
        return None;
    }
    message["executable"].as_str().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_artefact_of_the_binary_is_found_among_the_messages() {
        let ours = r#"{"reason":"compiler-artifact","target":{"name":"graph-mirror","kind":["bin"]},"executable":"/t/graph-mirror"}"#;
        assert_eq!(executable(ours), Some(PathBuf::from("/t/graph-mirror")));
        let library = r#"{"reason":"compiler-artifact","target":{"name":"graph_mirror"},"executable":null}"#;
        assert_eq!(executable(library), None);
        assert_eq!(executable(r#"{"reason":"build-finished","success":true}"#), None);
        assert_eq!(executable("a line of something else"), None);
    }

    fn arguments(purpose: Purpose) -> Vec<String> {
        let command = command(&Build { root: Path::new("/src"), purpose });
        command.get_args().map(|argument| argument.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn what_it_is_for_decides_how_it_is_built() {
        assert_eq!(arguments(Purpose::Dev)[0], "build");
        assert!(arguments(Purpose::Release).contains(&"--release".to_owned()));
        let portable = arguments(Purpose::Portable);
        assert_eq!(portable[0], "zigbuild");
        assert_eq!(portable[portable.len() - 4..], ["--profile", "dist", "--target", PORTABLE]);
    }

    #[test]
    fn what_is_shipped_names_no_folder_of_this_machine() {
        let command = command(&Build { root: Path::new("/src"), purpose: Purpose::Portable });
        let flags = |name: &str| {
            let found = command.get_envs().find(|(key, _)| *key == name);
            found.and_then(|(_, value)| value).unwrap().to_string_lossy().into_owned()
        };
        assert!(flags("CARGO_ENCODED_RUSTFLAGS").starts_with("--remap-path-prefix=/src=/graph-mirror"));
        assert!(flags("CFLAGS").starts_with("-ffile-prefix-map=/src=/graph-mirror"));
    }
}
