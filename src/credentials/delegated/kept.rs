//! Sign-ins that are kept between runs, each in a file that only its owner can read.
//!
//! `<folder>/<hash>.json`, one for each authority, tenant, app and set of scopes. Promises: the folder has mode 0700
//! and each file 0600 from its first moment on; a file is replaced as a whole (a new file, then a rename); a file
//! that others can read is refused; a file of another tenant or app is never used. Leaves out on purpose: encryption,
//! for which every operating system has another store; Windows, where the folder of a user's profile is closed to
//! others by its access list.

use std::fs;
use std::io;
use std::path::PathBuf;

use azure_core::credentials::Secret;
use azure_core::time::OffsetDateTime;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::granted::Granted;
use super::private;
use crate::credentials::Registration;

const FORMAT: u32 = 1;

/// What a sign-in is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Key {
    authority: String,
    tenant_id: String,
    client_id: String,
    scopes: Vec<String>,
}

/// A sign-in.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Kept {
    format: u32,
    #[serde(flatten)]
    key: Key,
    /// The access token, until a service refuses it.
    pub access_token: Option<Secret>,
    /// Its end.
    #[serde(with = "time::serde::timestamp")]
    pub expires_on: OffsetDateTime,
    /// From here on it is refreshed.
    #[serde(with = "time::serde::timestamp")]
    pub refresh_on: OffsetDateTime,
    /// The refresh token, until Entra refuses it.
    pub refresh_token: Option<Secret>,
    /// By what the authorization code is known that was redeemed for it.
    pub code: Option<String>,
}

/// Why a kept sign-in cannot be used, or not be kept.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// Others could have read the tokens.
    #[error(
        "the kept sign-in can be read by other users of this machine and is not used; remove it with \
         `graph-mirror logout`, then sign in again"
    )]
    Exposed,
    /// Not what was written.
    #[error("the kept sign-in cannot be read; remove it with `graph-mirror logout`, then sign in again")]
    Corrupt,
    /// Written by a newer version.
    #[error(
        "the kept sign-in was written by a newer version of graph-mirror; use that version, or remove it with \
         `graph-mirror logout`"
    )]
    Newer,
    /// Another process is about to replace it.
    #[error("another graph-mirror is signing in or out at this moment; run the command again")]
    Busy,
    /// The operating system's.
    #[error(
        "sign-ins cannot be kept in {folder}: {kind}; make room in that folder or make it writable, or set \
         XDG_STATE_HOME"
    )]
    Io {
        /// The folder.
        folder: String,
        /// What went wrong.
        kind: io::ErrorKind,
    },
}

/// The folder with the sign-ins.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Key {
    /// The key of a sign-in with these scopes.
    pub fn new(registration: &Registration, scopes: &[&str]) -> Self {
        let mut scopes: Vec<_> = scopes.iter().map(ToString::to_string).collect();
        scopes.sort();
        scopes.dedup();
        Self {
            authority: registration.authority.to_string(),
            tenant_id: registration.tenant_id.to_lowercase(),
            client_id: registration.client_id.to_lowercase(),
            scopes,
        }
    }

    fn file_name(&self) -> String {
        let mut hash = Sha256::new();
        let parts = [&self.authority, &self.tenant_id, &self.client_id];
        for part in parts.into_iter().chain(&self.scopes) {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        let hash: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("{hash}.json")
    }

    /// Whether it is for the same scopes, but of another tenant or app.
    fn is_like(&self, other: &Self) -> bool {
        self != other && self.scopes == other.scopes
    }
}

impl Kept {
    /// Nothing yet.
    pub fn new(key: Key) -> Self {
        let never = OffsetDateTime::UNIX_EPOCH;
        Self {
            format: FORMAT,
            key,
            access_token: None,
            expires_on: never,
            refresh_on: never,
            refresh_token: None,
            code: None,
        }
    }

    /// It with new tokens, of which the access token is refreshed from `refresh_on`.
    pub fn with(self, granted: &Granted, refresh_on: OffsetDateTime) -> Self {
        Self {
            access_token: Some(granted.token.token.clone()),
            expires_on: granted.token.expires_on,
            refresh_on,
            refresh_token: granted.refresh_token.clone(),
            ..self
        }
    }

