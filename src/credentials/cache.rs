//! A token cache in front of any credential.
//!
//! Promises: a token is refreshed ahead of its expiry, one refresh is in flight at a time, callers with
//! a valid token never wait for somebody else's refresh, a still-valid token outlives a failed refresh,
//! and a refresh ends within [`REFRESH_TIMEOUT`]. Each refresh builds the credential anew, because
//! azure_identity's own cache would hand out the old token until five minutes before its end.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::ErrorKind;
use azure_core::time::OffsetDateTime;

/// Longest wait for the identity server.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(10);
/// A token is refreshed when less than this is left (or a third of a shorter life).
const AHEAD: Duration = Duration::from_secs(300);
/// After a failed early refresh, the next try waits this long.
const PAUSE: Duration = Duration::from_secs(30);
/// A token this close to its end is no use: clocks differ and requests take time.
const SKEW: Duration = Duration::from_secs(5);

type Make = dyn Fn() -> azure_core::Result<Arc<dyn TokenCredential>> + Send + Sync;

/// A credential with a cache.
pub struct Cached {
    make: Box<Make>,
    slots: Mutex<HashMap<String, Arc<Slot>>>,
}

/// The token of one set of scopes.
#[derive(Default)]
struct Slot {
    held: Mutex<Option<Held>>,
    refreshing: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Held {
    token: AccessToken,
    refresh_at: OffsetDateTime,
}

impl Cached {
    /// Puts a cache in front of the credential that `make` builds.
    pub fn new(
        make: impl Fn() -> azure_core::Result<Arc<dyn TokenCredential>> + Send + Sync + 'static,
    ) -> Self {
        Self { make: Box::new(make), slots: Mutex::default() }
    }

    /// Forgets all tokens: a service refused one, so the next caller gets a new one.
    pub fn forget(&self) {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn slot(&self, scopes: &[&str]) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(scopes.join(" ")).or_default())
    }

    async fn fetch(&self, scopes: &[&str]) -> azure_core::Result<AccessToken> {
        let credential = (self.make)()?;
        match tokio::time::timeout(REFRESH_TIMEOUT, credential.get_token(scopes, None)).await {
            Ok(answer) => answer,
            Err(_) => Err(azure_core::Error::with_message(
                ErrorKind::Credential,
                format!("the identity server did not answer within {} s", REFRESH_TIMEOUT.as_secs()),
            )),
        }
    }
}

#[async_trait::async_trait]
impl TokenCredential for Cached {
    async fn get_token(
        &self,
        scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let slot = self.slot(scopes);
        let now = OffsetDateTime::now_utc;
        if let Some(token) = slot.fresh(now()) {
            return Ok(token);
        }
        let _one = match (slot.usable(now()), slot.refreshing.try_lock()) {
            (_, Ok(one)) => one,
            (Some(token), Err(_)) => return Ok(token),
            (None, Err(_)) => slot.refreshing.lock().await,
        };
        if let Some(token) = slot.fresh(now()) {
            return Ok(token);
        }
        match self.fetch(scopes).await {
            Ok(token) => Ok(slot.keep(token, now())),
            Err(error) => match slot.postpone(now()) {
                Some(token) => {
                    tracing::warn!(
                        event = "token_not_refreshed",
                        "the access token could not be refreshed; the one in hand is still valid"
                    );
                    Ok(token)
                }
                None => Err(error),
            },
        }
    }
}

impl Slot {
    fn fresh(&self, now: OffsetDateTime) -> Option<AccessToken> {
        let held = self.held();
        let held = held.as_ref().filter(|held| now < held.refresh_at && held.is_usable(now))?;
        Some(held.token.clone())
    }

    fn usable(&self, now: OffsetDateTime) -> Option<AccessToken> {
        let held = self.held();
        let held = held.as_ref().filter(|held| held.is_usable(now))?;
        Some(held.token.clone())
    }

    fn keep(&self, token: AccessToken, now: OffsetDateTime) -> AccessToken {
        let life = token.expires_on - now;
        let ahead = if life / 3 < AHEAD { life / 3 } else { AHEAD.try_into().unwrap_or(life / 3) };
        let refresh_at = token.expires_on - ahead;
        *self.held() = Some(Held { token: token.clone(), refresh_at });
        token
    }

    fn postpone(&self, now: OffsetDateTime) -> Option<AccessToken> {
        let mut held = self.held();
        let held = held.as_mut().filter(|held| held.is_usable(now))?;
        held.refresh_at = now + PAUSE;
        Some(held.token.clone())
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn is_usable(&self, now: OffsetDateTime) -> bool {
        now + SKEW < self.token.expires_on
    }
}

impl fmt::Debug for Cached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cached credential")
    }
}

#[cfg(test)]
mod tests;
