//! Asks cargo for the product's executable.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::EXECUTABLE;

/// Which executable to build.
#[derive(Debug, Clone, Copy)]
pub struct Build<'a> {
    /// The repository root (the workspace that has the package).
    pub root: &'a Path,
    /// With cargo's `release` profile.
    pub release: bool,
    /// A target triple for cargo's `--target`, for instance `x86_64-unknown-linux-musl`.
    pub target: Option<&'a str>,
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
    command.current_dir(build.root).args(["build", "--package", EXECUTABLE, "--bin", EXECUTABLE]);
    command.arg("--message-format=json-render-diagnostics");
    if build.release {
        command.arg("--release");
    }
    if let Some(target) = build.target {
        command.args(["--target", target]);
    }
    command
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

    #[test]
    fn the_profile_and_the_target_reach_cargo() {
        let root = Path::new("/");
        let command = command(&Build { root, release: true, target: Some("x86_64-unknown-linux-musl") });
        let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy()).collect();
        assert!(arguments.contains(&"--release".into()));
        assert_eq!(arguments[arguments.len() - 2..], ["--target", "x86_64-unknown-linux-musl"]);
    }
}
