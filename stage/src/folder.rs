//! The deployable folder: what goes in, what of an earlier staging goes away.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

/// What the executable is called in the staged folder; `host.json` names it in `defaultExecutablePath`.
pub const EXECUTABLE: &str = "graph-mirror";

/// From where, with which executable, to where.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// The repository root: holds `host.json` and `functions/<name>/`.
    pub source: &'a Path,
    /// The built executable; staged as [`EXECUTABLE`] with mode 0755.
    pub binary: &'a Path,
    /// The folder to make or to bring up to date.
    pub into: &'a Path,
}

/// What a developer puts beside the staged files for `func start`; packaging tools leave it out by themselves.
pub(crate) const LOCAL_SETTINGS: &str = "local.settings.json";
/// What Core Tools and azd leave out of a package; they look for it in the folder that they package.
pub(crate) const IGNORED: &str = ".funcignore";

/// Makes `plan.into` the deployable folder, and exactly that: what an earlier staging left and the source no
/// longer has is removed. Only a `local.settings.json` stays, which Core Tools look for there; a `.funcignore` of the
/// source comes along, which says what of the folder is not to be deployed.
///
/// # Errors
/// When the source is incomplete, when `into` holds other files but no `host.json`, or has a `Cargo.toml` (it is
/// somebody's folder, not a staged one, and is left alone), or when a file cannot be read or written.
pub fn stage(plan: &Plan) -> Result<()> {
    let host = plan.source.join("host.json");
    ensure!(host.is_file(), "no host.json in {}", plan.source.display());
    ensure!(plan.binary.is_file(), "no executable at {}", plan.binary.display());
    let functions = functions(&plan.source.join("functions"))?;
    refuse_foreign(plan.into)?;

    fs::create_dir_all(plan.into).with_context(|| format!("creating {}", plan.into.display()))?;
    put(&host, &plan.into.join("host.json"), 0o644)?;
    for (name, folder) in &functions {
        stage_function(folder, &plan.into.join(name))?;
    }
    put(plan.binary, &plan.into.join(EXECUTABLE), 0o755)?;

    let mut wanted: Vec<OsString> = functions.into_iter().map(|(name, _)| name).collect();
    wanted.extend(["host.json", EXECUTABLE, LOCAL_SETTINGS].map(OsString::from));
    let ignored = plan.source.join(IGNORED);
    if ignored.is_file() {
        put(&ignored, &plan.into.join(IGNORED), 0o644)?;
        wanted.push(IGNORED.into());
    }

    remove_others(plan.into, &wanted)
}

/// The folders under `functions/` that hold a `function.json`, or a row of the catalogue alone, by name.
fn functions(root: &Path) -> Result<Vec<(OsString, PathBuf)>> {
    let mut found = Vec::new();
    for (name, path) in entries(root)? {
        if ["function.json", "resource.json"].iter().any(|file| path.join(file).is_file()) {
            found.push((name, path));
        }
    }
    ensure!(!found.is_empty(), "no */function.json under {}", root.display());
    found.sort();
    Ok(found)
}

/// Copies every file of one function. A folder inside would not be looked at by the host, so it is a mistake.
fn stage_function(from: &Path, into: &Path) -> Result<()> {
    if into.is_file() {
        fs::remove_file(into).with_context(|| format!("removing {}", into.display()))?;
    }
    fs::create_dir_all(into).with_context(|| format!("creating {}", into.display()))?;
    let mut wanted = Vec::new();
    for (name, path) in entries(from)? {
        ensure!(path.is_file(), "{} is not a file; functions hold files only", path.display());
        put(&path, &into.join(&name), 0o644)?;
        wanted.push(name);
    }
    remove_others(into, &wanted)
}

/// Only an empty folder, one that was staged before, or one with nothing but settings in it may be cleared.
fn refuse_foreign(into: &Path) -> Result<()> {
    let is_foreign = match fs::read_dir(into) {
        Ok(mut entries) => entries.any(|entry| entry.is_ok_and(|entry| entry.file_name() != LOCAL_SETTINGS)),
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        Err(error) => return Err(error).with_context(|| format!("reading {}", into.display())),
    };
    if is_foreign && !into.join("host.json").is_file() {
        bail!(
            "{} is not empty and has no host.json: not a staged folder, so it is left alone",
            into.display()
        );
    }
    if into.join("Cargo.toml").exists() {
        bail!("{} has a Cargo.toml: that is a source tree, not a staged folder", into.display());
    }
    Ok(())
}

/// Copies under a temporary name and renames: a reader sees the old file or the new one, and replacing an
/// executable that is running does not fail with "text file busy".
fn put(from: &Path, to: &Path, mode: u32) -> Result<()> {
    let name = to.file_name().with_context(|| format!("{} has no file name", to.display()))?;
    let mut fresh = OsString::from(".");
    fresh.push(name);
    fresh.push(format!(".{}", std::process::id()));
    let fresh = to.with_file_name(fresh);
    let replace = || -> std::io::Result<()> {
        fs::copy(from, &fresh)?;
        fs::set_permissions(&fresh, fs::Permissions::from_mode(mode))?;
        if to.is_dir() {
            fs::remove_dir_all(to)?;
        }
        fs::rename(&fresh, to)
    };
    replace().with_context(|| format!("copying {} to {}", from.display(), to.display()))
}

fn remove_others(folder: &Path, wanted: &[OsString]) -> Result<()> {
    for (name, path) in entries(folder)? {
        if wanted.contains(&name) {
            continue;
        }
        let removed = if path.is_dir() && !path.is_symlink() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        removed.with_context(|| format!("removing {}", path.display()))?;
    }
    Ok(())
}

