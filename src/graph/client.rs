//! The Graph client: gets one page, however many tries that takes within the turn.
//!
//! Promises: the token goes to the configured origin only (links and redirects are checked), waits follow
//! `Retry-After`, for all requests of the service that is throttled, and end with the turn, bodies are bounded after decompression, and no error carries a
//! link, a token or a body. A 401 with a claims challenge is answered once in each request, with a token for those
//! claims. Leaves out on purpose: what a page means.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use azure_core::credentials::TokenCredential;
use bytes::Bytes;
use reqwest::{Method, StatusCode, header};
use serde_json::value::RawValue;
use url::Url;

use super::answer::Answer;
use super::body::{self, BodyError, Limit};
use super::error::{GraphError, Refusal};
use super::governor::{Governor, Lane};
use super::head::{challenge, jitter, location, refusal, shown};
use super::link::within;
use super::listing::Listing;
use super::load::load;
use super::manner::Manner;
use super::options::Options;
use super::page::{Page, keyed};
use super::request::Request;
use super::retry::{self, Decision, Failure};
use super::sending::{self, Sent};
use crate::challenge::Challenge;
use crate::json::without_mark;

/// A client of one Graph origin. Clones share its connections, its credential and the pace of each service.
#[derive(Debug, Clone)]
pub struct Client {
    options: Options,
    credential: Arc<dyn TokenCredential>,
    http: Arc<OnceLock<reqwest::Client>>,
    governor: Arc<Governor>,
    lane: Lane,
}

/// How one try ended.
enum Try {
    Answered(Answer),
    Failed(Failure, String),
    /// The token was refused, and the answer names the claims of a better one.
    Challenged(Challenge, Refusal),
}

impl Client {
    /// A client; opens nothing before the first request.
    pub fn new(options: Options, credential: Arc<dyn TokenCredential>) -> Self {
        let (http, governor, lane) = (Arc::default(), Arc::default(), Lane::default());
        Self { options, credential, http, governor, lane }
    }

    /// The same client for requests of this service, and of this urgency.
    #[must_use]
    pub fn in_lane(&self, lane: Lane) -> Self {
        Self { lane, ..self.clone() }
    }

    /// The same client with the tokens of another credential.
    #[must_use]
    pub fn reading_as(&self, credential: Arc<dyn TokenCredential>) -> Self {
        Self { credential, ..self.clone() }
    }

    /// What the requests count towards.
    pub fn lane(&self) -> &Lane {
        &self.lane
    }

    /// Another process was told to leave the service alone for so long.
    pub fn pause_as_others(&self, wait: Duration) {
        self.governor.pause_as_others(&self.lane.service, wait);
    }

    /// What is left of a pause of the service that other processes have to be told of; it is said once.
    pub fn take_untold_pause(&self) -> Option<Duration> {
        self.governor.take_untold(&self.lane.service)
    }

    /// Graph wants the service to be left alone for so long.
    pub(super) fn pause(&self, wait: Duration) {
        self.governor.pause(&self.lane.service, wait);
    }

    /// Gets one page, trying again as Graph asks, until `deadline`.
    ///
    /// # Errors
    /// [`GraphError::Throttled`] when Graph asks for a longer wait than is left; every other kind is
    /// final for this turn.
    pub async fn page(
        &self,
        request: &Request,
        manner: &Manner,
        deadline: Instant,
    ) -> Result<Page, GraphError> {
        let page = Page::parse(&self.get(request, manner, deadline).await?, manner)?;
        // A page whose link leads elsewhere is refused as a whole: its link must never become a checkpoint.
        page.next.link().map(|link| within(link, &self.options.origin)).transpose()?;
        Ok(page)
    }

    /// Gets one object as Graph sent it; `None` when Graph says that there is none ([`Refusal::is_gone`]).
    ///
    /// # Errors
    /// As [`Client::page`].
    pub async fn object(
        &self,
        request: &Request,
        manner: &Manner,
        deadline: Instant,
    ) -> Result<Option<Box<RawValue>>, GraphError> {
        let body = match self.get(request, manner, deadline).await {
            Err(GraphError::Refused(refusal)) if manner.says_gone(&refusal) => return Ok(None),
            body => body?,
        };
        let nonsense = |_| GraphError::Nonsense("an object that is not readable JSON".into());
        let object = serde_json::from_slice(without_mark(&body)).map_err(nonsense)?;
        Ok(Some(keyed(object, &manner.key)))
    }

    /// Gets one page of the ids that an object is linked to; `None` when Graph says that there is no such
    /// object, or, of a property that is one object, that it is not set.
    ///
    /// # Errors
    /// As [`Client::page`].
    pub async fn targets(&self, request: &Request, deadline: Instant) -> Result<Option<Listing>, GraphError> {
        let Some(answer) = self.object(request, &Manner::delta(), deadline).await? else { return Ok(None) };
        let listing = Listing::parse(&answer)?;
        if let Some(link) = &listing.next {
            within(link, &self.options.origin)?;
        }
        Ok(Some(listing))
    }

    async fn get(&self, request: &Request, manner: &Manner, deadline: Instant) -> Result<Bytes, GraphError> {
        let url = request.url(&self.options.origin)?;
        let (carries_token, limit, headers) = (request.carries_token(), Limit::Page, manner.headers());
        let sent = Sent { carries_token, limit, headers, ..Sent::get(&url) };
        Ok(self.tried(&sent, deadline).await?.body)
    }

    /// Sends anything, as [`Client::page`] does.
    pub(super) async fn send(
        &self,
        method: &Method,
        url: &Url,
        body: Option<Bytes>,
        deadline: Instant,
    ) -> Result<Bytes, GraphError> {
        let sent = Sent { method: method.clone(), body, ..Sent::get(url) };
        Ok(self.tried(&sent, deadline).await?.body)
    }

