//! The product as the sandbox runs it: built in our own profile, and staged by the one routine.

use std::path::Path;

use anyhow::{Context as _, Result};

/// Builds the product and stages it into a folder that is gone with the handle.
///
/// # Errors
/// When it cannot be built or staged.
pub fn staged() -> Result<tempfile::TempDir> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = root.parent().context("the sandbox lies in the repository")?;
    let purpose = if cfg!(debug_assertions) { stage::Purpose::Dev } else { stage::Purpose::Release };
    let binary = stage::build(&stage::Build { root, purpose }).context("building the product")?;
    let staged = tempfile::tempdir().context("a folder for the staged product")?;
    stage::stage(&stage::Plan { source: root, binary: &binary, into: staged.path() })?;
    Ok(staged)
}
