//! Who there is: a tenant with a managed identity and an app registration.

use std::time::Duration;

/// A way to be somebody: each has a client id and a token endpoint of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The identity of the platform.
    ManagedIdentity,
    /// An app registration with a client secret.
    AppRegistration,
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

/// Who there is; the defaults are made-up ids.
#[derive(Clone, Debug)]
pub struct Options {
    /// Claim `tid`.
    pub tenant_id: String,
    /// The managed identity.
    pub managed_identity: Principal,
    /// The app registration.
    pub app_registration: Principal,
    /// Who can sign in. In a world, the first users of its tenant.
    pub users: Vec<User>,
    /// Claim `roles` of all tokens that are not for Cosmos DB.
    pub roles: Vec<String>,
    /// How long a token lives.
    pub lifetime: Duration,
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
            managed_identity: principal(
                "66666666-7777-4888-9999-aaaaaaaaaaaa",
                "bbbbbbbb-cccc-4ddd-8eee-ffffffffffff",
            ),
            app_registration: principal(
                "77777777-8888-4999-8aaa-bbbbbbbbbbbb",
                "cccccccc-dddd-4eee-8fff-000000000000",
            ),
            users: vec![User {
                object_id: "dddddddd-eeee-4fff-8000-111111111111".into(),
                user_principal_name: "adele@contoso.example".into(),
                display_name: "Adele Vance".into(),
            }],
            roles: ["User.Read.All", "Group.Read.All", "GroupMember.Read.All"].map(String::from).into(),
            lifetime: Duration::from_secs(86_400),
            seed: 1,
        }
    }
}

impl Options {
    pub(super) fn principal(&self, kind: Kind) -> &Principal {
        match kind {
            Kind::ManagedIdentity => &self.managed_identity,
            Kind::AppRegistration => &self.app_registration,
        }
    }
}