    /// It without its access token.
    pub fn without_token(self) -> Self {
        Self { access_token: None, ..self }
    }

    /// It without any token.
    pub fn without_tokens(self) -> Self {
        Self { access_token: None, refresh_token: None, ..self }
    }
}

impl Folder {
    /// The folder; made when something is kept in it.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Whether there is such a folder.
    pub fn is_there(&self) -> bool {
        self.0.is_dir()
    }

    /// The file that processes lock while they replace a sign-in.
    pub fn lock_file(&self) -> Result<fs::File, KeptError> {
        self.make()?;
        private::open(&self.0.join("lock")).map_err(|error| self.io(&error))
    }

    /// The sign-in that was kept for this key.
    ///
    /// # Errors
    /// [`KeptError`]: a file that is there and cannot be used is never passed over.
    pub fn load(&self, key: &Key) -> Result<Option<Kept>, KeptError> {
        let path = self.0.join(key.file_name());
        let file = match fs::File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.io(&error)),
        };
        if private::is_exposed(&file.metadata().map_err(|error| self.io(&error))?) {
            return Err(KeptError::Exposed);
        }
        let kept: Kept = parse(file)?;
        Ok((kept.key == *key).then_some(kept))
    }

    /// Keeps a sign-in in the place of the one before.
    ///
    /// # Errors
    /// [`KeptError::Io`]; the one before is then still there.
    pub fn save(&self, kept: &Kept) -> Result<(), KeptError> {
        self.make()?;
        let text = serde_json::to_vec(kept).map_err(|_| KeptError::Corrupt)?;
        let new = self.0.join(format!("{}.new", Uuid::new_v4().simple()));
        let written = private::write_new(&new, &text)
            .and_then(|()| fs::rename(&new, self.0.join(kept.key.file_name())));
        written.map_err(|error| {
            let _ = fs::remove_file(&new);
            self.io(&error)
        })
    }

    /// How many sign-ins there are for the same scopes, but of another tenant or app.
    pub fn others(&self, key: &Key) -> usize {
        let files = self.files().unwrap_or_default();
        let kept = files.iter().filter_map(|path| parse(fs::File::open(path).ok()?).ok());
        kept.filter(|kept| kept.key.is_like(key)).count()
    }

    /// Removes all sign-ins; how many there were. What a killed process left half-written goes too.
    ///
    /// # Errors
    /// [`KeptError::Io`].
    pub fn clear(&self) -> Result<usize, KeptError> {
        let mut removed = 0;
        for path in self.files()? {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(self.io(&error)),
                gone => {
                    removed += usize::from(gone.is_ok() && path.extension().is_some_and(|end| end == "json"))
                }
            }
        }
        Ok(removed)
    }

    /// The files with sign-ins, half-written ones included; none where there is no folder.
    fn files(&self) -> Result<Vec<PathBuf>, KeptError> {
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.io(&error)),
        };
        let paths = entries.flatten().map(|entry| entry.path());
        let is_ours = |path: &PathBuf| {
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let is_hash = stem.len() == 32 && stem.bytes().all(|byte| byte.is_ascii_hexdigit());
            is_hash && path.extension().is_some_and(|end| end == "json" || end == "new")
        };
        Ok(paths.filter(is_ours).collect())
    }

    fn make(&self) -> Result<(), KeptError> {
        private::make_folder(&self.0).map_err(|error| self.io(&error))
    }

    pub(super) fn io(&self, error: &io::Error) -> KeptError {
        KeptError::Io { folder: self.0.display().to_string(), kind: error.kind() }
    }
}

fn parse(file: fs::File) -> Result<Kept, KeptError> {
    let value: serde_json::Value =
        serde_json::from_reader(io::BufReader::new(file)).map_err(|_| KeptError::Corrupt)?;
    match value.get("format").and_then(serde_json::Value::as_u64) {
        Some(format) if format > FORMAT.into() => Err(KeptError::Newer),
        _ => serde_json::from_value(value).map_err(|_| KeptError::Corrupt),
    }
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").field("key", &self.key).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
