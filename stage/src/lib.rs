//! The one staging routine: from the repository's layout to a folder that an Azure Functions host can run.
//!
//! The repository keeps its functions under `functions/`; the host looks for them directly under its script
//! root and nowhere else. [`stage`] flattens that one level, adds `host.json` and the executable, and
//! replaces what an earlier staging left. [`build`] asks cargo for the executable. The demo, the tests, `func
//! start`, `azd` and the release zip all go through here, so there is one answer to "what is deployed".
//!
//! [`pack`] puts a staged folder into a zip for a release.
//!
//! Left out on purpose: settings (`local.settings.json` never leaves a developer's machine), and any change to the
//! files; they are copied byte for byte.

mod build;
mod folder;
mod pack;

pub use build::{Build, PORTABLE, Purpose, build};
pub use folder::{EXECUTABLE, Plan, stage};
pub use pack::pack;
