//! The chapters about other resources: a deployment with functions that `graph-mirror add` wrote, in a world of its own.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use crate::graph::Tenant;
use crate::host::Fire;
use crate::product;
use crate::world::{REQUESTED_QUEUE, Setup, WORK_QUEUE, World, sentence};

/// What is added to users, groups and devices, parents first. Mail has to be chosen.
const ADDED: [(&str, &[&str]); 11] = [
    ("mailFolders", &["--all"]),
    ("messages", &["--all"]),
    ("sites", &[]),
    ("drives", &[]),
    ("driveItems", &[]),
    ("namedLocations", &[]),
    ("signIns", &[]),
    ("applications", &[]),
    ("servicePrincipals", &[]),
    ("appRoleAssignments", &[]),
    ("roleAssignments", &[]),
];
/// Objects of each of them that the tenant has.
const OBJECTS: usize = 3;

/// The world of these chapters, and its folder.
pub struct Catalogue {
    /// The world.
    pub world: World,
    _folder: tempfile::TempDir,
}

impl Catalogue {
    /// Adds the resources to a copy of a deployable folder, and starts a world that runs it.
    ///
    /// # Errors
    /// When a resource cannot be added, or the world not be started.
    pub async fn start(root: &Path, seed: u64) -> Result<Self> {
        let folder = product::with_resources(root, &[])?;
        for (resource, choice) in ADDED {
            let mut add = Command::new(folder.path().join(stage::EXECUTABLE));
            add.env_clear().args(["add", resource, "--functions"]).arg(folder.path()).args(choice);
            let added = add.output().context("graph-mirror add")?;
            ensure!(added.status.success(), "{resource}: {}", String::from_utf8_lossy(&added.stderr));
        }
        let setup =
            Setup { users: 6, groups: 2, seed, ..Setup::new(folder.path()).set("DOUBT_MINUTES", "0") };
        let world = World::start(setup.of_every_feed(OBJECTS)).await?;
        Ok(Self { world, _folder: folder })
    }

    /// The first copy: each timer, and what it queues for each parent.
    pub async fn first_copy(&self) -> Result<String> {
        let all = ["users", "groups", "devices"].into_iter().chain(ADDED.map(|(name, _)| name));
        for resource in all {
            let fire = Fire { attempts: Some(1), ..Fire::default() };
            sentence(self.world.host.fire(&format!("sync_{resource}"), fire).await?.last())?;
            for attempt in self.world.host.pump(WORK_QUEUE).await? {
                sentence(&attempt)?;
            }
        }
        self.count(&["messages", "driveItems", "signIns", "appRoleAssignments"]).await
    }

    /// A message moves and is read, another one goes; a mailbox goes with its user.
    pub async fn mail(&self) -> Result<String> {
        self.world.graph.tenant(|tenant| {
            let messages = tenant.ids("messages");
            tenant.change("messages", &messages[0], json!({"isRead": true}));
            tenant.purge("messages", &messages[1]);
            let folder = tenant.ids("mailFolders").swap_remove(0);
            let user = owner(tenant, &folder);
            tenant.create_under("messages", &[&user, &folder]);
        });
        self.refresh(&["mailFolders", "messages"]).await
    }

    /// A file is deleted: the drive tells it by a facet.
    pub async fn drives(&self) -> Result<String> {
        self.world.graph.tenant(|tenant| {
            let items = tenant.ids("driveItems");
            tenant.change("driveItems", &items[0], json!({"name": "Minutes, approved.docx"}));
            tenant.purge("driveItems", &items[1]);
        });
        self.refresh(&["drives", "driveItems"]).await
    }

    /// A list that Graph has no delta query for loses an object.
    pub async fn list(&self) -> Result<String> {
        self.refresh(&["namedLocations"]).await?;
        self.world.cosmos.reset_log();
        self.world.graph.tenant(|tenant| {
            let gone = tenant.ids("namedLocations").swap_remove(0);
            tenant.purge("namedLocations", &gone);
        });
        let said = self.refresh(&["namedLocations"]).await?;
        let written = self.world.document_writes().len();
        ensure!(written == 1, "{written} documents were written for one that went");
        Ok(format!("one document written, its tombstone; {said}"))
    }

    /// Sign-ins are read by their time; one of them comes late.
    pub async fn window(&self) -> Result<String> {
        self.world.graph.tenant(|tenant| {
            tenant.create("signIns");
            tenant.create_ago("signIns", 30);
        });
        self.refresh(&["signIns"]).await
    }

    /// What a security team looks at.
    pub async fn security(&self) -> Result<String> {
        self.world.graph.tenant(|tenant| {
            let application = tenant.ids("applications").swap_remove(0);
            tenant.change("applications", &application, json!({"displayName": "Payroll, renamed"}));
            let assignment = tenant.ids("roleAssignments").swap_remove(0);
            tenant.purge("roleAssignments", &assignment);
        });
        self.refresh(&[
            "devices",
            "applications",
            "servicePrincipals",
            "appRoleAssignments",
            "roleAssignments",
        ])
        .await
    }

    /// Asks for all of a resource, one after the other, as a person does; the sentence about the last one.
    async fn refresh(&self, resources: &[&str]) -> Result<String> {
        let mut last = String::new();
        for resource in resources {
            let reply = self.world.call("POST", &format!("/api/refresh/{resource}"), "").await?;
            ensure!(reply.status < 300, "{resource}: the refresh answered {}: {}", reply.status, reply.body);
            last = format!("{resource}: {}", reply.body["outcome"].as_str().unwrap_or_default());
            let turns = self.world.host.pump(REQUESTED_QUEUE).await?;
            for turn in &turns {
                sentence(turn)?;
            }
            if !turns.is_empty() {
                last = format!("{last}, and {} parents looked at", turns.len());
            }
        }
        Ok(last)
    }

    async fn count(&self, containers: &[&str]) -> Result<String> {
        let mut counts = Vec::new();
        for container in containers {
            counts.push(format!("{} {container}", self.world.cosmos.documents(container).await.len()));
        }
        Ok(counts.join(", "))
    }
}

/// The user in whose mailbox a folder is.
fn owner(tenant: &Tenant, folder: &str) -> String {
    let users = tenant.ids("users");
    let has = |user: &&String| tenant.ids_under("mailFolders", &[user]).iter().any(|one| one == folder);
    users.iter().find(has).cloned().unwrap_or_default()
}
