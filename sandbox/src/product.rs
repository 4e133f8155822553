//! The product as the sandbox runs it: built in our own profile, and staged by the one routine; and another version of it,
//! which asks Graph for another property.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

/// The deployable folder in which this program lies, as a release has it; none where it lies elsewhere, as below `target`.
///
/// # Errors
/// When the program does not know where it lies.
pub fn beside() -> Result<Option<PathBuf>> {
    let program = std::env::current_exe().context("the path of this program")?;
    // A link in a folder of the PATH leads to the release.
    let program = program.canonicalize().context("the path of this program")?;
    Ok(program.parent().filter(|folder| is_deployable(folder)).map(Path::to_owned))
}

fn is_deployable(folder: &Path) -> bool {
    ["host.json", stage::EXECUTABLE].iter().all(|file| folder.join(file).is_file())
}

/// Builds the product and stages it into a folder that is gone with the handle.
///
/// # Errors
/// When it cannot be built or staged.
pub fn staged() -> Result<tempfile::TempDir> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = root.parent().context("the sandbox lies in the repository")?;
    let purpose = if cfg!(debug_assertions) { stage::Purpose::Dev } else { stage::Purpose::Release };
    let binary = stage::build(&stage::Build { root, purpose }).context("building the product")?;
    let staged = tempfile::tempdir().context("a folder for the staged product")?;
    stage::stage(&stage::Plan { source: root, binary: &binary, into: staged.path() })?;
    without_added(staged.path())?;
    Ok(staged)
}

/// The resources whose functions come with the product.
const SHIPPED: [&str; 3] = ["devices", "groups", "users"];

/// Takes the functions of resources that somebody added to this clone out of a staged folder: stories are about the tenant
/// that they know.
///
/// # Errors
/// When the folder cannot be read or changed.
pub fn without_added(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let resource = name.to_str().and_then(|name| name.strip_prefix("sync_"));
        if resource.is_some_and(|resource| !SHIPPED.contains(&resource)) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// A staged folder like another one that also has the functions of these resources: what `graph-mirror add` writes for each,
/// as far as the host reads it. It is gone with the handle.
///
/// # Errors
/// When the folder cannot be written.
pub fn with_resources(root: &Path, resources: &[&str]) -> Result<tempfile::TempDir> {
    let folder = tempfile::tempdir().context("a folder for more functions")?;
    for name in fs::read_dir(root)?.map(|entry| entry.map(|entry| entry.file_name())) {
        let name = name?;
        let (path, target) = (root.join(&name), folder.path().join(&name));
        match (path.is_dir(), name.to_string_lossy().starts_with('.')) {
            (_, true) => {}
            (true, _) => {
                fs::create_dir_all(&target)?;
                copy_folder(&path, &target)?;
            }
            // The executable is large, and nobody changes it here.
            _ if fs::hard_link(&path, &target).is_ok() => {}
            _ => drop(fs::copy(&path, &target)?),
        }
    }
    let function = fs::read(root.join("sync_users/function.json")).context("reading a function")?;
    for resource in resources {
        let added = folder.path().join(format!("sync_{resource}"));
        fs::create_dir_all(&added)?;
        fs::write(added.join("function.json"), &function)?;
    }
    Ok(folder)
}

/// A property that `users` selects, …
const SELECTED: &[u8] = b"consentProvidedForMinor";
/// … and one of the same length that Graph knows too, and another version may select instead, …
const INSTEAD: &[u8] = b"licenseAssignmentStates";
/// … before this one, since the names of a row are sorted.
const BEFORE: &[u8] = b"\"mail\"";

/// The staged folder of another version beside that of `root`: one whose `$select` for users differs in one property, and
/// with it the shape of the feed. It is made once, by changing that name in the executable: building one takes minutes.
///
/// # Errors
/// When the folder cannot be written, or the executable has no such name.
pub fn other_version(root: &Path) -> Result<PathBuf> {
    let other = root.join(".other");
    // Several histories may want it at once; a rename is seen whole or not at all.
    if other.exists() {
        return Ok(other);
    }
    let made = tempfile::tempdir_in(root).context("a folder for another version")?;
    copy_folder(root, made.path())?;
    let executable = made.path().join(stage::EXECUTABLE);
    let mut code = fs::read(&executable).context("reading the executable")?;
    select_instead(&mut code)?;
    fs::write(&executable, code).context("writing the executable")?;
    if fs::rename(made.path(), &other).is_ok() {
        let _renamed = made.keep();
    }
    ensure!(other.exists(), "another version could not be staged");
    Ok(other)
}

/// Takes the one property out of the row in the executable and puts the other one in where it belongs.
fn select_instead(code: &mut [u8]) -> Result<()> {
    let quoted = [b"\"", SELECTED, b"\""].concat();
    let place = memchr::memmem::find(code, &quoted).context("the executable does not select the property")?;
    let names = &mut code[place..];
    let end = memchr::memmem::find(names, BEFORE).context("the property has no place in the row")?;
    // The name, its comma and the space to the next name.
    let entry = memchr::memchr(b'"', &names[quoted.len()..]).context("the row goes on")? + quoted.len();
    names[1..=INSTEAD.len()].copy_from_slice(INSTEAD);
    names[..end].rotate_left(entry);
    Ok(())
}

fn copy_folder(from: &Path, into: &Path) -> Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, target) = (entry.path(), into.join(entry.file_name()));
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&target)?;
            copy_folder(&path, &target)?;
        } else {
            fs::copy(&path, &target).with_context(|| format!("copying {}", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_deployable_when_it_has_the_executable_and_what_the_host_reads() {
        let root = tempfile::tempdir().unwrap();
        assert!(!is_deployable(root.path()));
        fs::write(root.path().join(stage::EXECUTABLE), "binary").unwrap();
        assert!(!is_deployable(root.path()), "the folder of a build has no host.json");
        fs::write(root.path().join("host.json"), "{}").unwrap();
        assert!(is_deployable(root.path()));
    }

    #[test]
    fn more_resources_have_functions_like_that_of_users() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("sync_users")).unwrap();
        fs::write(root.path().join("sync_users/function.json"), "{}").unwrap();
        fs::write(root.path().join(stage::EXECUTABLE), "binary").unwrap();
        let more = with_resources(root.path(), &["roleDefinitions", "messages"]).unwrap();
        for name in ["sync_users", "sync_roleDefinitions", "sync_messages"] {
            assert_eq!(fs::read_to_string(more.path().join(name).join("function.json")).unwrap(), "{}");
        }
        assert_eq!(fs::read_to_string(more.path().join(stage::EXECUTABLE)).unwrap(), "binary");
    }

    #[test]
    fn another_version_selects_another_property_in_its_order() {
        let row = r#"x ["city", "consentProvidedForMinor", "country", "legalAge", "mail", "state"] y"#;
        let mut code = row.as_bytes().to_vec();
        select_instead(&mut code).unwrap();
        let other = r#"x ["city", "country", "legalAge", "licenseAssignmentStates", "mail", "state"] y"#;
        assert_eq!(String::from_utf8(code).unwrap(), other);
        assert!(select_instead(&mut other.as_bytes().to_vec()).is_err());
    }
}