pub(crate) fn entries(folder: &Path) -> Result<Vec<(OsString, PathBuf)>> {
    let listing = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    listing
        .map(|entry| {
            let entry = entry.with_context(|| format!("reading {}", folder.display()))?;
            Ok((entry.file_name(), entry.path()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A source tree with two functions, one of which has a `resource.json`.
    fn source(root: &Path) {
        write(&root.join("host.json"), r#"{"version":"2.0"}"#);
        write(&root.join("functions/sync_users/function.json"), "{}");
        write(&root.join("functions/sync_users/resource.json"), r#"{"path":"users"}"#);
        write(&root.join("functions/status/function.json"), "{}");
        write(&root.join("functions/notes/README.md"), "not a function");
        write(&root.join("built"), "#!/bin/sh\n");
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            entries(folder).unwrap().into_iter().map(|(name, _)| name.into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn stage_into(root: &Path, into: &Path) -> Result<()> {
        stage(&Plan { source: root, binary: &root.join("built"), into })
    }

    #[test]
    fn functions_are_flattened_and_the_executable_is_executable() {
        let root = tempfile::tempdir().unwrap();
        source(root.path());
        let into = root.path().join("out/dist");
        stage_into(root.path(), &into).unwrap();
        assert_eq!(names(&into), ["graph-mirror", "host.json", "status", "sync_users"]);
        assert_eq!(names(&into.join("sync_users")), ["function.json", "resource.json"]);
        let mode = fs::metadata(into.join(EXECUTABLE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
    }

    #[test]
    fn a_row_without_a_function_is_staged_too() {
        let root = tempfile::tempdir().unwrap();
        source(root.path());
        write(&root.path().join("functions/sync_mine/resource.json"), r#"{"path":"/me/mine"}"#);
        let into = root.path().join("dist");
        stage_into(root.path(), &into).unwrap();
        assert_eq!(names(&into), ["graph-mirror", "host.json", "status", "sync_mine", "sync_users"]);
        assert_eq!(names(&into.join("sync_mine")), ["resource.json"]);
    }

    #[test]
    fn what_the_source_no_longer_has_disappears() {
        let root = tempfile::tempdir().unwrap();
        source(root.path());
        let into = root.path().join("dist");
        stage_into(root.path(), &into).unwrap();
        fs::remove_dir_all(root.path().join("functions/status")).unwrap();
        fs::remove_file(root.path().join("functions/sync_users/resource.json")).unwrap();
        stage_into(root.path(), &into).unwrap();
        assert_eq!(names(&into), ["graph-mirror", "host.json", "sync_users"]);
        assert_eq!(names(&into.join("sync_users")), ["function.json"]);
    }

    #[test]
    fn staging_twice_changes_nothing() {
        let root = tempfile::tempdir().unwrap();
        source(root.path());
        let into = root.path().join("dist");
        stage_into(root.path(), &into).unwrap();
        let before = names(&into);
        stage_into(root.path(), &into).unwrap();
        assert_eq!(names(&into), before);
    }

    #[test]
    fn settings_may_be_there_before_anything_is_staged_and_stay() {
        let root = tempfile::tempdir().unwrap();
        source(root.path());
        write(&root.path().join(".funcignore"), ".git");
        let into = root.path().join("dist");
        write(&into.join(LOCAL_SETTINGS), "{}");
        stage_into(root.path(), &into).unwrap();
        let all = [IGNORED, EXECUTABLE, "host.json", LOCAL_SETTINGS, "status", "sync_users"];
        assert_eq!(names(&into), all);
        fs::remove_file(root.path().join(".funcignore")).unwrap();
        stage_into(root.path(), &into).unwrap();
        assert_eq!(names(&into), all[1..]);
    }

    #[test]
    fn a_folder_that_was_not_staged_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        source(root.path());
        let into = root.path().join("precious");
        write(&into.join("letter.txt"), "dear");
        let error = stage_into(root.path(), &into).unwrap_err();
        assert!(error.to_string().contains("left alone"), "{error}");
        assert_eq!(names(&into), ["letter.txt"]);
    }

    #[test]
    fn a_source_tree_is_never_staged_over() {
        let root = tempfile::tempdir().unwrap();
        source(root.path());
        write(&root.path().join("Cargo.toml"), "");
        assert!(stage_into(root.path(), root.path()).is_err());
        assert!(root.path().join("functions/sync_users/function.json").exists());
    }

    #[test]
    fn a_running_executable_can_be_replaced() {
        let root = tempfile::tempdir().unwrap();
        source(root.path());
        let into = root.path().join("dist");
        fs::copy("/bin/sleep", root.path().join("built")).unwrap();
        stage_into(root.path(), &into).unwrap();
        let mut running = std::process::Command::new(into.join(EXECUTABLE)).arg("30").spawn().unwrap();
        let again = stage_into(root.path(), &into);
        running.kill().unwrap();
        running.wait().unwrap();
        again.unwrap();
    }

    #[test]
    fn a_missing_part_is_named() {
        let root = tempfile::tempdir().unwrap();
        let error = stage_into(root.path(), &root.path().join("dist")).unwrap_err();
        assert!(error.to_string().contains("host.json"), "{error}");
        source(root.path());
        fs::remove_file(root.path().join("built")).unwrap();
        let error = stage_into(root.path(), &root.path().join("dist")).unwrap_err();
        assert!(error.to_string().contains("executable"), "{error}");
    }
}
