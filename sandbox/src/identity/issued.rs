//! The tokens that were issued, and how often somebody asked. Plain data.

use std::collections::{BTreeMap, HashMap};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{COSMOS_AUDIENCE, Kind, Options, Principal, User};

/// What a token says.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims {
    /// The resource it was asked for, without a slash at the end.
    pub audience: String,
    /// The client id of the app that asked, claim `appid` or `azp`.
    pub app_id: String,
    /// The application roles; none in a delegated token.
    pub roles: Vec<String>,
    /// The delegated permissions, claim `scp`; none in a token of an app without a user.
    pub scopes: Vec<String>,
    /// The object id of the signed-in user, claim `oid` of a delegated token.
    pub user: Option<String>,
    /// Seconds since 1970.
    pub expires_on: i64,
}

/// What a token is to be for.
#[derive(Clone, Debug)]
pub(super) struct Wanted<'a> {
    /// The resource, as it was asked for.
    pub resource: &'a str,
    /// The app that asks.
    pub app: &'a Principal,
    /// Who is signed in, and what the app may do for that user; nobody in a token of the app itself.
    pub user: Option<(&'a User, &'a [String])>,
}

/// The registry.
pub(super) struct Issued {
    random: fastrand::Rng,
    tokens: HashMap<String, Claims>,
    requests: BTreeMap<(Kind, String), usize>,
}

impl Issued {
    pub fn new(seed: u64) -> Self {
        Self { random: fastrand::Rng::with_seed(seed), tokens: HashMap::new(), requests: BTreeMap::new() }
    }

    pub fn random(&mut self) -> u128 {
        self.random.u128(..)
    }

    pub fn claims(&self, token: &str) -> Option<Claims> {
        self.tokens.get(token).cloned()
    }

    pub fn tokens(&self) -> Vec<String> {
        self.tokens.keys().cloned().collect()
    }

    pub fn revoke(&mut self, which: impl Fn(&Claims) -> bool) {
        self.tokens.retain(|_, claims| !which(claims));
    }

    pub fn count(&mut self, kind: Kind, audience: &str) {
        *self.requests.entry((kind, audience.to_owned())).or_default() += 1;
    }

    pub fn requests(&self, which: impl Fn(Kind, &str) -> bool) -> usize {
        self.requests
            .iter()
            .filter(|((kind, audience), _)| which(*kind, audience))
            .map(|(_, count)| count)
            .sum()
    }

    /// A new token, known from now on.
    pub fn issue(&mut self, options: &Options, wanted: &Wanted<'_>) -> (String, Claims) {
        let audience = wanted.resource.trim_end_matches('/').to_owned();
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let expires_on = now + i64::try_from(options.lifetime.as_secs()).unwrap_or(i64::MAX / 2);
        let app_id = wanted.app.client_id.clone();
        let tenant = &options.tenant_id;
        let mut payload = json!({
            "aud": wanted.resource, "iss": format!("https://sts.windows.net/{tenant}/"), "iat": now, "nbf": now,
            "exp": expires_on, "appid": app_id, "tid": tenant, "uti": format!("{:032x}", self.random()),
            "ver": "1.0",
        });
        let claims = match wanted.user {
            None => {
                let roles = if audience == COSMOS_AUDIENCE { Vec::new() } else { options.roles.clone() };
                let oid = &wanted.app.object_id;
                add(&mut payload, json!({"idtyp": "app", "oid": oid, "sub": oid, "roles": roles}));
                Claims { audience, app_id, roles, scopes: Vec::new(), user: None, expires_on }
            }
            Some((user, scopes)) => {
                let (oid, name) = (user.object_id.clone(), &user.user_principal_name);
                add(
                    &mut payload,
                    json!({
                        "idtyp": "user", "oid": oid, "sub": format!("{:032x}", self.random()), "upn": name,
                        "unique_name": name, "name": user.display_name, "scp": scopes.join(" "),
                    }),
                );
                let (scopes, user) = (scopes.to_vec(), Some(oid));
                Claims { audience, app_id, roles: Vec::new(), scopes, user, expires_on }
            }
        };
        let header = json!({"typ": "JWT", "alg": "RS256", "kid": "sandbox"});
        let signature = self.random().to_be_bytes();
        let part = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let (header, payload) = (part(header.to_string().as_bytes()), part(payload.to_string().as_bytes()));
        let token = format!("{header}.{payload}.{}", part(&signature));
        self.tokens.insert(token.clone(), claims.clone());
        (token, claims)
    }
}

/// Adds members to a JSON object.
fn add(object: &mut Value, more: Value) {
    if let (Value::Object(object), Value::Object(more)) = (object, more) {
        object.extend(more);
    }
}
