//! What Entra publishes of a tenant: who issues its tokens, and the keys that sign them.
//! <https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc#fetch-the-openid-configuration-document>.
//!
//! Promises: an answer within [`PATIENCE`] for each of two requests, one caller at a time; what was read once is used until
//! there is something newer. It is read again once a day, and for a key that nobody knows at most every five minutes, so
//! that made-up names of keys cause no requests.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use url::Url;

use super::keys::Keys;
use crate::credentials::Registration;
use crate::json::{self, Members};

/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long keys are good: <https://learn.microsoft.com/entra/identity-platform/signing-key-rollover>.
const GOOD: Duration = Duration::from_secs(24 * 3600);
/// They are not read again before, whatever a token names.
const PAUSE: Duration = Duration::from_secs(300);
/// An answer has some twenty kilobytes.
const MOST_BYTES: usize = 1 << 20;

/// Who issues the tokens of a tenant.
#[derive(Debug, Clone)]
pub struct Issuer {
    /// The id of the tenant.
    pub tenant_id: String,
    /// What tokens of version 1.0 and 2.0 name as their issuer.
    pub issuers: Vec<String>,
    /// The keys that sign them.
    pub keys: Keys,
}

/// What is published for the tenant of an app registration.
#[derive(Debug)]
pub struct Published {
    configuration: String,
    is_china: bool,
    http: OnceLock<reqwest::Client>,
    held: tokio::sync::Mutex<Option<(Issuer, Instant)>>,
}

/// Why nothing is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "what Microsoft Entra publishes of the tenant cannot be read ({0}); try again, and see AZURE_AUTHORITY_HOST and the way there"
)]
pub struct Unpublished(&'static str);

impl Published {
    /// What is published for the tenant of this registration; opens nothing.
    pub fn new(registration: &Registration) -> Self {
        let Registration { authority, tenant_id, .. } = registration;
        let authority_text = authority.as_str().trim_end_matches('/');
        Self {
            configuration: format!("{authority_text}/{tenant_id}/v2.0/.well-known/openid-configuration"),
            is_china: authority.host_str().is_some_and(|host| host.ends_with(".cn")),
            http: OnceLock::new(),
            held: tokio::sync::Mutex::default(),
        }
    }

    /// Who issues tokens, with the key of this name if there is one.
    ///
    /// # Errors
    /// [`Unpublished`], unless it was read before.
    pub async fn issuer(&self, key_id: &str) -> Result<Issuer, Unpublished> {
        let mut held = self.held.lock().await;
        if let Some((issuer, at)) = &*held
            && is_good(at.elapsed(), issuer.keys.has(key_id))
        {
            return Ok(issuer.clone());
        }
        match (self.read().await, &*held) {
            (Ok(issuer), _) => {
                *held = Some((issuer.clone(), Instant::now()));
                Ok(issuer)
            }
            (Err(why), Some((issuer, _))) => {
                tracing::warn!(event = "keys_not_read", error = %why);
                let issuer = issuer.clone();
                // The old ones are good for a while yet, and the next try waits.
                *held = Some((issuer.clone(), Instant::now()));
                Ok(issuer)
            }
            (Err(why), None) => Err(why),
        }
    }

    async fn read(&self) -> Result<Issuer, Unpublished> {
        let configuration = self.get(&self.configuration).await?;
        let (issuer, tenant_id, keys) =
            configured(&configuration).ok_or(Unpublished("the configuration has another form"))?;
        let keys = Keys::read(&self.get(&keys).await?).ok_or(Unpublished("the keys have another form"))?;
        let version_1 = if self.is_china { "sts.chinacloudapi.cn" } else { "sts.windows.net" };
        let issuers = vec![format!("https://{version_1}/{tenant_id}/"), issuer];
        Ok(Issuer { tenant_id, issuers, keys })
    }

    async fn get(&self, address: &str) -> Result<Vec<u8>, Unpublished> {
        let read = async {
            let mut response =
                self.http()?.get(address).send().await.map_err(|_| Unpublished("no connection"))?;
            if !response.status().is_success() {
                return Err(Unpublished("another status than 200"));
            }
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(|_| Unpublished("the connection broke"))? {
                body.extend_from_slice(&chunk);
                if body.len() > MOST_BYTES {
                    return Err(Unpublished("the answer is too long"));
                }
            }
            Ok(body)
        };
        tokio::time::timeout(PATIENCE, read).await.unwrap_or(Err(Unpublished("no answer in time")))
    }

    fn http(&self) -> Result<&reqwest::Client, Unpublished> {
        if self.http.get().is_none() {
            let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
            // A second caller may have been faster; either client will do.
            let _ = self.http.set(client.map_err(|_| Unpublished("no HTTP client"))?);
        }
        self.http.get().ok_or(Unpublished("no HTTP client"))
    }
}

/// Whether what was read so long ago is still used for a token; `knows`: it has the key that the token names.
fn is_good(age: Duration, knows: bool) -> bool {
    age < if knows { GOOD } else { PAUSE }
}

/// The issuer of tokens of version 2.0, the id of the tenant in it, and the address of the keys.
fn configured(body: &[u8]) -> Option<(String, String, String)> {
    let members = Members::read(body)?;
    let text = |name: &str| members.exact(name).and_then(json::text).map(std::borrow::Cow::into_owned);
    let (issuer, keys) = (text("issuer")?, text("jwks_uri")?);
    let tenant_id = Url::parse(&issuer).ok()?.path_segments()?.next()?.to_owned();
    uuid::Uuid::try_parse(&tenant_id).ok()?;
    let is_sound = Url::parse(&keys).ok()?.scheme() == "https";
    is_sound.then_some((issuer, tenant_id, keys))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_again_once_a_day_and_for_a_new_one_every_five_minutes() {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        assert!(is_good(minutes(23 * 60), true) && is_good(minutes(4), false));
        assert!(!is_good(minutes(24 * 60), true) && !is_good(minutes(5), false));
    }

    #[test]
    fn the_configuration_names_the_tenant_and_its_keys() {
        let tenant = "11111111-2222-4333-8444-555555555555";
        let of = |issuer: &str, keys: &str| {
            configured(serde_json::json!({"issuer": issuer, "jwks_uri": keys}).to_string().as_bytes())
        };
        let issuer = format!("https://login.example/{tenant}/v2.0");
        let keys = "https://login.example/keys";
        assert_eq!(of(&issuer, keys), Some((issuer.clone(), tenant.to_owned(), keys.to_owned())));
        for (issuer, keys) in [
            (&*issuer, "http://login.example/keys"),
            ("https://login.example/{tenantid}/v2.0", keys),
            ("x", keys),
        ] {
            assert_eq!(of(issuer, keys), None, "{issuer} {keys}");
        }
    }
}
