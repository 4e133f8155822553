//! The managed-identity endpoint of App Service, over loopback http.
//!
//! It promises the wire form of <https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference>
//! and that a token is good for one audience until it expires or is revoked; the Graph and Cosmos fakes ask
//! [`Identity::check`]. Tokens look like JWTs, but nobody may verify the signature: it is random, and a token is known by
//! being registered here. Left out: system- and user-assigned identities side by side (there is one identity).

mod wire;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, routing::get};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::json;
use time::OffsetDateTime;

use crate::{
    loopback::{Loopback, Server},
    script::{Faults, Matches, Rule, lock},
};

/// The audience of Cosmos DB data-plane tokens.
pub const COSMOS_AUDIENCE: &str = "https://cosmos.azure.com";

/// Who the identity is; the defaults are made-up ids.
#[derive(Clone, Debug)]
pub struct Options {
    /// Claim `tid`.
    pub tenant_id: String,
    /// Claim `appid`; a request that names another client id is refused.
    pub client_id: String,
    /// Claim `oid`.
    pub object_id: String,
    /// Claim `roles` of all tokens that are not for Cosmos DB.
    pub roles: Vec<String>,
    /// How long a token lives.
    pub lifetime: Duration,
    /// Seed of the random parts.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tenant_id: "11111111-2222-4333-8444-555555555555".into(),
            client_id: "66666666-7777-4888-9999-aaaaaaaaaaaa".into(),
            object_id: "bbbbbbbb-cccc-4ddd-8eee-ffffffffffff".into(),
            roles: ["User.Read.All", "Group.Read.All", "GroupMember.Read.All"].map(String::from).into(),
            lifetime: Duration::from_secs(86_400),
            seed: 1,
        }
    }
}

/// What a token says.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims {
    /// The resource it was asked for, without a slash at the end.
    pub audience: String,
    /// The application roles.
    pub roles: Vec<String>,
    /// Seconds since 1970.
    pub expires_on: i64,
}

/// Why a token is not good.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Refusal {
    /// Nobody issued it, or it was revoked.
    Unknown,
    /// It was issued for something else.
    Audience,
    /// Its time is over.
    Expired,
}

/// A way to fail a token request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Answers with this status and an error body.
    Status(u16),
    /// Never answers.
    Hang,
}

/// Any token request.
#[derive(Clone, Debug)]
struct Any;

impl Matches<()> for Any {
    fn fits(&self, (): &()) -> bool {
        true
    }
}

struct Inner {
    options: Mutex<Options>,
    secret: String,
    faults: Faults<Any, Fault>,
    issued: Mutex<Issued>,
}

struct Issued {
    random: fastrand::Rng,
    tokens: HashMap<String, Claims>,
    requests: BTreeMap<String, usize>,
}

/// The running endpoint. Clones are handles to the same one.
#[derive(Clone)]
pub struct Identity {
    inner: Arc<Inner>,
    server: Server,
}

impl Identity {
    /// Starts the endpoint on a port of its own.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let loopback = Loopback::bind().await?;
        let mut random = fastrand::Rng::with_seed(options.seed);
        let secret = format!("{:032X}", random.u128(..));
        let issued = Issued { random, tokens: HashMap::new(), requests: BTreeMap::new() };
        let inner = Arc::new(Inner {
            options: options.into(),
            secret,
            faults: Faults::default(),
            issued: issued.into(),
        });
        let router = Router::new().route("/msi/token", get(wire::token)).with_state(Arc::clone(&inner));
        Ok(Self { inner, server: loopback.serve(router) })
    }

    /// The environment that App Service would give to the app.
    pub fn env(&self) -> [(&'static str, String); 2] {
        [("IDENTITY_ENDPOINT", self.endpoint()), ("IDENTITY_HEADER", self.inner.secret.clone())]
    }

    /// The address of the token endpoint.
    pub fn endpoint(&self) -> String {
        format!("{}/msi/token", self.server.origin())
    }

    /// Claim `tid` of the tokens.
    pub fn tenant_id(&self) -> String {
        lock(&self.inner.options).tenant_id.clone()
    }

    /// Claim `appid` of the tokens.
    pub fn client_id(&self) -> String {
        lock(&self.inner.options).client_id.clone()
    }

    /// Says whether the token is good for the audience now.
    pub fn accepts(&self, token: &str, audience: &str) -> bool {
        self.check(token, audience).is_ok()
    }

    /// The claims of a token that is good for the audience now, or why it is not good.
    pub fn check(&self, token: &str, audience: &str) -> Result<Claims, Refusal> {
        let claims = lock(&self.inner.issued).tokens.get(token).cloned().ok_or(Refusal::Unknown)?;
        if claims.audience != audience.trim_end_matches('/') {
            return Err(Refusal::Audience);
        }
        match claims.expires_on > OffsetDateTime::now_utc().unix_timestamp() {
            true => Ok(claims),
            false => Err(Refusal::Expired),
        }
    }

    /// A fresh token without the wire, for tests of the fakes themselves. Not counted as a request.
    pub fn issue(&self, resource: &str) -> String {
        self.inner.issue(resource).0
    }

    /// From now on, tokens live so long.
    pub fn set_lifetime(&self, lifetime: Duration) {
        lock(&self.inner.options).lifetime = lifetime;
    }

    /// From now on, tokens carry these roles. Those already issued keep theirs, as in Entra.
    pub fn set_roles(&self, roles: &[&str]) {
        lock(&self.inner.options).roles = roles.iter().map(ToString::to_string).collect();
    }

    /// The next `times` token requests fail so.
    pub fn fail(&self, times: usize, fault: Fault) {
        self.inner.faults.push(Rule { when: Any, times, fault });
    }

    /// All tokens issued so far stop being good.
    pub fn revoke_all(&self) {
        lock(&self.inner.issued).tokens.clear();
    }

    /// How many token requests there were, failed ones included.
    pub fn requests(&self) -> usize {
        lock(&self.inner.issued).requests.values().sum()
    }

    /// How many token requests there were for this resource, failed ones included.
    pub fn requests_for(&self, resource: &str) -> usize {
        lock(&self.inner.issued).requests.get(resource.trim_end_matches('/')).copied().unwrap_or(0)
    }
}

