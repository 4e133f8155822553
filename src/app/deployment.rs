//! What a deployment needs: follows from the function folders, which say what is mirrored, and the catalogue.
//!
//! `infra/resources.json` is this, written down: containers, permissions and alerts are made from it. The handler looks
//! at the same folders, where the host says that they are, for what it mirrors.

use std::io;
use std::path::Path;

use serde::Serialize;

use crate::catalogue::{self, Row};
use crate::store::CONTROL;

/// How the folders of the functions are called that mirror a resource.
const PREFIX: &str = "sync_";

/// What has to be there before the functions of a folder can run.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// The resources that are mirrored.
    resources: Vec<&'static str>,
    /// Those that have change notifications.
    notified: Vec<&'static str>,
    /// The containers of the copy, for readers.
    containers: Vec<Container>,
    /// The container of leases and checkpoints, for nobody else: its links carry tokens.
    control: Container,
    /// The application permissions of Microsoft Graph.
    app_roles: Vec<AppRole>,
}

/// A container and its partition key.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Container {
    name: &'static str,
    partition_key: &'static str,
}

impl From<(&'static str, &'static str)> for Container {
    fn from((name, partition_key): (&'static str, &'static str)) -> Self {
        Self { name, partition_key }
    }
}

#[derive(Debug, Serialize)]
struct AppRole {
    name: &'static str,
    id: &'static str,
}

/// Why there is no telling what a folder needs.
#[derive(Debug, thiserror::Error)]
pub enum DeploymentError {
    /// It cannot be read.
    #[error("{folder}: {source}; name the folder that holds sync_<resource>/function.json")]
    Unreadable {
        /// The folder.
        folder: String,
        /// Why.
        source: io::Error,
    },
    /// A function mirrors something that the catalogue does not have.
    #[error("{PREFIX}{resource}: there is no resource `{resource}`; there is {known}")]
    Unknown {
        /// What it is called.
        resource: String,
        /// What there is.
        known: String,
    },
    /// Nothing is mirrored.
    #[error("{folder}: there is no {PREFIX}<resource>/function.json, so nothing is mirrored")]
    Nothing {
        /// The folder.
        folder: String,
    },
}

/// What the functions in a folder need, in the order of the catalogue.
///
/// # Errors
/// [`DeploymentError`].
pub fn deployment(functions: &Path) -> Result<Deployment, DeploymentError> {
    let folder = functions.display().to_string();
    let names =
        names(functions).map_err(|source| DeploymentError::Unreadable { folder: folder.clone(), source })?;
    let mut resources = names.iter().filter_map(|name| name.strip_prefix(PREFIX));
    if let Some(resource) = resources.find(|resource| catalogue::row(resource).is_none()) {
        let known = super::resources().collect::<Vec<_>>().join(", ");
        return Err(DeploymentError::Unknown { resource: resource.to_owned(), known });
    }
    let mirrored = with_function(&names);
    if mirrored.is_empty() {
        return Err(DeploymentError::Nothing { folder });
    }
    let rows = || mirrored.iter().copied();
    Ok(Deployment {
        resources: rows().map(|row| row.resource).collect(),
        notified: rows().filter(|row| row.subscription.is_some()).map(|row| row.resource).collect(),
        containers: rows().flat_map(Row::containers).map(Container::from).collect(),
        control: CONTROL.into(),
        app_roles: app_roles(rows()),
    })
}

/// The rows that have a function below the script root; all of them where nobody says where that is, or where there
/// is none: then somebody is at the command line. Another name is that of a function which fails by itself.
pub fn mirrored(root: Option<&Path>) -> Vec<&'static Row> {
    let names = root.and_then(|root| names(root).ok()).unwrap_or_default();
    let found = with_function(&names);
    if found.is_empty() { catalogue::rows().iter().collect() } else { found }
}

/// The rows whose function is among these, in the order of the catalogue.
fn with_function(names: &[String]) -> Vec<&'static Row> {
    let has_function = |row: &Row| names.iter().any(|name| name.strip_prefix(PREFIX) == Some(row.resource));
    catalogue::rows().iter().filter(|row| has_function(row)).collect()
}

/// The schedule of a timer function below the script root, where there is one that can be read.
pub fn schedule(root: Option<&Path>, function: &str) -> Option<String> {
    let text = std::fs::read(root?.join(function).join("function.json")).ok()?;
    let function: serde_json::Value = serde_json::from_slice(&text).ok()?;
    let schedules =
        function["bindings"].as_array()?.iter().filter_map(|binding| binding["schedule"].as_str());
    schedules.map(str::to_owned).next()
}

/// The folders that the host takes for functions: those with a `function.json`.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.path().join("function.json").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(names)
}

/// Each once: two resources may take the same.
fn app_roles(rows: impl Iterator<Item = &'static Row>) -> Vec<AppRole> {
    let mut roles: Vec<AppRole> = Vec::new();
    for permission in rows.map(|row| &row.permission) {
        if roles.iter().all(|role| role.id != permission.app_role_id) {
            roles.push(AppRole { name: permission.name, id: permission.app_role_id });
        }
    }
    roles
}
