//! The identities: a tenant with a managed identity, app registrations and users.

use std::time::Duration;

use aws_lc_rs::digest;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

/// The audience of Cosmos DB data-plane tokens.
pub const COSMOS_AUDIENCE: &str = "https://cosmos.azure.com";

/// A way to be somebody: each has a client id and a token endpoint of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The identity of the platform.
    ManagedIdentity,
    /// An app registration, at Entra's token endpoint, with or without a user.
    AppRegistration,
    /// The user who is signed in to the Azure CLI.
    AzureCli,
    /// The user who is signed in to the Azure Developer CLI.
    AzureDeveloperCli,
}

/// Forms of `expires_on` that have been seen of managed-identity endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiresOn {
    /// Seconds since 1970 as text: App Service.
    Text,
    /// Seconds since 1970 as a number.
    Number,
    /// A date such as `11/26/2026 09:51:56 AM +00:00`: older App Service.
    Date,
}

/// Ids of a service principal.
#[derive(Clone, Debug)]
pub struct Principal {
    /// Claim `appid`; a request that names another client id is refused.
    pub client_id: String,
    /// Claim `oid`.
    pub object_id: String,
}

/// A person of the tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Claim `oid`, and the id of the user in Graph.
    pub object_id: String,
    /// Claims `upn` and `preferred_username`; what the user types to sign in.
    pub user_principal_name: String,
    /// Claim `name`.
    pub display_name: String,
}

impl User {
    /// Claim `sub`: who the user is for one app.
    pub(super) fn subject(&self, client_id: &str) -> String {
        let seen = format!("{}{client_id}", self.object_id);
        let hash = digest::digest(&digest::SHA256, seen.as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(hash)
    }
}

/// The identities; the defaults are made-up ids.
#[derive(Clone, Debug)]
pub struct Options {
    /// Claim `tid`.
    pub tenant_id: String,
    /// A domain name of the tenant, good in the place of its id.
    pub domain: String,
    /// The managed identity.
    pub managed_identity: Principal,
    /// The app registration of a confidential client.
    pub app_registration: Principal,
    /// The app registration of a public client: for signing in at a terminal.
    pub public_client: Principal,
    /// The Azure CLI, which is an app of Microsoft.
    pub azure_cli: Principal,
    /// Who can sign in. In a world, the first users of its tenant.
    pub users: Vec<User>,
    /// Claim `roles` of all tokens that are not for Cosmos DB.
    pub roles: Vec<String>,
    /// The delegated permissions to which the users have consented: what `.default` gives.
    pub delegated: Vec<String>,
    /// How long a token of Entra lives.
    pub lifetime: Duration,
    /// How long a token of the managed identity lives.
    pub managed_lifetime: Duration,
    /// The managed identity and the Azure CLIs give the same token again while it has more than five minutes to live.
    pub caches: bool,
    /// How the managed-identity endpoint writes when a token expires.
    pub expires_on: ExpiresOn,
    /// The body of every answer with a token, if it is not the usual one: `{token}`, `{seconds}` that it lives and `{end}`, in
    /// seconds since 1970, are filled in.
    pub wording: Option<String>,
    /// Seed of the random parts.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        let principal = |client_id: &str, object_id: &str| Principal {
            client_id: client_id.into(),
            object_id: object_id.into(),
        };
        Self {
            tenant_id: "11111111-2222-4333-8444-555555555555".into(),
            domain: "contoso.example".into(),
            managed_identity: principal(
                "66666666-7777-4888-9999-aaaaaaaaaaaa",
                "bbbbbbbb-cccc-4ddd-8eee-ffffffffffff",
            ),
            app_registration: principal(
                "77777777-8888-4999-8aaa-bbbbbbbbbbbb",
                "cccccccc-dddd-4eee-8fff-000000000000",
            ),
            public_client: principal(
                "88888888-9999-4aaa-8bbb-cccccccccccc",
                "eeeeeeee-ffff-4000-8111-222222222222",
            ),
            azure_cli: principal(
                "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
                "ffffffff-0000-4111-8222-333333333333",
            ),
            users: vec![User {
                object_id: "dddddddd-eeee-4fff-8000-111111111111".into(),
                user_principal_name: "adele@contoso.example".into(),
                display_name: "Adele Vance".into(),
            }],
            roles: ["User.Read.All", "Group.Read.All", "GroupMember.Read.All"].map(String::from).into(),
            delegated: ["User.Read", "User.Read.All", "Group.Read.All", "GroupMember.Read.All"]
                .map(String::from)
                .into(),
            lifetime: Duration::from_secs(3_600),
            managed_lifetime: Duration::from_secs(86_400),
            caches: true,
            expires_on: ExpiresOn::Text,
            wording: None,
            seed: 1,
        }
    }
}

impl Options {
    /// The body of an answer with this token, if it is not to be the usual one.
    pub(super) fn worded(&self, token: &str, end: i64) -> Option<String> {
        let seconds = end - time::OffsetDateTime::now_utc().unix_timestamp();
        let filled =
            self.wording.as_ref()?.replace("{token}", token).replace("{seconds}", &seconds.to_string());
        Some(filled.replace("{end}", &end.to_string()))
    }
}