impl Inner {
    fn issue(&self, resource: &str) -> (String, Claims) {
        let options = lock(&self.options).clone();
        let audience = resource.trim_end_matches('/').to_owned();
        let roles = if audience == COSMOS_AUDIENCE { Vec::new() } else { options.roles.clone() };
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let expires_on = now + i64::try_from(options.lifetime.as_secs()).unwrap_or(i64::MAX / 2);
        let claims = Claims { audience, roles, expires_on };

        let mut issued = lock(&self.issued);
        let payload = json!({
            "aud": resource, "iss": format!("https://sts.windows.net/{}/", options.tenant_id), "iat": now, "nbf": now,
            "exp": claims.expires_on, "appid": options.client_id, "idtyp": "app", "oid": options.object_id,
            "roles": claims.roles, "tid": options.tenant_id, "uti": format!("{:032x}", issued.random.u128(..)), "ver": "1.0",
            "jti": format!("{:032x}", issued.random.u128(..)),
        });
        let header = json!({"typ": "JWT", "alg": "RS256", "kid": "sandbox"});
        let signature = issued.random.u128(..).to_be_bytes();
        let part = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let (header, payload) = (part(header.to_string().as_bytes()), part(payload.to_string().as_bytes()));
        let token = format!("{header}.{payload}.{}", part(&signature));
        issued.tokens.insert(token.clone(), claims.clone());
        (token, claims)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    async fn ask(identity: &Identity, query: &str, secret: Option<&str>) -> (u16, Value) {
        let mut request = reqwest::Client::new().get(format!("{}?{query}", identity.endpoint()));
        if let Some(secret) = secret {
            request = request.header("X-IDENTITY-HEADER", secret);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
    }

    #[tokio::test]
    async fn a_token_is_good_for_its_audience_until_it_is_revoked() {
        let identity = Identity::start(Options::default()).await.unwrap();
        let [_, (_, secret)] = identity.env();
        let (status, body) =
            ask(&identity, "api-version=2019-08-01&resource=https://cosmos.azure.com", Some(&secret)).await;
        let token = body["access_token"].as_str().unwrap();
        assert_eq!((status, token.split('.').count()), (200, 3));
        assert!(body["expires_on"].as_str().unwrap().parse::<i64>().is_ok());
        assert!(identity.accepts(token, COSMOS_AUDIENCE));
        assert_eq!(identity.check(token, "https://graph.microsoft.com"), Err(Refusal::Audience));
        identity.revoke_all();
        assert_eq!(identity.check(token, COSMOS_AUDIENCE), Err(Refusal::Unknown));
        assert_eq!((identity.requests(), identity.requests_for(COSMOS_AUDIENCE)), (1, 1));
    }

    #[tokio::test]
    async fn requests_that_app_service_would_refuse_are_refused() {
        let identity = Identity::start(Options::default()).await.unwrap();
        let [_, (_, secret)] = identity.env();
        let good = "api-version=2019-08-01&resource=x";
        assert_eq!(ask(&identity, good, None).await.0, 400);
        assert_eq!(ask(&identity, good, Some("wrong")).await.0, 401);
        assert_eq!(ask(&identity, "resource=x", Some(&secret)).await.0, 400);
        assert_eq!(ask(&identity, "api-version=2019-08-01", Some(&secret)).await.0, 400);
        assert_eq!(ask(&identity, &format!("{good}&client_id=other"), Some(&secret)).await.0, 400);
        assert_eq!(
            ask(&identity, &format!("{good}&client_id={}", identity.client_id()), Some(&secret)).await.0,
            200
        );
    }

    #[tokio::test]
    async fn it_fails_as_told_and_its_tokens_expire() {
        let identity = Identity::start(Options::default()).await.unwrap();
        let [_, (_, secret)] = identity.env();
        identity.fail(1, Fault::Status(500));
        assert_eq!(ask(&identity, "api-version=2019-08-01&resource=x", Some(&secret)).await.0, 500);
        identity.set_lifetime(Duration::ZERO);
        assert_eq!(identity.check(&identity.issue("x"), "x"), Err(Refusal::Expired));
        identity.set_lifetime(Duration::from_secs(60));
        identity.set_roles(&["Group.Read.All"]);
        assert_eq!(identity.check(&identity.issue("x"), "x").unwrap().roles, ["Group.Read.All"]);
    }
}
