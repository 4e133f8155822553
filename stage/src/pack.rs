//! The zip of a release: a staged folder, the same to the byte whenever and wherever it is packed.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::folder::{EXECUTABLE, IGNORED, LOCAL_SETTINGS, entries};

/// Packs a staged folder, but for local settings and `.funcignore`. Files are sorted, have no time, and keep their
/// modes: the host starts the handler only if it is executable.
///
/// # Errors
/// When the folder is not a staged one, when the zip would lie in it, or when a file cannot be read or written.
pub fn pack(staged: &Path, zip: &Path) -> Result<()> {
    let is_staged = [EXECUTABLE, "host.json"].iter().all(|name| staged.join(name).is_file());
    ensure!(is_staged, "{} is not a staged folder", staged.display());
    ensure!(!zip.starts_with(staged), "{} would be packed into itself", zip.display());
    let file = File::create(zip).with_context(|| format!("creating {}", zip.display()))?;
    let mut writer = ZipWriter::new(file);
    add(&mut writer, staged, "")?;
    writer.finish().with_context(|| format!("finishing {}", zip.display()))?;
    Ok(())
}

/// Adds the files of a folder, and of those in it.
fn add(writer: &mut ZipWriter<File>, folder: &Path, prefix: &str) -> Result<()> {
    let mut found = entries(folder)?;
    found.sort();
    for (name, path) in found {
        let name =
            name.into_string().ok().with_context(|| format!("{}: no name for a zip", path.display()))?;
        if [LOCAL_SETTINGS, IGNORED].contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            add(writer, &path, &format!("{prefix}{name}/"))?;
            continue;
        }
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(9))
            .last_modified_time(DateTime::default())
            .unix_permissions(fs::metadata(&path)?.permissions().mode() & 0o777);
        let copy = |writer: &mut ZipWriter<File>| -> io::Result<()> {
            writer.start_file(format!("{prefix}{name}"), options)?;
            io::copy(&mut File::open(&path)?, writer)?;
            Ok(())
        };
        copy(writer).with_context(|| format!("packing {}", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use zip::ZipArchive;

    fn staged(folder: &Path) {
        fs::create_dir_all(folder.join("sync_users")).unwrap();
        for name in ["host.json", "local.settings.json", ".funcignore", "sync_users/function.json"] {
            fs::write(folder.join(name), "{}").unwrap();
        }
        fs::write(folder.join(EXECUTABLE), "binary").unwrap();
        fs::set_permissions(folder.join(EXECUTABLE), fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn everything_is_at_the_root_and_the_handler_is_executable() {
        let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        staged(folder.path());
        let zip = out.path().join("app.zip");
        pack(folder.path(), &zip).unwrap();
        let mut archive = ZipArchive::new(File::open(&zip).unwrap()).unwrap();
        let names: Vec<_> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
        assert_eq!(names, [EXECUTABLE, "host.json", "sync_users/function.json"]);
        assert_eq!(archive.by_name(EXECUTABLE).unwrap().unix_mode().unwrap() & 0o777, 0o755);
    }

    #[test]
    fn the_same_folder_is_the_same_zip() {
        let out = tempfile::tempdir().unwrap();
        let zips: Vec<_> = ["one.zip", "two.zip"]
            .map(|name| {
                let folder = tempfile::tempdir().unwrap();
                staged(folder.path());
                pack(folder.path(), &out.path().join(name)).unwrap();
                fs::read(out.path().join(name)).unwrap()
            })
            .into();
        assert_eq!(zips[0], zips[1]);
    }

    #[test]
    fn a_folder_without_a_handler_is_not_packed() {
        let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let zip = out.path().join("app.zip");
        assert!(pack(folder.path(), &zip).is_err());
        assert!(!zip.exists());
        staged(folder.path());
        assert!(pack(folder.path(), &folder.path().join("app.zip")).is_err(), "not into itself");
    }
}
