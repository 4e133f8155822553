//! The needs of a deployment, derived from the function folders, which select the mirrored resources, and the
//! catalogue.
//!
//! `infra/resources.json` stores the result: the templates create containers, permissions and alerts from it. The
//! handler reads the same folders, below the script root that the host reports, to find the resources that it mirrors.

use std::io;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::unknown;
use crate::catalogue::{self, PREFIX, Resource, resource_folders};
use crate::store::CONTROL;

/// The resources, containers and permissions that the functions of a folder need.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// The names of the mirrored resources that have to be up to date: those that a person reads are not among them.
    resources: Vec<String>,
    /// The names of the mirrored resources with change notifications.
    notified: Vec<String>,
    /// The containers of the copy, which readers may use.
    containers: Vec<Container>,
    /// The container of leases and checkpoints, which readers may not use: its links contain tokens.
    control: Container,
    /// The application permissions of Microsoft Graph.
    app_roles: Vec<AppRole>,
}

/// A container and its partition key.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Container {
    name: String,
    partition_key: &'static str,
}

impl From<(&str, &'static str)> for Container {
    fn from((name, partition_key): (&str, &'static str)) -> Self {
        Self { name: name.to_owned(), partition_key }
    }
}

#[derive(Debug, Serialize)]
struct AppRole {
    name: String,
    id: String,
}

/// An error that prevents listing what a folder needs.
#[derive(Debug, thiserror::Error)]
pub enum DeploymentError {
    /// The folder cannot be read.
    #[error("{folder}: {source}; name the folder that holds sync_<resource>/function.json")]
    Unreadable {
        /// The path of the folder.
        folder: String,
        /// The reason.
        source: io::Error,
    },
    /// A function mirrors a resource that the catalogue does not have.
    #[error("{PREFIX}{resource}: {}, and a resource.json in this folder adds one", unknown(resource))]
    Unknown {
        /// The name in the function folder.
        resource: String,
    },
    /// Rows of the catalogue have faults, one line each.
    #[error("{}", .0.join("\n"))]
    Rows(Vec<String>),
    /// No function mirrors a resource.
    #[error("{folder}: there is no {PREFIX}<resource>/function.json, so nothing is mirrored")]
    Nothing {
        /// The path of the folder.
        folder: String,
    },
}

/// Lists what the functions in a folder need, in the order of the catalogue.
///
/// # Errors
/// [`DeploymentError`] if the folder or a row cannot be used.
pub fn deployment(functions: &Path) -> Result<Deployment, DeploymentError> {
    let folder = functions.display().to_string();
    let names = resource_folders(functions)
        .map_err(|source| DeploymentError::Unreadable { folder: folder.clone(), source })?;
    let resources = catalogue::with_functions(functions).map_err(DeploymentError::Rows)?;
    let is_known = |name: &str| resources.iter().any(|resource| resource.name == name);
    let mut mirrored = names.iter().filter_map(|name| name.strip_prefix(PREFIX));
    if let Some(resource) = mirrored.find(|name| !is_known(name)) {
        return Err(DeploymentError::Unknown { resource: resource.to_owned() });
    }
    let mirrored = with_function(&resources, &names);
    if mirrored.is_empty() {
        return Err(DeploymentError::Nothing { folder });
    }
    let notified = mirrored.iter().filter(|row| row.notified().is_some());
    Ok(Deployment {
        resources: mirrored.iter().filter(|row| !row.is_delegated()).map(|row| row.name.clone()).collect(),
        notified: notified.map(|row| row.name.clone()).collect(),
        containers: mirrored.iter().flat_map(|row| row.containers()).map(Container::from).collect(),
        control: CONTROL.into(),
        app_roles: app_roles(&mirrored),
    })
}

/// What is mirrored where no folder of functions says it: on the command line.
const WITHOUT_FUNCTIONS: [&str; 3] = ["devices", "users", "groups"];

/// The rows that have a function below the script root: everything that is done for "all resources" is done for these.
/// [`WITHOUT_FUNCTIONS`] if the script root is unknown or has no such function. Unknown names are skipped; those
/// functions fail by themselves.
pub fn mirrored(root: Option<&Path>) -> Vec<&'static Arc<Resource>> {
    let usual = |row: &&Arc<Resource>| WITHOUT_FUNCTIONS.contains(&&*row.name);
    functions_of(root).unwrap_or_else(|| catalogue::resources().iter().filter(usual).collect())
}

/// The rows that a caller may name: those that have a function, and all of the catalogue where no folder says it.
pub fn named(root: Option<&Path>) -> Vec<&'static Arc<Resource>> {
    functions_of(root).unwrap_or_else(|| catalogue::resources().iter().collect())
}

/// The rows that have a function below the script root, if there is one.
fn functions_of(root: Option<&Path>) -> Option<Vec<&'static Arc<Resource>>> {
    let names = resource_folders(root?).ok()?;
    Some(with_function(catalogue::resources(), &names)).filter(|rows| !rows.is_empty())
}

/// The rows whose function is among `names`, in the order of the catalogue.
fn with_function<'r>(rows: &'r [Arc<Resource>], names: &[String]) -> Vec<&'r Arc<Resource>> {
    let has_function =
        |row: &Arc<Resource>| names.iter().any(|name| name.strip_prefix(PREFIX) == Some(&*row.name));
    rows.iter().filter(|row| has_function(row)).collect()
}

/// The schedule of a timer function below the script root, if it can be read.
pub fn schedule(root: Option<&Path>, function: &str) -> Option<String> {
    let text = std::fs::read(root?.join(function).join("function.json")).ok()?;
    let function: serde_json::Value = serde_json::from_slice(&text).ok()?;
    let schedules =
        function["bindings"].as_array()?.iter().filter_map(|binding| binding["schedule"].as_str());
    schedules.map(str::to_owned).next()
}

/// The application permissions of these rows, each once, since two resources may need the same. What is read as a person
/// needs none.
fn app_roles(rows: &[&Arc<Resource>]) -> Vec<AppRole> {
    let mut roles: Vec<AppRole> = Vec::new();
    let as_app = rows.iter().filter(|row| !row.is_delegated());
    for permission in as_app.flat_map(|row| row.permissions()) {
        if roles.iter().all(|role| role.id != permission.app_role_id) {
            roles.push(AppRole { name: permission.name.clone(), id: permission.app_role_id.clone() });
        }
    }
    roles
}
