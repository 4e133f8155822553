//! The tokens that were issued, and how often somebody asked. Plain data.

use std::collections::{BTreeMap, HashMap};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::json;
use time::OffsetDateTime;

use super::{COSMOS_AUDIENCE, Kind, Options};

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

    /// A new token for a resource (or an app id URI), known from now on.
    pub fn issue(&mut self, options: &Options, kind: Kind, resource: &str) -> (String, Claims) {
        let audience = resource.trim_end_matches('/').to_owned();
        let roles = if audience == COSMOS_AUDIENCE { Vec::new() } else { options.roles.clone() };
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let expires_on = now + i64::try_from(options.lifetime.as_secs()).unwrap_or(i64::MAX / 2);
        let claims = Claims { audience, roles, expires_on };

        let (tenant, principal) = (&options.tenant_id, options.principal(kind));
        let payload = json!({
            "aud": resource, "iss": format!("https://sts.windows.net/{tenant}/"), "iat": now, "nbf": now,
            "exp": expires_on, "appid": principal.client_id, "idtyp": "app", "oid": principal.object_id,
            "roles": claims.roles, "tid": tenant, "uti": format!("{:032x}", self.random()), "ver": "1.0",
            "jti": format!("{:032x}", self.random()),
        });
        let header = json!({"typ": "JWT", "alg": "RS256", "kid": "sandbox"});
        let signature = self.random().to_be_bytes();
        let part = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let (header, payload) = (part(header.to_string().as_bytes()), part(payload.to_string().as_bytes()));
        let token = format!("{header}.{payload}.{}", part(&signature));
        self.tokens.insert(token.clone(), claims.clone());
        (token, claims)
    }
}
