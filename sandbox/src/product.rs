//! The product as the sandbox runs it: built in our own profile, and staged by the one routine; and another version of it,
//! which asks Graph for another property.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

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
    Ok(staged)
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
    fn another_version_selects_another_property_in_its_order() {
        let row = r#"x ["city", "consentProvidedForMinor", "country", "legalAge", "mail", "state"] y"#;
        let mut code = row.as_bytes().to_vec();
        select_instead(&mut code).unwrap();
        let other = r#"x ["city", "country", "legalAge", "licenseAssignmentStates", "mail", "state"] y"#;
        assert_eq!(String::from_utf8(code).unwrap(), other);
        assert!(select_instead(&mut other.as_bytes().to_vec()).is_err());
    }
}
