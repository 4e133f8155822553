//! The cache against a scripted credential: what a caller gets, and how often the server is asked.

use std::sync::atomic::{AtomicU32, Ordering};

use azure_core::time::Duration as Span;

use super::*;

/// Answers with tokens of a given life, or fails while `broken`.
#[derive(Debug, Default)]
struct Script {
    asked: AtomicU32,
    broken: std::sync::atomic::AtomicBool,
    life_seconds: i64,
    /// For each request, whether it was to answer a challenge.
    challenges: Mutex<Vec<bool>>,
}

#[derive(Debug)]
struct Scripted(Arc<Script>);

#[async_trait::async_trait]
impl TokenCredential for Scripted {
    async fn get_token(
        &self,
        _: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let options = options.unwrap_or_default();
        let is_challenged = Challenge::of(&options.method_options.context).is_some();
        self.0.challenges.lock().unwrap().push(is_challenged);
        let count = self.0.asked.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        if self.0.broken.load(Ordering::SeqCst) {
            return Err(azure_core::Error::with_message(ErrorKind::Credential, "down"));
        }
        let expires = OffsetDateTime::now_utc() + Span::seconds(self.0.life_seconds);
        Ok(AccessToken::new(format!("token {count}"), expires))
    }
}

fn cached(life_seconds: i64) -> (Arc<Script>, Cached) {
    let script = Arc::new(Script { life_seconds, ..Script::default() });
    let inner = Arc::clone(&script);
    let make = move || Ok(Arc::new(Scripted(Arc::clone(&inner))) as Arc<dyn TokenCredential>);
    let cached = Cached::anew("scripted", make, |error| format!("explained: {error}"), Patience::APPLICATION);
    (script, cached)
}

async fn token(cached: &Cached) -> azure_core::Result<String> {
    let token = cached.get_token(&["scope"], None).await?;
    Ok(token.token.secret().to_owned())
}

#[tokio::test]
async fn many_callers_cause_one_request() {
    let (script, cached) = cached(3600);
    let answers = futures_util::future::join_all((0..50).map(|_| token(&cached))).await;
    assert!(answers.into_iter().all(|answer| answer.unwrap() == "token 0"));
    assert_eq!(script.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_valid_token_outlives_a_failed_refresh_which_is_not_repeated_at_once() {
    let (script, cached) = cached(3600);
    token(&cached).await.unwrap();
    let slot = cached.slot(&["scope"]);
    slot.held().as_mut().unwrap().refresh_at = OffsetDateTime::now_utc() - Span::seconds(1);
    script.broken.store(true, Ordering::SeqCst);
    assert_eq!(token(&cached).await.unwrap(), "token 0");
    assert_eq!(token(&cached).await.unwrap(), "token 0");
    assert_eq!(script.asked.load(Ordering::SeqCst), 2, "the failed refresh pauses");
}

#[tokio::test]
async fn an_expired_token_is_never_handed_out() {
    let (script, cached) = cached(2);
    token(&cached).await.unwrap();
    script.broken.store(true, Ordering::SeqCst);
    assert!(token(&cached).await.is_err(), "two seconds are within the skew");
}

#[tokio::test]
async fn tokens_are_refreshed_ahead_of_their_end() {
    let (_, cached) = cached(86_400);
    token(&cached).await.unwrap();
    let slot = cached.slot(&["scope"]);
    let held = slot.held().clone().unwrap();
    assert_eq!(held.token.expires_on - held.refresh_at, Span::seconds(300));
    assert!(slot.fresh(held.refresh_at, None).is_none());
    assert!(slot.usable(held.refresh_at, None).is_some());
}

#[tokio::test]
async fn a_forgotten_token_is_fetched_again() {
    let (_, cached) = cached(3600);
    token(&cached).await.unwrap();
    cached.forget();
    assert_eq!(token(&cached).await.unwrap(), "token 1");
}

#[tokio::test]
async fn who_waited_for_a_refresh_that_failed_fails_with_it() {
    let (script, cached) = cached(3600);
    script.broken.store(true, Ordering::SeqCst);
    let answers = futures_util::future::join_all((0..50).map(|_| token(&cached))).await;
    assert!(answers.into_iter().all(|answer| answer.unwrap_err().to_string() == "explained: down"));
    assert_eq!(script.asked.load(Ordering::SeqCst), 1);
    script.broken.store(false, Ordering::SeqCst);
    assert!(token(&cached).await.is_err(), "for a moment the failure stands");
    let slot = cached.slot(&["scope"]);
    slot.failed.lock().unwrap().as_mut().unwrap().at -= FAILURE_STANDS;
    assert_eq!(token(&cached).await.unwrap(), "token 1");
}

/// Never answers.
#[derive(Debug)]
struct Silent;

#[async_trait::async_trait]
impl TokenCredential for Silent {
    async fn get_token(
        &self,
        _: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_and_sooner_with_a_valid_token_in_hand() {
    let hasty = Patience { refresh: Duration::from_millis(1), early: Duration::ZERO };
    let cached = Cached::kept("silent", Arc::new(Silent), ToString::to_string, hasty);
    let why = cached.fetch(&["scope"], None, false).await.unwrap_err();
    assert!(why.contains("did not answer within"), "{why}");

    let patience = Patience::APPLICATION;
    let cached = Cached::kept("silent", Arc::new(Silent), ToString::to_string, patience);
    let slot = cached.slot(&["scope"]);
    let now = OffsetDateTime::now_utc();
    let token_in_hand = AccessToken::new("in hand", now + Span::seconds(60));
    *slot.held() = Some(Held { token: token_in_hand, refresh_at: now - Span::seconds(1) });
    let begun = Instant::now();
    assert_eq!(token(&cached).await.unwrap(), "in hand");
    assert!((patience.early..patience.refresh).contains(&begun.elapsed()), "{:?}", begun.elapsed());
}

/// The answer to a challenge that refuses this token.
async fn challenged(cached: &Cached, refused: &str) -> azure_core::Result<String> {
    let challenge = Challenge::read("Bearer claims=\"eyJhIjoxfQ\"", refused).unwrap();
    let token = cached.get_token(&["scope"], Some(challenge.options())).await?;
    Ok(token.token.secret().to_owned())
}

#[tokio::test]
async fn a_claims_challenge_is_answered_with_one_new_token_however_many_requests_met_it() {
    let (script, cached) = cached(3600);
    token(&cached).await.unwrap();
    let answers = futures_util::future::join_all((0..20).map(|_| challenged(&cached, "token 0"))).await;
    assert!(answers.into_iter().all(|answer| answer.unwrap() == "token 1"));
    assert_eq!(token(&cached).await.unwrap(), "token 1", "the refused one is gone");
    assert_eq!(script.asked.load(Ordering::SeqCst), 2);
    assert_eq!(*script.challenges.lock().unwrap(), [false, true]);
}

#[tokio::test]
async fn a_refused_token_is_not_handed_out_when_the_challenge_cannot_be_answered() {
    let (script, cached) = cached(3600);
    let cached = cached.without_claims("no claims here");
    token(&cached).await.unwrap();
    assert_eq!(challenged(&cached, "token 0").await.unwrap_err().to_string(), "no claims here");
    assert_eq!(script.asked.load(Ordering::SeqCst), 1, "the credential is not asked");
    cached.forget();
    assert_eq!(token(&cached).await.unwrap(), "token 1");
}
