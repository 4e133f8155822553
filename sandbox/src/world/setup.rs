//! How a world begins: what there is, and who the handler is in it.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use super::Credential;
use crate::cosmos::Options as CosmosOptions;
use crate::identity::{Entra, Identity, Tools};

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
    /// Links in a slice.
    pub slice: usize,
    /// Seed of everything that is random.
    pub seed: u64,
    /// Objects per page.
    pub page_size: usize,
    /// Who the handler is towards Graph.
    pub graph_as: Credential,
    /// Who it is towards Cosmos.
    pub cosmos_as: Credential,
    /// Settings of the handler besides the addresses of the world; they win.
    pub settings: Vec<(String, String)>,
    /// The crash with which the host gives up.
    pub crash_limit: Option<u32>,
    /// The account has no database yet.
    pub empty_account: bool,
    /// Change notifications are on.
    pub notified: bool,
    /// What the Cosmos account is like.
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
            slice: 20,
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

/// The settings that turn notifications on, so that they go to `front`.
pub(super) fn notified(front: &TcpListener) -> std::io::Result<[(String, String); 2]> {
    let url = format!("http://{}/api/notifications", front.local_addr()?);
    let settings = [("NOTIFICATION_URL", url), ("NOTIFICATION_SECRET", NOTIFICATION_SECRET.to_owned())];
    Ok(settings.map(|(name, value)| (name.to_owned(), value)))
}
