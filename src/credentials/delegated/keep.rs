//! Where a sign-in is kept: in a folder, for the next run, or in memory.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::kept::{Folder, Kept, KeptError, Key};
use super::lock::{Lock, lock};

/// Where sign-ins are kept.
#[derive(Debug)]
pub enum Keep {
    /// Between runs.
    Folder(Folder),
    /// For the life of the process.
    Memory(Mutex<Vec<(Key, Kept)>>),
}

impl Keep {
    /// In this folder, or in memory where there is none.
    pub fn new(folder: Option<PathBuf>) -> Self {
        folder.map_or_else(|| Self::Memory(Mutex::default()), |path| Self::Folder(Folder::new(path)))
    }

    /// The sign-in that was kept for this key.
    ///
    /// # Errors
    /// As [`Folder::load`].
    pub fn load(&self, key: &Key) -> Result<Option<Kept>, KeptError> {
        match self {
            Self::Folder(folder) => folder.load(key),
            Self::Memory(kept) => {
                let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(kept.iter().find(|(of, _)| of == key).map(|(_, kept)| kept.clone()))
            }
        }
    }

    /// Keeps a sign-in in the place of the one before.
    ///
    /// # Errors
    /// As [`Folder::save`].
    pub fn save(&self, key: &Key, kept: &Kept) -> Result<(), KeptError> {
        match self {
            Self::Folder(folder) => folder.save(kept),
            Self::Memory(all) => {
                let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
                all.retain(|(of, _)| of != key);
                all.push((key.clone(), kept.clone()));
                Ok(())
            }
        }
    }

    /// Keeps other processes from replacing sign-ins; what is in memory is replaced by one caller at a time anyway.
    ///
    /// # Errors
    /// As [`lock`].
    pub async fn lock(&self) -> Result<Option<Lock>, KeptError> {
        match self {
            Self::Folder(folder) => Ok(Some(lock(folder).await?)),
            Self::Memory(_) => Ok(None),
        }
    }

    /// How many sign-ins there are for the same scopes, but of another tenant or app.
    pub fn others(&self, key: &Key) -> usize {
        match self {
            Self::Folder(folder) => folder.others(key),
            Self::Memory(_) => 0,
        }
    }

    /// Forgets the access token of a sign-in, which a service refused. Where another process is replacing the
    /// sign-in at this moment, that forgets it.
    pub fn forget_token(&self, key: &Key) -> Result<(), KeptError> {
        let _lock = match self {
            Self::Folder(folder) => match Lock::now(folder)? {
                Some(lock) => Some(lock),
                None => return Ok(()),
            },
            Self::Memory(_) => None,
        };
        match self.load(key)? {
            Some(kept) => self.save(key, &kept.without_token()),
            None => Ok(()),
        }
    }
}
