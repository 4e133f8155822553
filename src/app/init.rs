//! The verb `init`: what a copy needs is created.

use url::Url;

use super::{App, AppError};
use crate::catalogue::{self, Row};
use crate::store::{Account, CONTROL};

pub use crate::store::Made;

/// All containers that a copy needs, each with its partition key.
pub fn containers() -> impl Iterator<Item = (&'static str, &'static str)> {
    catalogue::rows().iter().flat_map(Row::containers).chain([CONTROL])
}

/// The commands that create the same with an Azure sign-in, the database first.
pub fn create_commands(endpoint: &Url, database: &str) -> Vec<String> {
    let account = Account::new(endpoint, database);
    let containers = containers().map(|(name, key)| account.create_container(name, key));
    std::iter::once(account.create_database()).chain(containers).collect()
}

impl App {
    /// Creates the database and all [`containers`], as far as they are not there: what came of each, the
    /// database first. It takes the account key.
    ///
    /// # Errors
    /// [`AppError::Init`]; running it again carries on.
    pub async fn init(&self) -> Result<Vec<(&'static str, Made)>, AppError> {
        let failed = |what| move |source| AppError::Init { what, source };
        let store = &self.mirror.store;
        let mut made = vec![("database", store.create_database().await.map_err(failed("database"))?)];
        for (name, key) in containers() {
            made.push((name, store.create_container(name, key).await.map_err(failed(name))?));
        }
        Ok(made)
    }
}
