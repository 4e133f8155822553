//! The clocks of one handler process: a test can set the wall clock to another time at any moment, and have the monotonic
//! one go on by more than has passed.
//!
//! A small C library (`process_clock.c`) is preloaded into the unmodified binary and adds to the clocks what a file says.
//! Promises: the product needs no test mode for this, and each clock goes on undisturbed when the other changes. When the
//! monotonic clock jumps, every timer of the process is due at once, as after a freeze: it is for a process at rest. The
//! kernel's own timeouts keep its own clock. Needs the C compiler that Rust's linker needs anyway. Leaves out: clocks that
//! run at another speed.

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

/// Where the shift of the wall clock stands in the file, …
const WALL: u64 = 0;
/// … and that of the monotonic one.
const MONOTONIC: u64 = 8;

/// Clocks that can be shifted. Clones are the same clocks; the file goes with the last one.
#[derive(Clone, Debug)]
pub struct ProcessClock {
    shifts: Arc<NamedTempFile>,
}

impl ProcessClock {
    /// Clocks that are right.
    ///
    /// # Errors
    /// When the library cannot be built, or the file not be written.
    pub fn start() -> Result<Self> {
        library()?;
        let shifts = NamedTempFile::new().context("a file for the shifts of clocks")?;
        let clock = Self { shifts: Arc::new(shifts) };
        clock.shift(0)?;
        clock.pass(0)?;
        Ok(clock)
    }

    /// From now on the wall clock of the process is so many seconds ahead; behind is negative.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn shift(&self, seconds: i64) -> Result<()> {
        self.write(WALL, seconds)
    }

    /// From now on the process takes itself for so many seconds older than it is; the wall clock stays. Never fewer
    /// than before: a monotonic clock does not go back.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn pass(&self, seconds: u32) -> Result<()> {
        self.write(MONOTONIC, seconds.into())
    }

    fn write(&self, place: u64, seconds: i64) -> Result<()> {
        let written = self.shifts.as_file().write_all_at(&seconds.to_ne_bytes(), place);
        written.context("writing the shift of a clock")
    }

    /// The environment that makes them the clocks of a process.
    ///
    /// # Errors
    /// As [`ProcessClock::start`].
    pub fn env(&self) -> Result<[(String, String); 2]> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        Ok([
            ("LD_PRELOAD".to_owned(), text(&library()?.path().join(FILE))),
            (VARIABLE.to_owned(), text(self.shifts.path())),
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
