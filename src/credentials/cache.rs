//! A token cache in front of any credential.
//!
//! Promises: a token is refreshed ahead of its expiry, one refresh is in flight at a time, callers with
//! a valid token never wait for somebody else's refresh, a still-valid token outlives a failed refresh,
//! and each caller has a token or an error within the credential's [`Patience`], however many ask: callers that
//! waited for a refresh that failed fail with it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::ErrorKind;
use azure_core::http::Context;
use azure_core::time::OffsetDateTime;

use super::chain::{Answered, Walk};
use super::patience::{Patience, Quiet, refresh_at};
use crate::challenge::Challenge;

/// For so long a failure stands for those who ask next: writers by the dozen wait for one refresh, and
/// whoever ends a turn that failed needs a token too. Each of them asking anew would take minutes.
const FAILURE_STANDS: Duration = Duration::from_secs(5);
/// After a failed early refresh, the next try waits this long.
const PAUSE: Duration = Duration::from_secs(30);
/// A token this close to its end is no use: clocks differ and requests take time.
const SKEW: Duration = Duration::from_secs(5);

type Make = dyn Fn() -> azure_core::Result<Arc<dyn TokenCredential>> + Send + Sync;
type Explain = dyn Fn(&azure_core::Error) -> String + Send + Sync;

/// Where the tokens come from.
enum Source {
    /// A credential that is built for each refresh.
    Anew(Box<Make>),
    /// One credential for the life of the cache.
    Kept(Arc<dyn TokenCredential>),
}

/// Which credential gives the tokens.
enum Giver {
    This(&'static str),
    OneOf(Arc<Walk>),
}

/// A credential with a cache.
pub struct Cached {
    giver: Giver,
    source: Source,
    explain: Box<Explain>,
    patience: Patience,
    /// Why the credential cannot answer a claims challenge, where it cannot.
    unanswerable: Option<&'static str>,
    also_forget: Option<Box<dyn Fn() + Send + Sync>>,
    slots: Mutex<HashMap<String, Arc<Slot>>>,
}

/// The token of one set of scopes.
#[derive(Default)]
struct Slot {
    held: Mutex<Option<Held>>,
    failed: Mutex<Option<Failed>>,
    refreshing: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Held {
    token: AccessToken,
    refresh_at: OffsetDateTime,
}

/// Why there is no token, and since when.
#[derive(Clone)]
struct Failed {
    at: Instant,
    why: String,
}

impl Cached {
    /// A cache in front of the credential `name` that `make` builds for each refresh; `explain` words its errors. For
    /// azure_identity's, whose own cache would hand out the old token until five minutes before its end.
    pub fn anew(
        name: &'static str,
        make: impl Fn() -> azure_core::Result<Arc<dyn TokenCredential>> + Send + Sync + 'static,
        explain: impl Fn(&azure_core::Error) -> String + Send + Sync + 'static,
        patience: Patience,
    ) -> Self {
        Self::new(Giver::This(name), Source::Anew(Box::new(make)), Box::new(explain), patience)
    }

    /// A cache in front of one credential, which is asked at each refresh and must not cache tokens itself: it
    /// may keep what is worth more than a token, such as a refresh token. `explain` words its errors.
    pub fn kept(
        name: &'static str,
        credential: Arc<dyn TokenCredential>,
        explain: impl Fn(&azure_core::Error) -> String + Send + Sync + 'static,
        patience: Patience,
    ) -> Self {
        Self::new(Giver::This(name), Source::Kept(credential), Box::new(explain), patience)
    }

    /// A cache in front of a chain.
    pub(super) fn walking(
        walk: Arc<Walk>,
        explain: impl Fn(&azure_core::Error) -> String + Send + Sync + 'static,
    ) -> Self {
        let giver = Giver::OneOf(Arc::clone(&walk));
        Self::new(giver, Source::Kept(walk), Box::new(explain), Patience::CHAIN)
    }

    fn new(giver: Giver, source: Source, explain: Box<Explain>, patience: Patience) -> Self {
        Self {
            giver,
            source,
            explain,
            patience,
            unanswerable: None,
            also_forget: None,
            slots: Mutex::default(),
        }
    }

    /// Which credential gives the tokens; for `auto` none before a link of the chain has given one.
    pub fn answered(&self) -> Option<Answered> {
        match &self.giver {
            Giver::This(name) => Some(Answered { credential: name, passed: Vec::new() }),
            Giver::OneOf(walk) => walk.answered(),
        }
    }

    /// The credential has no way to ask for claims: a claims challenge ends with this sentence.
    #[must_use]
    pub(super) fn without_claims(self, why: &'static str) -> Self {
        Self { unanswerable: Some(why), ..self }
    }

    /// When tokens are forgotten, this forgets them too.
    #[must_use]
    pub(super) fn also_forgetting(self, forget: impl Fn() + Send + Sync + 'static) -> Self {
        Self { also_forget: Some(Box::new(forget)), ..self }
    }

