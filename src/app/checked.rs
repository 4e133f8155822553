//! The settings together with the catalogue: what the mirrored resources need.

use std::path::Path;
use std::sync::Arc;

use super::{cloud, deployment};
use crate::catalogue::{self, Resource};
use crate::settings::{Problems, Settings};

/// Loads the catalogue with the rows in a functions folder. Call it before any code uses the catalogue.
///
/// # Errors
/// All faults of the files, one line each.
pub fn load_catalogue(functions: Option<&Path>) -> Result<(), Vec<String>> {
    catalogue::load(functions)
}

/// The resources of the catalogue.
pub fn resources() -> &'static [Arc<Resource>] {
    catalogue::resources()
}

/// The settings, if they have what the rows of the mirrored resources need.
///
/// # Errors
/// As [`Settings::for_serve`].
pub fn checked(settings: Result<Settings, Problems>) -> Result<Settings, Problems> {
    let settings = settings?;
    let mirrored = deployment::mirrored(settings.functions.as_deref());
    let hashing = mirrored.iter().find(|row| !row.hash.is_empty()).map(|row| &*row.name);
    let cloud = settings.cloud;
    let lacking = mirrored.iter().filter_map(|row| cloud::lacks(cloud, row));
    settings.for_rows(hashing, lacking)
}
