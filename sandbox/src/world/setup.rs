//! How a world begins: what there is, and who the handler is in it.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Credential;
use crate::cosmos::Options as CosmosOptions;
use crate::graph::{Row, Tenant, with, with_groups};
use crate::identity::{Entra, Identity, Options as IdentityOptions, Tools};

/// What client states are made with here.
pub const NOTIFICATION_SECRET: &str = "sandbox-notification-secret-of-some-length";

/// How a world begins.
#[derive(Debug)]
pub struct Setup {
    /// The staged folder.
    pub root: PathBuf,
    /// Living users of the tenant.
    pub users: usize,
    /// Groups of the tenant; with any, users have managers too, and both feeds are turned.
    pub groups: usize,
    /// Objects of other collections by the name of their row, such as 30 of `devices`; they come to be in this order, and
    /// a feed among them is turned if its function is staged.
    pub objects: Vec<(&'static str, usize)>,
    /// Seed of everything that is random.
    pub seed: u64,
    /// Objects per page.
    pub page_size: usize,
    /// The identity of the handler towards Graph.
    pub graph_as: Credential,
    /// Its identity towards Cosmos.
    pub cosmos_as: Credential,
    /// Settings of the handler besides the addresses of the world; they win.
    pub settings: Vec<(String, String)>,
    /// The crash with which the host gives up.
    pub crash_limit: Option<u32>,
    /// The account has no database yet.
    pub empty_account: bool,
    /// Change notifications are on.
    pub notified: bool,
    /// The properties of the Cosmos account.
    pub cosmos: CosmosOptions,
    /// Graph and Cosmos have a face of TLS each.
    pub tls: bool,
    /// How long a token of the managed identity lives, if it is not a day.
    pub managed_token_life: Option<Duration>,
}

impl Setup {
    /// A small world around a staged folder.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        let settings = vec![("LEASE_SECONDS".into(), "3".into()), ("DOUBT_MINUTES".into(), "0.02".into())];
        Self {
            root: root.into(),
            users: 50,
            groups: 0,
            objects: Vec::new(),
            seed: 1,
            page_size: 20,
            graph_as: Credential::ManagedIdentity,
            cosmos_as: Credential::ManagedIdentity,
            settings,
            crash_limit: None,
            empty_account: false,
            notified: false,
            cosmos: CosmosOptions::default(),
            tls: false,
            managed_token_life: None,
        }
    }

    /// With so many objects of each feed that is staged, besides users and groups.
    #[must_use]
    pub fn of_every_feed(mut self, count: usize) -> Self {
        let others = staged(&self.root).filter(|feed| !["users", "groups"].contains(feed));
        self.objects = others.map(|feed| (feed, count)).collect();
        self
    }

    /// The tenant that this begins with.
    pub(super) fn tenant(&self) -> Tenant {
        let mut tenant = Tenant::seeded(self.users, self.seed);
        if self.groups > 0 {
            tenant = with_groups(tenant, self.groups);
        }
        self.objects.iter().fold(tenant, |tenant, (name, count)| with(tenant, name, *count))
    }

    /// The feeds that are turned: those that are staged, `users` and whichever has objects.
    pub(super) fn feeds(&self, tenant: &Tenant) -> Vec<&'static str> {
        let has_objects = |feed: &&str| *feed == "users" || tenant.collection(feed).position() > 0;
        staged(&self.root).filter(has_objects).collect()
    }

    /// With one more setting.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.retain(|(other, _)| other != name);
        self.settings.push((name.into(), value.into()));
        self
    }

    /// The front of the host, if notifications go there.
    pub(super) fn front(&self) -> std::io::Result<Option<TcpListener>> {
        self.notified.then(|| TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).transpose()
    }

    /// The settings that say who the handler is. The platform's identity and a client secret for both are found without a
    /// name.
    pub(super) fn who(&self, identity: &Identity, entra: &Entra, tools: &Tools) -> Vec<(String, String)> {
        let (graph, cosmos) = (self.graph_as, self.cosmos_as);
        let mut settings = graph.settings(identity, entra, tools);
        for (name, value) in cosmos.settings(identity, entra, tools) {
            // The client id of a public client is Graph's alone.
            if settings.iter().all(|(other, _)| *other != name) {
                settings.push((name, value));
            }
        }
        let is_found = matches!(graph, Credential::ManagedIdentity | Credential::ClientSecret);
        if graph != cosmos || !is_found {
            settings.push(("GRAPH_CREDENTIAL".into(), graph.name().into()));
            settings.push(("COSMOS_CREDENTIAL".into(), cosmos.name().into()));
        }
        settings
    }
}

/// The collections whose function is in a staged folder, in the order of the rows.
fn staged(root: &Path) -> impl Iterator<Item = &'static str> {
    let is_staged = |row: &&Row| root.join(format!("sync_{}", row.name)).is_dir();
    Row::all().filter(is_staged).map(|row| row.name.as_str())
}

/// Tokens may read users, groups and devices, and whatever is staged with what is above it, and may subscribe to it.
pub(super) fn grant_feeds(root: &Path, options: &mut IdentityOptions) {
    let rows = staged(root).chain(["users", "groups", "devices"]).map(Row::of);
    let rows = rows.flat_map(|row| row.parents().into_iter().chain([row]));
    let needed = rows.flat_map(|row| row.readers.first().into_iter().chain(row.subscription_permission()));
    for reader in needed {
        for granted in [&mut options.roles, &mut options.delegated] {
            if !granted.contains(reader) {
                granted.push(reader.clone());
            }
        }
    }
}

/// The settings that turn notifications on, so that they go to `front`.
pub(super) fn notified(front: &TcpListener) -> std::io::Result<[(String, String); 2]> {
    let url = format!("http://{}/api/notifications", front.local_addr()?);
    let settings = [("NOTIFICATION_URL", url), ("NOTIFICATION_SECRET", NOTIFICATION_SECRET.to_owned())];
    Ok(settings.map(|(name, value)| (name.to_owned(), value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_is_turned_when_its_function_is_staged_and_its_collection_has_objects() {
        let root = tempfile::tempdir().unwrap();
        let feeds = |functions: &[&str], setup: Setup| {
            for name in functions {
                std::fs::create_dir_all(root.path().join(name)).unwrap();
            }
            setup.feeds(&setup.tenant())
        };
        let setup = || Setup { users: 3, ..Setup::new(root.path()) };
        assert_eq!(feeds(&["sync_groups", "sync_users", "status"], setup()), ["users"]);
        assert_eq!(feeds(&[], Setup { groups: 1, ..setup() }), ["users", "groups"]);
        let objects = vec![("devices", 2), ("domains", 2), ("messages", 2)];
        assert_eq!(feeds(&[], Setup { objects: objects.clone(), ..setup() }), ["users"]);
        assert_eq!(feeds(&["sync_devices", "sync_domains", "sync_messages"], setup()), ["users"]);
        assert_eq!(feeds(&[], Setup { objects, ..setup() }), ["users", "devices", "messages", "domains"]);
        assert_eq!(feeds(&[], setup().of_every_feed(2)), ["users", "devices", "messages", "domains"]);
    }
}