    /// Forgets all tokens: a service refused one, so the next caller gets a new one.
    pub fn forget(&self) {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).clear();
        if let Some(forget) = &self.also_forget {
            forget();
        }
    }

    fn slot(&self, scopes: &[&str]) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(scopes.join(" ")).or_default())
    }

    /// A new token, or why there is none; early, while another one is still valid.
    async fn fetch(
        &self,
        scopes: &[&str],
        challenge: Option<&Challenge>,
        is_early: bool,
    ) -> Result<AccessToken, String> {
        if let (Some(why), Some(_)) = (self.unanswerable, challenge) {
            return Err(why.to_owned());
        }
        let patience = if is_early { self.patience.early } else { self.patience.refresh };
        let mut options = challenge.map(Challenge::options).unwrap_or_default();
        if is_early {
            let context = std::mem::replace(&mut options.method_options.context, Context::new());
            options.method_options.context = context.with_value(Quiet);
        }
        let credential = match &self.source {
            Source::Anew(make) => make(),
            Source::Kept(credential) => Ok(Arc::clone(credential)),
        };
        let answer = match credential {
            Ok(credential) => {
                tokio::time::timeout(patience, credential.get_token(scopes, Some(options))).await
            }
            Err(error) => Ok(Err(error)),
        };
        let late = || {
            let what = format!("the identity server did not answer within {} s", patience.as_secs());
            Err(azure_core::Error::with_message(ErrorKind::Credential, what))
        };
        answer.unwrap_or_else(|_| late()).map_err(|error| (self.explain)(&error))
    }
}

#[async_trait::async_trait]
impl TokenCredential for Cached {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let context = options.as_ref().map(|options| &options.method_options.context);
        let challenge = context.and_then(|context| Challenge::of(context));
        let slot = self.slot(scopes);
        let now = OffsetDateTime::now_utc;
        if let Some(token) = slot.fresh(now(), challenge) {
            return Ok(token);
        }
        let _one = match (slot.usable(now(), challenge), slot.refreshing.try_lock()) {
            (_, Ok(one)) => one,
            (Some(token), Err(_)) => return Ok(token),
            (None, Err(_)) => slot.refreshing.lock().await,
        };
        if let Some(token) = slot.fresh(now(), challenge) {
            return Ok(token);
        }
        let is_early = slot.usable(now(), challenge).is_some();
        if let Some(why) = slot.failure().filter(|_| !is_early) {
            return Err(azure_core::Error::with_message(ErrorKind::Credential, why));
        }
        slot.drop_refused(challenge);
        match self.fetch(scopes, challenge, is_early).await {
            Ok(token) => Ok(slot.keep(token, now())),
            Err(why) => match slot.postpone(now()) {
                Some(token) => {
                    tracing::warn!(
                        event = "token_not_refreshed",
                        reason = why,
                        "the access token could not be refreshed; the one in hand is still valid"
                    );
                    Ok(token)
                }
                None => Err(azure_core::Error::with_message(ErrorKind::Credential, slot.fail(why))),
            },
        }
    }
}

impl Slot {
    fn fresh(&self, now: OffsetDateTime, challenge: Option<&Challenge>) -> Option<AccessToken> {
        let is_fresh = self.held().as_ref().is_some_and(|held| now < held.refresh_at);
        self.usable(now, challenge).filter(|_| is_fresh)
    }

    fn usable(&self, now: OffsetDateTime, challenge: Option<&Challenge>) -> Option<AccessToken> {
        let held = self.held();
        let held = held.as_ref().filter(|held| held.is_usable(now))?;
        let is_refused = challenge.is_some_and(|challenge| challenge.refuses(&held.token.token));
        (!is_refused).then(|| held.token.clone())
    }

    /// Drops the token that a service refused: it is no use, whatever comes of the challenge.
    fn drop_refused(&self, challenge: Option<&Challenge>) {
        let mut held = self.held();
        let is_refused =
            |held: &Held| challenge.is_some_and(|challenge| challenge.refuses(&held.token.token));
        if held.as_ref().is_some_and(is_refused) {
            *held = None;
        }
    }

    fn keep(&self, token: AccessToken, now: OffsetDateTime) -> AccessToken {
        let refresh_at = refresh_at(&token, now);
        *self.held() = Some(Held { token: token.clone(), refresh_at });
        token
    }

    fn postpone(&self, now: OffsetDateTime) -> Option<AccessToken> {
        let mut held = self.held();
        let held = held.as_mut().filter(|held| held.is_usable(now))?;
        held.refresh_at = now + PAUSE;
        Some(held.token.clone())
    }

    fn fail(&self, why: String) -> String {
        let failed = Failed { at: Instant::now(), why: why.clone() };
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(failed);
        why
    }

    /// Why there was no token a moment ago.
    fn failure(&self) -> Option<String> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        (failed.at.elapsed() < FAILURE_STANDS).then_some(failed.why)
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
