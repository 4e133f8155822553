//! The tokens that were issued, and how often somebody asked. Plain data.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{Kind, Options, Principal, User, jwt, key::SigningKey};

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
    /// The `claims` parameter with which it was asked for; null without one.
    pub asked: Value,
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
    /// The issuer of a token of version 2.0, which our own API gets; the others are of version 1.0, as Graph's.
    pub version_2: Option<&'a str>,
    /// The `claims` parameter; null without one.
    pub asked: Value,
}

impl<'a> Wanted<'a> {
    /// A token of the app itself.
    pub fn of_app(app: &'a Principal, resource: &'a str) -> Self {
        Self { resource, app, user: None, version_2: None, asked: Value::Null }
    }
}

/// The registry.
pub(super) struct Issued {
    random: fastrand::Rng,
    tokens: HashMap<String, Claims>,
    requests: BTreeMap<(Kind, String), usize>,
    /// What the platform gives again: the last token by who asks, the resource and the client id.
    cached: BTreeMap<(Kind, String, String), (String, Claims)>,
}

/// A platform's cache ends so long before its token does, in seconds.
const RENEWED_BEFORE: i64 = 300;

impl Issued {
    pub fn new(seed: u64) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed),
            tokens: HashMap::new(),
            requests: BTreeMap::new(),
            cached: BTreeMap::new(),
        }
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

    /// The platform forgets what it gave.
    pub fn clear_cache(&mut self) {
        self.cached.clear();
    }

    /// The token that the platform gave last, while it has some time to live, even if it was revoked meanwhile: the
    /// platform does not know that. Else a new one.
    pub fn issue_cached(
        &mut self,
        options: &Options,
        kind: Kind,
        lifetime: Duration,
        wanted: &Wanted<'_>,
    ) -> (String, Claims) {
        let key = (kind, wanted.resource.to_owned(), wanted.app.client_id.clone());
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let cached = self.cached.get(&key).filter(|(_, claims)| claims.expires_on - now > RENEWED_BEFORE);
        if let Some(cached) = cached.filter(|_| options.caches) {
            return cached.clone();
        }
        let issued = self.issue(options, lifetime, wanted);
        self.cached.insert(key, issued.clone());
        issued
    }

    /// A new token that lives so long, known from now on. Its form:
    /// <https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference>.
    pub fn issue(&mut self, options: &Options, lifetime: Duration, wanted: &Wanted<'_>) -> (String, Claims) {
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let claims = Claims {
            audience: wanted.resource.trim_end_matches('/').to_owned(),
            app_id: wanted.app.client_id.clone(),
            roles: roles(options, wanted),
            scopes: wanted.user.map(|(_, scopes)| scopes.to_vec()).unwrap_or_default(),
            user: wanted.user.map(|(user, _)| user.object_id.clone()),
            expires_on: now + i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX / 2),
            asked: wanted.asked.clone(),
        };
        let mut payload = json!({
            "aud": wanted.resource, "iss": issuer(options, wanted), "iat": now, "nbf": now, "exp": claims.expires_on,
            "tid": options.tenant_id, "uti": format!("{:032x}", self.random()),
        });
        add(&mut payload, of_app(wanted));
        add(&mut payload, of_subject(wanted, &claims));
        if let Some(capabilities) = wanted.asked.pointer("/access_token/xms_cc/values") {
            payload["xms_cc"] = capabilities.clone();
        }
        let key = SigningKey::of_server();
        let header = json!({"typ": "JWT", "kid": key.public().id()});
        let token = jwt::sign(key, "RS256", header, &payload).expect("the server's key is an RSA key");
        self.tokens.insert(token.clone(), claims.clone());
        (token, claims)
    }
}

/// How the audiences of Cosmos DB begin, whatever the cloud.
const COSMOS_AUDIENCES: &str = "https://cosmos.azure.";

/// The roles of an app's own token; Cosmos DB knows roles of its own.
fn roles(options: &Options, wanted: &Wanted<'_>) -> Vec<String> {
    let has_roles = wanted.user.is_none() && !wanted.resource.starts_with(COSMOS_AUDIENCES);
    if has_roles { options.roles.clone() } else { Vec::new() }
}

fn issuer(options: &Options, wanted: &Wanted<'_>) -> String {
    match wanted.version_2 {
        Some(issuer) => issuer.to_owned(),
        None => format!("https://sts.windows.net/{}/", options.tenant_id),
    }
}

/// The claims about the app that asked.
fn of_app(wanted: &Wanted<'_>) -> Value {
    let id = &wanted.app.client_id;
    match wanted.version_2 {
        Some(_) => json!({"azp": id, "ver": "2.0"}),
        None => json!({"appid": id, "ver": "1.0"}),
    }
}

/// The claims about whom the token is of: a user, or the app itself.
fn of_subject(wanted: &Wanted<'_>, claims: &Claims) -> Value {
    let Some((user, scopes)) = wanted.user else {
        let id = &wanted.app.object_id;
        return json!({"idtyp": "app", "oid": id, "sub": id, "roles": claims.roles});
    };
    let name = &user.user_principal_name;
    let mut subject = json!({
        "idtyp": "user", "oid": user.object_id, "sub": user.subject(&wanted.app.client_id),
        "name": user.display_name, "scp": scopes.join(" "),
    });
    add(
        &mut subject,
        match wanted.version_2 {
            Some(_) => json!({"preferred_username": name}),
            None => json!({"upn": name, "unique_name": name}),
        },
    );
    subject
}

/// Adds members to a JSON object.
fn add(object: &mut Value, more: Value) {
    if let (Value::Object(object), Value::Object(more)) = (object, more) {
        object.extend(more);
    }
}
