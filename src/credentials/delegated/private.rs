//! Files and folders that only their owner can read, from their first moment on. On Windows the access list of the
//! user's profile does that.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

/// Opens a file for writing, or makes it; what is in it stays.
pub fn open(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.create(true).truncate(false).write(true);
    owners(&mut options).open(path)
}

/// Makes a file with this content, which has reached the disk on return.
pub fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.create_new(true).write(true);
    let mut file = owners(&mut options).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

#[cfg(unix)]
fn owners(options: &mut fs::OpenOptions) -> &mut fs::OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600)
}

#[cfg(not(unix))]
fn owners(options: &mut fs::OpenOptions) -> &mut fs::OpenOptions {
    options
}

/// Makes a folder. One that is there and open to others is closed to them.
#[cfg(unix)]
pub fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    if is_exposed(&fs::metadata(folder)?) {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Makes a folder.
#[cfg(not(unix))]
pub fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// Whether anybody else has a right to it.
#[cfg(unix)]
pub fn is_exposed(about: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    about.permissions().mode() & 0o077 != 0
}

/// Whether anybody else has a right to it: the mode of a file does not tell here.
#[cfg(not(unix))]
pub fn is_exposed(_: &fs::Metadata) -> bool {
    false
}