    /// Scheme, host and port that paths and links lead to.
    pub fn origin(&self) -> &Url {
        &self.options.origin
    }

    /// The answer to a request, however many tries that takes until `deadline`.
    pub(super) async fn tried(&self, sent: &Sent<'_>, deadline: Instant) -> Result<Answer, GraphError> {
        let mut tries = 0;
        let mut challenge = None;
        loop {
            let token = self.token(challenge.as_ref()).await?;
            let admitted = self.governor.admit(&self.lane, deadline).await;
            let permit = admitted.map_err(|after| GraphError::Throttled { after })?;
            let answer = Box::pin(self.attempt(sent, &token)).await?;
            drop(permit);
            tries += 1;
            let (failure, what) = match answer {
                Try::Answered(answer) => return Ok(answer),
                Try::Failed(failure, what) => (failure, what),
                // Answered once: a second challenge is a refusal.
                Try::Challenged(first, _) if challenge.is_none() => {
                    tracing::info!(
                        event = "claims_challenge",
                        "Microsoft Graph asks for a token with other claims"
                    );
                    challenge = Some(first);
                    continue;
                }
                Try::Challenged(_, refusal) => return Err(GraphError::Unauthorized(refusal)),
            };
            let left = deadline.saturating_duration_since(Instant::now());
            let decision = retry::decide(failure, tries, left, jitter());
            if let (Failure::Busy(_), Some(wait)) = (failure, decision.wait()) {
                self.pause(wait);
            }
            match decision {
                Decision::Again(wait) => {
                    let wait_ms = wait.as_millis() as u64;
                    tracing::info!(event = "graph_retry", tries, waitMs = wait_ms, reason = what);
                    tokio::time::sleep(wait).await;
                }
                Decision::Throttled(after) => return Err(GraphError::Throttled { after }),
                Decision::GiveUp => {
                    return Err(match failure {
                        Failure::Server(status) => GraphError::Failing { status, tries },
                        _ => GraphError::Unreachable(format!("{what}, after {tries} tries")),
                    });
                }
            }
        }
    }

    async fn attempt(&self, sent: &Sent<'_>, token: &str) -> Result<Try, GraphError> {
        let began = Instant::now();
        let mut request = self.http()?.request(sent.method.clone(), sent.url.clone());
        request = request.bearer_auth(token).headers(sent.all_headers());
        if let Some(priority) = self.lane.priority.header() {
            request = request.header(sending::PRIORITY, priority);
        }
        if let Some(body) = &sent.body {
            request = request.body(body.clone());
        }
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) => return sending::failure(error).map(|what| Try::Failed(Failure::Connection, what)),
        };
        let status = response.status();
        self.governor.hear(&self.lane.service, load(response.headers(), SystemTime::now()).used());
        tracing::debug!(
            event = "graph_request",
            method = %sent.method,
            path = shown(sent.url),
            status = status.as_u16(),
            tookMs = began.elapsed().as_millis() as u64
        );
        if status == StatusCode::NO_CONTENT {
            return Ok(Try::Answered(Answer::default()));
        }
        if status.is_success() {
            let content_type = body::content_type(&response);
            if !sent.takes_all && !body::is_json(&content_type) {
                return Err(GraphError::Nonsense(format!(
                    "`{}` instead of JSON",
                    body::named(&content_type)
                )));
            }
            return match body::read_within(&mut response, sent.limit).await {
                Ok(body) => Ok(Try::Answered(Answer { content_type, body })),
                Err(BodyError::TooLarge) => Err(GraphError::TooLarge { bound: sent.limit.name() }),
                Err(BodyError::Cut) => Ok(Try::Failed(Failure::Connection, "the answer was cut".into())),
            };
        }
        let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let told = retry::retry_after(text(header::RETRY_AFTER), text(header::DATE), SystemTime::now());
        if let Some(failure) = retry::failure(status.as_u16(), told) {
            return Ok(Try::Failed(failure, format!("status {}", status.as_u16())));
        }
        if let Some(challenge) = challenge(&response, token) {
            return Ok(Try::Challenged(challenge, refusal(&mut response).await));
        }
        let location = location(&response);
        let error = GraphError::from_answer(refusal(&mut response).await, sent.carries_token, location);
        Err(self.without_foreign(error))
    }

    /// A dead token whose `Location` leads elsewhere has none: following it would hand out our token.
    fn without_foreign(&self, error: GraphError) -> GraphError {
        let GraphError::Gone { refusal, location: Some(link) } = error else { return error };
        let location = match within(&link, &self.options.origin) {
            Ok(_) => Some(link),
            Err(error) => {
                tracing::warn!(event = "location_ignored", %error);
                None
            }
        };
        GraphError::Gone { refusal, location }
    }

    /// A token, for one request; where there is a challenge, one that answers it.
    pub(super) async fn token(&self, challenge: Option<&Challenge>) -> Result<String, GraphError> {
        let scopes: Vec<_> = self.options.scopes.iter().map(String::as_str).collect();
        let token = self.credential.get_token(&scopes, challenge.map(Challenge::options)).await;
        let token = token.map_err(|error| GraphError::NoToken(error.to_string()))?;
        Ok(token.token.secret().to_owned())
    }

    /// What sends requests.
    pub(super) fn http(&self) -> Result<&reqwest::Client, GraphError> {
        if self.http.get().is_none() {
            let client = sending::client(self.options.origin.clone()).map_err(|error| {
                GraphError::Unreachable(format!("no HTTP client: {}", error.without_url()))
            })?;
            // A second caller may have been faster; either client will do.
            let _ = self.http.set(client);
        }
        self.http.get().ok_or_else(|| GraphError::Unreachable("no HTTP client".into()))
    }
}
