//! The caller of `refresh`: a user's access token for our API is validated, and says who they are. Pure: the keys and the
//! time are arguments. Rules:
//! <https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-tokens>, claims:
//! <https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference>.
//!
//! Promises: nothing but a token that Entra signed for this tenant, for our API, for this time and for a user is taken. A
//! claim counts only under its exact name. What is refused is told in a sentence without anything of the token. Leaves out
//! on purpose: which scopes of the API the client has; whoever has one may have the user's own copy refreshed.

use time::{Duration, OffsetDateTime};

use crate::json::{self, Members};
use jwt::Jwt;

mod jwt;
mod keys;
mod published;
mod refused;

pub use keys::Keys;
pub use published::{Issuer, Published, Unpublished};
pub use refused::NotACaller;

/// Clocks differ: <https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4>.
const SKEW: Duration = Duration::MINUTE;
/// Microsoft Graph as an audience, in all clouds:
/// <https://learn.microsoft.com/graph/deployments#microsoft-graph-and-graph-explorer-service-root-endpoints>.
const GRAPH: [&str; 5] = [
    "00000003-0000-0000-c000-000000000000",
    "https://graph.microsoft.com",
    "https://graph.microsoft.us",
    "https://dod-graph.microsoft.us",
    "https://microsoftgraph.chinacloudapi.cn",
];

/// A user who called, and proved it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The object id of the user.
    pub object_id: String,
}

/// What a token has to say.
#[derive(Debug, Clone)]
pub struct Expected {
    /// The tenant.
    pub tenant_id: String,
    /// Who may have issued it: Entra in its versions 1.0 and 2.0.
    pub issuers: Vec<String>,
    /// The client id of our API.
    pub client_id: String,
    /// The audience of tokens for Microsoft Graph here.
    pub graph: String,
}

/// A token that nobody has verified.
#[derive(Debug)]
pub struct Shown(Jwt);

impl Shown {
    /// Takes a token apart.
    ///
    /// # Errors
    /// [`NotACaller`] where it is no token that Entra signs.
    pub fn read(token: &str) -> Result<Self, NotACaller> {
        Jwt::read(token).map(Self)
    }

    /// The name of the key that is said to have signed it.
    pub fn key_id(&self) -> &str {
        &self.0.key_id
    }

    /// Whether it is for Microsoft Graph, and so none for us. Such a token cannot be verified by anybody else.
    pub fn is_for_graph(&self, graph: &str) -> bool {
        let audience = self.claims().and_then(|claims| text(&claims, "aud"));
        let audience = audience.as_deref().unwrap_or_default().trim_end_matches('/');
        GRAPH.contains(&audience) || audience == graph.trim_end_matches('/')
    }

    /// The user whose token it is.
    ///
    /// # Errors
    /// [`NotACaller`] says what is wrong with it.
    pub fn verify(
        &self,
        keys: &Keys,
        expected: &Expected,
        now: OffsetDateTime,
    ) -> Result<Caller, NotACaller> {
        if self.is_for_graph(&expected.graph) {
            return Err(NotACaller::ForGraph);
        }
        let key = keys.named(self.key_id()).ok_or(NotACaller::UnknownKey)?;
        if !key.has_signed(&self.0.signed, &self.0.signature) {
            return Err(NotACaller::Signature);
        }
        let claims = self.claims().ok_or(NotACaller::Malformed("its claims cannot be read"))?;
        of_tenant(&claims, expected)?;
        let audience = text(&claims, "aud").unwrap_or_default();
        let is_ours = audience == expected.client_id
            || audience.strip_prefix("api://").is_some_and(|id| id == expected.client_id);
        if !is_ours {
            return Err(NotACaller::Audience);
        }
        in_time(&claims, now)?;
        user(&claims)
    }

    fn claims(&self) -> Option<Members<'_>> {
        Members::read(&self.0.payload)
    }
}

fn of_tenant(claims: &Members<'_>, expected: &Expected) -> Result<(), NotACaller> {
    let tenant = text(claims, "tid").unwrap_or_default();
    let issuer = text(claims, "iss").unwrap_or_default();
    let is_ours = tenant.eq_ignore_ascii_case(&expected.tenant_id) && expected.issuers.contains(&issuer);
    if is_ours { Ok(()) } else { Err(NotACaller::Tenant) }
}

fn in_time(claims: &Members<'_>, now: OffsetDateTime) -> Result<(), NotACaller> {
    let moment = |name: &str| {
        let seconds = claims.exact(name).and_then(json::number)?;
        OffsetDateTime::from_unix_timestamp(seconds).ok()
    };
    let lacks = NotACaller::Malformed("it does not say until when it is good");
    if now >= moment("exp").ok_or(lacks)? + SKEW {
        return Err(NotACaller::Expired);
    }
    match claims.exact("nbf") {
        Some(_) if moment("nbf").is_none_or(|from| now + SKEW < from) => Err(NotACaller::NotYet),
        _ => Ok(()),
    }
}

/// An access token of a user has scopes; the one of an application has none, and neither has an id token, whose audience is
/// our client id too.
fn user(claims: &Members<'_>) -> Result<Caller, NotACaller> {
    let is_app = text(claims, "idtyp").is_some_and(|kind| kind == "app");
    let has_scopes = text(claims, "scp").is_some_and(|scopes| !scopes.trim().is_empty());
    match text(claims, "oid").filter(|id| uuid::Uuid::try_parse(id).is_ok()) {
        _ if is_app || !has_scopes => Err(NotACaller::NoUser),
        None => Err(NotACaller::NoUser),
        Some(object_id) => Ok(Caller { object_id: object_id.to_ascii_lowercase() }),
    }
}

/// A claim that is text.
fn text(claims: &Members<'_>, name: &str) -> Option<String> {
    claims.exact(name).and_then(json::text).map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests;
