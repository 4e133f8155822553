//! The demo: the main job, as a story against the world of this crate.
//!
//! It promises to fail when it should: every chapter ends by comparing the copy with the tenant as it was
//! seeded and changed (not as it was served), and one difference anywhere makes the exit code 1.

mod catalogue;
mod change;
mod chapters;
mod notified;
mod report;
mod teller;
mod trouble;

pub use report::{Chapter, Report};
pub use teller::Teller;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;

use crate::cosmos::Sabotage;
use crate::product;
use crate::world::{Setup, World};

/// Seconds of a lease: long enough for a machine that is busy with other things, short enough to wait for when
/// a handler freezes.
const LEASE: &str = "6";

/// The options of the demo.
#[derive(Debug, Clone)]
pub struct Options {
    /// Living users of the tenant.
    pub users: usize,
    /// Seed of the tenant and of the story.
    pub seed: u64,
    /// Damage on the way to Cosmos, to see that the demo notices it.
    pub sabotage: Option<Sabotage>,
    /// The deployable folder that the host runs; none for that in which this program lies, or to have the product built
    /// and staged.
    pub folder: Option<PathBuf>,
}

/// The end of the story, and its world, still running.
pub struct Outcome {
    /// Its result.
    pub report: Report,
    /// The world.
    pub world: World,
    /// The product that was built and staged for the host; gone with this.
    pub staged: Option<tempfile::TempDir>,
}

/// Tells the story with the folder that is named, or else that in which this program lies, or else the product that it
/// builds and stages in this profile.
///
/// # Errors
/// When the world cannot be built; a story that goes wrong is a [`Report`] that is not equal.
pub async fn run(options: &Options, teller: &Teller) -> Result<Outcome> {
    let folder = match &options.folder {
        Some(folder) => Some(folder.clone()),
        None => product::beside()?,
    };
    let (folder, staged) = match folder {
        Some(folder) => (folder, None),
        None => {
            teller.say("building the product");
            let staged = product::staged()?;
            (staged.path().to_owned(), Some(staged))
        }
    };
    let started = Instant::now();
    let root = folder.clone();
    let setup = Setup {
        users: options.users,
        groups: options.users / 50,
        seed: options.seed,
        page_size: chapters::PAGE,
        notified: true,
        ..Setup::new(folder).set("LEASE_SECONDS", LEASE).set("RELOOK_SECONDS", "1")
    };
    let setup = setup.of_every_feed(options.users / 20);
    let world = World::start(setup).await?;
    if let Some(sabotage) = options.sabotage {
        world.cosmos.sabotage(sabotage);
    }
    let mut report = chapters::tell(&world, &root, options, teller).await;
    report.finish(&world, started.elapsed()).await?;
    Ok(Outcome { report, world, staged })
}
