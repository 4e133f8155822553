//! The verb `init`: creates the database and the containers of a copy.

use std::path::Path;
use std::sync::Arc;

use url::Url;

use super::AppError;
use super::deployment::mirrored;
use super::parts::Parts;
use crate::catalogue::{self, Resource};
use crate::store::init::{create_container, create_database};
use crate::store::{Account, CONTROL};

pub use crate::store::Creation;

/// The containers that the functions in a folder need, each with its partition key; without a folder those of
/// [`mirrored`].
pub fn containers(functions: Option<&Path>) -> impl Iterator<Item = (&'static str, &'static str)> {
    of(mirrored(functions))
}

/// The containers of the whole catalogue.
pub(super) fn all_containers() -> impl Iterator<Item = (&'static str, &'static str)> {
    catalogue::resources().iter().flat_map(|resource| resource.containers()).chain([CONTROL])
}

fn of(rows: Vec<&'static Arc<Resource>>) -> impl Iterator<Item = (&'static str, &'static str)> {
    rows.into_iter().flat_map(|resource| resource.containers()).chain([CONTROL])
}

/// The commands that create the same with an Azure sign-in, the database first.
pub fn create_commands(endpoint: &Url, database: &str, functions: Option<&Path>) -> Vec<String> {
    let account = Account::new(endpoint, database);
    let containers = containers(functions).map(|(name, key)| account.create_container(name, key));
    std::iter::once(account.create_database()).chain(containers).collect()
}

/// Creates the database and all missing [`containers`]. Returns the result for each, the database first.
pub(super) async fn init(parts: &Parts) -> Result<Vec<(&'static str, Creation)>, AppError> {
    let store = parts.store();
    let failed = |what| move |source| AppError::Init { what, source };
    let mut made = vec![("database", create_database(store).await.map_err(failed("database"))?)];
    for (name, key) in of(parts.resources().to_vec()) {
        made.push((name, create_container(store, name, key).await.map_err(failed(name))?));
    }
    Ok(made)
}
