//! The wall clock of one handler process, which a test can set to another time at any moment.
//!
//! A small C library (`process_clock.c`) is preloaded into the unmodified binary and adds to the wall clock what a file
//! says. Promises: the product needs no test mode for this, and its monotonic clock goes on undisturbed, as on a machine
//! whose clock somebody sets. Needs the C compiler that Rust's linker needs anyway. Leaves out: clocks that run at
//! another speed.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, OnceLock};

use anyhow::{Context as _, Result, anyhow, ensure};
use tempfile::{NamedTempFile, TempDir};

/// The source of the library.
const SOURCE: &str = include_str!("process_clock.c");
/// The variable that names the file with the shift.
const VARIABLE: &str = "SANDBOX_CLOCK";

/// A clock that can be shifted. Clones are the same clock; the file goes with the last one.
#[derive(Clone, Debug)]
pub struct ProcessClock {
    shift: Arc<NamedTempFile>,
}

impl ProcessClock {
    /// A clock that is right.
    ///
    /// # Errors
    /// When the library cannot be built, or the file not be written.
    pub fn start() -> Result<Self> {
        library()?;
        let shift = NamedTempFile::new().context("a file for the shift of a clock")?;
        let clock = Self { shift: Arc::new(shift) };
        clock.shift(0)?;
        Ok(clock)
    }

    /// From now on the process is so many seconds ahead; behind is negative.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn shift(&self, seconds: i64) -> Result<()> {
        let written = self.shift.as_file().write_all_at(&seconds.to_ne_bytes(), 0);
        written.context("writing the shift of a clock")
    }

    /// The environment that makes it the clock of a process.
    ///
    /// # Errors
    /// As [`ProcessClock::start`].
    pub fn env(&self) -> Result<[(String, String); 2]> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        Ok([
            ("LD_PRELOAD".to_owned(), text(&library()?.path().join(FILE))),
            (VARIABLE.to_owned(), text(self.shift.path())),
        ])
    }
}

/// The file name of the library.
const FILE: &str = "process_clock.so";

/// The library, built once in each process that needs it.
fn library() -> Result<&'static TempDir> {
    static BUILT: OnceLock<Result<TempDir, String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| build().map_err(|error| format!("{error:#}")));
    built.as_ref().map_err(|error| anyhow!("{error}"))
}

fn build() -> Result<TempDir> {
    let folder = tempfile::tempdir().context("a folder for the library that shifts clocks")?;
    let (source, into) = (folder.path().join("process_clock.c"), folder.path().join(FILE));
    fs::write(&source, SOURCE).context("writing the source of the library that shifts clocks")?;
    let log = folder.path().join("log");
    let ran = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([&into, &source])
        .stderr(File::create(&log)?)
        .status()
        .context("running the C compiler `cc`, which Rust's linker needs too")?;
    ensure!(ran.success(), "cc: {}", fs::read_to_string(&log).unwrap_or_default());
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_sees_the_shifted_clock() {
        let clock = ProcessClock::start().unwrap();
        let year = || {
            let ran = Command::new("date").args(["-u", "+%s"]).envs(clock.env().unwrap()).output().unwrap();
            String::from_utf8_lossy(&ran.stdout).trim().parse::<i64>().unwrap()
        };
        let now = year();
        clock.shift(86_400).unwrap();
        let later = year();
        assert!((86_390..86_500).contains(&(later - now)), "{now} {later}");
    }
}
