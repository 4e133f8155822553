//! One process at a time replaces a kept sign-in: a refresh token may be good for one use.
//!
//! The lock is the operating system's, so that it ends with its process. Promises: a lock, or an error within
//! [`PATIENCE`]. A holder that waits for Entra may need longer; the caller can then simply try again.

use std::fs::File;
use std::time::Duration;

use fs4::fs_std::FileExt as _;
use tokio::time::{Instant, sleep};

use super::kept::{Folder, KeptError};

const PATIENCE: Duration = Duration::from_secs(6);
const LOOK: Duration = Duration::from_millis(25);

/// Held until it is dropped.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "closing the file ends the lock")] File);

impl Lock {
    /// The lock, where it can be had at once.
    ///
    /// # Errors
    /// [`KeptError::Io`].
    pub fn now(folder: &Folder) -> Result<Option<Self>, KeptError> {
        let file = folder.lock_file()?;
        match file.try_lock_exclusive() {
            Ok(true) => Ok(Some(Self(file))),
            Ok(false) => Ok(None),
            Err(error) => Err(folder.io(&error)),
        }
    }
}

/// Waits for the lock of the folder.
///
/// # Errors
/// [`KeptError::Busy`] when another process keeps it.
pub async fn lock(folder: &Folder) -> Result<Lock, KeptError> {
    let end = Instant::now() + PATIENCE;
    loop {
        match Lock::now(folder)? {
            Some(lock) => return Ok(lock),
            None if Instant::now() < end => sleep(LOOK).await,
            None => return Err(KeptError::Busy),
        }
    }
}
