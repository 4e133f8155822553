//! A person who signs in: `device-code`, `interactive-browser` and `authorization-code`.
//!
//! The order: the access token that was kept; the refresh token that was kept; a person. Promises: the two kept ones
//! are tried within 15 s however Entra and other processes behave; a refresh token that was used is replaced before
//! its access token is handed out, also where the caller gives up in the meantime; a token of another tenant than the
//! settings name is not handed out. Leaves out on purpose: a cache in memory ([`crate::credentials::Cached`]).

use std::sync::{Arc, Mutex, PoisonError};

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::time::OffsetDateTime;

use super::ask::Ask;
use super::authorization_code::Code;
use super::explain::{self, again, elsewhere, what, why};
use super::failure::Failure;
use super::granted::Granted;
use super::interactive_browser::{self, Ended};
use super::keep::Keep;
use super::kept::{Kept, Key};
use super::prompt::Prompt;
use super::wire::Endpoint;
use super::{Flow, SignIn, device_code};
use crate::challenge::{Challenge, claims_parameter};
use crate::credentials::claims::claims;
use crate::credentials::patience::{Quiet, refresh_at};

/// The credential.
#[derive(Debug)]
pub(in crate::credentials) struct Person {
    desk: Arc<Desk>,
    /// The last sign-in that was asked for.
    last: Mutex<Option<Key>>,
}

#[derive(Debug)]
struct Desk {
    who: SignIn,
    endpoint: Endpoint,
    keep: Keep,
}

/// How it went without a person.
enum Silent {
    Token(AccessToken),
    /// Nobody is signed in.
    Nobody,
    /// The sign-in that was kept is of no use any more.
    Ended(Failure),
}

impl Person {
    /// The credential; opens nothing.
    pub fn new(who: SignIn) -> Self {
        let endpoint = Endpoint::new(who.registration.clone());
        let keep = Keep::new(who.keep_in.clone());
        Self { desk: Arc::new(Desk { who, endpoint, keep }), last: Mutex::default() }
    }

    /// Forgets the access token that was kept: a service refused it.
    pub fn forget(&self) {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let forgotten = last.map_or(Ok(()), |key| self.desk.keep.forget_token(&key));
        if let Err(error) = forgotten {
            tracing::warn!(event = "token_not_forgotten", %error, "the refused access token is still kept");
        }
    }
}

#[async_trait::async_trait]
impl TokenCredential for Person {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let options = options.unwrap_or_default();
        let context = &options.method_options.context;
        let challenge = Challenge::of(context).cloned();
        let key = Key::new(&self.desk.who.registration, scopes);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(key.clone());
        let scope = scope(scopes);
        let is_quiet = context.value::<Quiet>().is_some();
        self.desk.acquire(key, scope, challenge, is_quiet).await.map_err(explain::error)
    }
}

impl Desk {
    async fn acquire(
        self: &Arc<Self>,
        key: Key,
        scope: String,
        challenge: Option<Challenge>,
        is_quiet: bool,
    ) -> Result<AccessToken, String> {
        // A task of its own: a caller that gives up must not take a new refresh token along.
        let silently = Arc::clone(self).silently(key.clone(), scope.clone(), challenge.clone());
        let silent =
            tokio::spawn(silently).await.map_err(|error| format!("the sign-in failed: {error}"))??;
        let ended = match silent {
            Silent::Token(token) => return Ok(token),
            Silent::Nobody => None,
            Silent::Ended(failure) => Some(failure),
        };
        let way = self.who.flow.way();
        if is_quiet || !self.who.show.is_seen() || matches!(self.who.flow, Flow::AuthorizationCode(_)) {
            let said = ended.map_or_else(
                || format!("nobody is signed in; {}", again(way)),
                |failure| why(&failure, way, &self.who.registration),
            );
            // Another command can sign in for this one where sign-ins are kept.
            let is_asked_elsewhere = !self.who.show.is_seen() && self.who.keep_in.is_some();
            return Err(if is_asked_elsewhere { elsewhere(said, way) } else { said });
        }
        self.tell_why(&key, ended.as_ref());
        let demanded = ended.and_then(|failure| failure.needs_person()?.claims.clone());
        let claims = claims_parameter(challenge.or(demanded).as_ref());
        let granted = self.ask_person(&scope, &claims).await?;
        self.check_tenant(&granted)?;
        self.keep_for_next_run(&key, &granted).await;
        Ok(granted.token)
    }

    /// A token without a person.
    async fn silently(
        self: Arc<Self>,
        key: Key,
        scope: String,
        challenge: Option<Challenge>,
    ) -> Result<Silent, String> {
        // A code that was not redeemed yet is a sign-in anew.
        let new_code = |kept: &Kept| self.who.flow.code().filter(|code| kept.code != Some(code.mark()));
        let usable = |kept: &Kept| {
            let token = token_in(kept, challenge.as_ref(), OffsetDateTime::now_utc());
            token.filter(|_| new_code(kept).is_none())
        };
        if let Some(token) = self.load(&key)?.as_ref().and_then(usable) {
            return Ok(Silent::Token(token));
        }
        let _lock = self.keep.lock().await.map_err(|error| error.to_string())?;
        let kept = self.load(&key)?.unwrap_or_else(|| Kept::new(key.clone()));
        if let Some(token) = usable(&kept) {
            return Ok(Silent::Token(token));
        }
        let claims = claims_parameter(challenge.as_ref());
        let proof = self.who.proof.parameters(&self.who.registration).await?;
        let ask = self.ask(&scope, &claims, &proof);
        let new_code = new_code(&kept);
        let granted = match (new_code, &kept.refresh_token) {
            (Some(code), _) => {
                let granted = code.redeem(&ask).await;
                granted.map_err(|failure| why(&failure, self.who.flow.way(), &self.who.registration))?
            }
            (None, Some(refresh_token)) => match ask.refresh(refresh_token).await {
                Ok(granted) => granted,
                Err(failure) => return self.ended(&key, kept.clone(), failure),
            },
            (None, None) => return Ok(Silent::Nobody),
        };
        self.check_tenant(&granted)?;
        let mut kept = kept.with(&granted, refresh_on(&granted));
        kept.code = new_code.map(Code::mark).or(kept.code);
        self.save(&key, &kept)?;
        Ok(Silent::Token(granted.token))
    }

