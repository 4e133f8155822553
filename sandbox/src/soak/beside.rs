//! What a history may mirror besides users and groups: a list, a collection that is read by time, mailboxes and drives. Each
//! one is drawn from a seed of its own.

use std::path::Path;

use anyhow::{Context as _, Result};
use fastrand::Rng;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::product;

/// Feeds of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beside {
    /// Read as a whole with each turn.
    List,
    /// Read by time.
    Window,
    /// Mail folders of users and messages of mail folders: partial updates, a feed for each parent.
    Mail,
    /// Items of drives of sites: a list below parents, and removals as a facet.
    Drives,
}

impl Beside {
    pub(super) const ALL: [Self; 4] = [Self::List, Self::Window, Self::Mail, Self::Drives];

    /// Those that a history has. Mailboxes and drives are many feeds, so that few histories have them.
    pub(super) fn of(seed: u64) -> Vec<Self> {
        let has = |one: &Self| {
            let one_in = match one {
                Self::List | Self::Window => 3,
                Self::Mail => 5,
                Self::Drives => 8,
            };
            one.random(seed).u8(..one_in) == 0
        };
        Self::ALL.into_iter().filter(has).collect()
    }

    /// Its collections with the objects that a tenant begins with, parents first.
    pub(super) fn objects(self) -> &'static [(&'static str, usize)] {
        match self {
            Self::List => &[("roleDefinitions", 6)],
            Self::Window => &[("signIns", 6)],
            Self::Mail => &[("mailFolders", 3), ("messages", 6)],
            Self::Drives => &[("sites", 2), ("drives", 2), ("driveItems", 5)],
        }
    }

    /// The feeds that are run one after the other, so that what lies below others sees them.
    pub(super) fn feeds(self) -> impl Iterator<Item = &'static str> {
        let above = (self == Self::Mail).then_some("users");
        above.into_iter().chain(self.objects().iter().map(|(name, _)| *name))
    }

    /// The seed of what happens to it in a history.
    pub(super) fn random(self, seed: u64) -> Rng {
        Rng::with_seed(seed ^ 0xd6e8_feb8_6659_fd93_u64.wrapping_mul(1 + self as u64))
    }
}

/// A staged folder that has the functions of everything that a history may mirror.
///
/// # Errors
/// When it cannot be written.
pub fn staged(root: &Path) -> Result<TempDir> {
    let names = Beside::ALL.iter().flat_map(|beside| beside.objects()).map(|(name, _)| *name);
    let folder = product::with_resources(root, &names.collect::<Vec<_>>())?;
    let choose = |name: &str, row: Value| {
        std::fs::write(folder.path().join(format!("sync_{name}/resource.json")), row.to_string())
    };
    for (name, _) in Beside::Mail.objects() {
        choose(name, json!({"parents": {"users": "all"}}))?;
    }
    // Each range of a day is a request, and thirty of them would be most of a history.
    let row = Path::new(env!("CARGO_MANIFEST_DIR")).join("../catalogue/signIns.json");
    let row: Value = serde_json::from_slice(&std::fs::read(row).context("reading a row")?)?;
    let mut window = row["window"].clone();
    window["retentionDays"] = 3.into();
    choose("signIns", json!({ "window": window }))?;
    Ok(folder)
}