    /// A refresh token was not taken. One that is invalid is forgotten, so that it is not tried again; without consent it
    /// is not invalid, and an administrator's consent makes it good.
    fn ended(&self, key: &Key, kept: Kept, failure: Failure) -> Result<Silent, String> {
        if failure.is("invalid_grant") && !failure.lacks_consent() {
            self.save(key, &kept.without_tokens())?;
        }
        match failure.needs_person() {
            Some(_) => Ok(Silent::Ended(failure)),
            None => Err(why(&failure, self.who.flow.way(), &self.who.registration)),
        }
    }

    async fn ask_person(&self, scope: &str, claims: &str) -> Result<Granted, String> {
        let ask = self.ask(scope, claims, &[]);
        let why = |failure: &Failure| why(failure, self.who.flow.way(), &self.who.registration);
        match self.who.flow {
            Flow::InteractiveBrowser => match interactive_browser::sign_in(&ask).await {
                Ok(granted) => Ok(granted),
                Err(Ended::Failed(failure)) => Err(why(&failure)),
                Err(ended) => Err(format!("{ended}; {}", again(self.who.flow.way()))),
            },
            _ => device_code::sign_in(&ask).await.map_err(|failure| why(&failure)),
        }
    }

    /// Why a person is asked, where they would not expect it.
    fn tell_why(&self, key: &Key, ended: Option<&Failure>) {
        let app = &self.who.registration;
        let note = match (ended, self.keep.others(key)) {
            (Some(failure), _) => {
                format!("The sign-in that was kept is of no use any more: {}.", what(failure))
            }
            (None, 0) => return,
            (None, others) => format!(
                "Sign-ins of another tenant or app are kept ({others}) and not used: AZURE_TENANT_ID is {} and {} is {}.",
                app.tenant_id, app.setting, app.client_id
            ),
        };
        self.who.show.tell(&Prompt::Note(note));
    }

    /// A token of another tenant is not what the settings say. `organizations` and domain names say none.
    fn check_tenant(&self, granted: &Granted) -> Result<(), String> {
        let stated = &self.who.registration.tenant_id;
        let is_id = |text: &str| uuid::Uuid::try_parse(text).is_ok();
        match claims(granted.token.token.secret()).tid {
            Some(tid) if is_id(stated) && !stated.eq_ignore_ascii_case(&tid) => Err(format!(
                "the sign-in is one to tenant {tid}, and AZURE_TENANT_ID is {stated}; sign in with an account of that \
                 tenant, or set AZURE_TENANT_ID"
            )),
            _ => Ok(()),
        }
    }

    /// The person has signed in: where that cannot be kept, it is good for this run.
    async fn keep_for_next_run(&self, key: &Key, granted: &Granted) {
        let kept = match self.keep.lock().await {
            Ok(_lock) => self.keep.save(key, &Kept::new(key.clone()).with(granted, refresh_on(granted))),
            Err(error) => Err(error),
        };
        if let Err(error) = kept {
            self.who.show.tell(&Prompt::Note(format!("You are signed in for this run only: {error}.")));
        }
    }

    fn ask<'a>(&'a self, scope: &'a str, claims: &'a str, proof: &'a Proofs) -> Ask<'a> {
        Ask { endpoint: &self.endpoint, scope, claims, proof, show: &self.who.show }
    }

    fn load(&self, key: &Key) -> Result<Option<Kept>, String> {
        self.keep.load(key).map_err(|error| error.to_string())
    }

    fn save(&self, key: &Key, kept: &Kept) -> Result<(), String> {
        self.keep.save(key, kept).map_err(|error| error.to_string())
    }
}

type Proofs = [(&'static str, azure_core::credentials::Secret)];

/// The parameter `scope`: with `offline_access`, Entra grants a refresh token too.
fn scope(scopes: &[&str]) -> String {
    let offline = ["offline_access"].into_iter().filter(|offline| !scopes.contains(offline));
    scopes.iter().copied().chain(offline).collect::<Vec<_>>().join(" ")
}

/// The access token that was kept, if it can still be handed out.
fn token_in(kept: &Kept, challenge: Option<&Challenge>, now: OffsetDateTime) -> Option<AccessToken> {
    let token = kept.access_token.clone().filter(|_| now < kept.refresh_on)?;
    let is_refused = challenge.is_some_and(|challenge| challenge.refuses(&token));
    (!is_refused).then(|| AccessToken::new(token, kept.expires_on))
}

/// From here on an access token that has just come is refreshed.
fn refresh_on(granted: &Granted) -> OffsetDateTime {
    refresh_at(&granted.token, OffsetDateTime::now_utc())
}
