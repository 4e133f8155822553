//! Callers of `refresh` whose resources are read as themselves: who they are, and a credential that acts for them.
//!
//! Promises: a caller is known by a validated access token for our API and by nothing else. The header in which App Service
//! puts such a token counts only where its authentication is on; elsewhere anybody could send it. Leaves out on purpose: the
//! function key, which the host checks before.

use std::sync::Arc;

use azure_core::credentials::{AccessToken, TokenCredential as _};
use time::OffsetDateTime;

use super::AppError;
use crate::credentials::{Api, Expected, ForCaller, NotACaller, Published, Shown};

/// What a caller sends to say who they are.
#[derive(Default)]
pub struct Presented {
    /// The values of `Authorization`.
    pub authorization: Vec<String>,
    /// The values of `X-MS-TOKEN-AAD-ACCESS-TOKEN`.
    pub from_platform: Vec<String>,
}

/// The API that is called, if an app registration stands for it.
#[derive(Debug)]
pub(super) struct Callers {
    api: Option<(Api, Published)>,
    /// The authentication of App Service is on.
    platform_authenticates: bool,
    /// The scopes of tokens for Graph.
    scopes: Vec<String>,
}

/// A caller, and what acts for them.
pub(super) struct Admitted {
    /// The object id of the user.
    pub object_id: String,
    /// Gives tokens for Graph.
    pub credential: Arc<ForCaller>,
    /// The first one.
    pub token: AccessToken,
    /// The tenant.
    pub tenant_id: String,
}

impl Callers {
    /// Callers of the API of this app registration.
    pub fn new(api: Option<Api>, platform_authenticates: bool, scopes: Vec<String>) -> Self {
        let api = api.map(|api| {
            let published = Published::new(&api.registration);
            (api, published)
        });
        Self { api, platform_authenticates, scopes }
    }

    /// Who calls, with a token for Graph.
    ///
    /// # Errors
    /// [`AppError::NoApi`], [`AppError::NotACaller`], [`AppError::KeysUnknown`] and [`AppError::NotActing`].
    pub async fn admit(&self, resource: &str, presented: &Presented) -> Result<Admitted, AppError> {
        let Some((api, published)) = &self.api else {
            return Err(AppError::NoApi { resource: resource.to_owned() });
        };
        let refused = |why| self.refused(why);
        let token = presented.token(self.platform_authenticates).map_err(refused)?;
        let shown = Shown::read(token).map_err(refused)?;
        let graph =
            self.scopes.first().and_then(|scope| scope.rsplit_once('/')).map_or("", |(graph, _)| graph);
        if shown.is_for_graph(graph) {
            return Err(refused(NotACaller::ForGraph));
        }
        let issuer = published.issuer(shown.key_id()).await.map_err(AppError::KeysUnknown)?;
        let expected = Expected {
            tenant_id: issuer.tenant_id.clone(),
            issuers: issuer.issuers,
            client_id: api.registration.client_id.clone(),
            graph: graph.to_owned(),
        };
        let caller = shown.verify(&issuer.keys, &expected, OffsetDateTime::now_utc()).map_err(refused)?;
        let credential = Arc::new(api.acting_for(token));
        let scopes: Vec<_> = self.scopes.iter().map(String::as_str).collect();
        let given = credential.get_token(&scopes, None).await;
        let token = given.map_err(|error| self.not_acting(&credential).unwrap_or_else(|| other(&error)))?;
        Ok(Admitted { object_id: caller.object_id, credential, token, tenant_id: issuer.tenant_id })
    }

    /// The error for an exchange that failed, if one did.
    pub fn not_acting(&self, credential: &ForCaller) -> Option<AppError> {
        use crate::credentials::NotActing::SignIn;
        let source = credential.refused()?;
        let challenge = match &source {
            SignIn { claims: Some(claims), .. } => {
                Some(self.challenge(&format!(", error=\"insufficient_claims\", claims=\"{claims}\"")))
            }
            SignIn { claims: None, why } => Some(self.challenge(&invalid(why))),
            _ => None,
        };
        Some(AppError::NotActing { source, challenge })
    }

    fn refused(&self, why: NotACaller) -> AppError {
        let is_silent =
            matches!(why, NotACaller::Missing | NotACaller::NotBearer | NotACaller::NotFromPlatform);
        // Who sent no token made no mistake with one (RFC 6750, section 3.1).
        let about = if is_silent { String::new() } else { invalid(&why.to_string()) };
        AppError::NotACaller { why, challenge: self.challenge(&about) }
    }

    /// The header `WWW-Authenticate`:
    /// <https://learn.microsoft.com/entra/identity-platform/claims-challenge#claims-challenge-header-format>.
    fn challenge(&self, about: &str) -> String {
        let Some((api, _)) = &self.api else { return "Bearer".to_owned() };
        let registration = &api.registration;
        let (authority, tenant) =
            (registration.authority.as_str().trim_end_matches('/'), &registration.tenant_id);
        format!(
            "Bearer realm=\"\", authorization_uri=\"{authority}/{tenant}/oauth2/v2.0/authorize\", client_id=\"{}\"{about}",
            registration.client_id
        )
    }
}

/// The parameters for a token that is not good. A quoted text has neither quotes nor backslashes.
fn invalid(why: &str) -> String {
    let why: String =
        why.chars().filter(|c| c.is_ascii() && !matches!(c, '"' | '\\') && !c.is_control()).collect();
    format!(", error=\"invalid_token\", error_description=\"{why}\"")
}

/// The error of a credential that gave no reason.
fn other(error: &azure_core::Error) -> AppError {
    AppError::NoToken { service: "Microsoft Graph", why: error.to_string() }
}

impl Presented {
    /// The token, wherever it may be.
    fn token(&self, platform_authenticates: bool) -> Result<&str, NotACaller> {
        match (&self.authorization[..], &self.from_platform[..]) {
            ([], []) => Err(NotACaller::Missing),
            ([], [token]) if platform_authenticates => Ok(token.trim()),
            ([], _) if platform_authenticates => Err(NotACaller::Missing),
            ([], _) => Err(NotACaller::NotFromPlatform),
            ([one], _) => {
                let (scheme, token) = one.trim().split_once(' ').ok_or(NotACaller::NotBearer)?;
                let is_bearer = scheme.eq_ignore_ascii_case("bearer");
                Some(token.trim()).filter(|token| is_bearer && !token.is_empty()).ok_or(NotACaller::NotBearer)
            }
            _ => Err(NotACaller::NotBearer),
        }
    }
}

impl std::fmt::Debug for Presented {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Presented")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_of_the_platform_counts_only_where_the_platform_authenticates() {
        let presented = |authorization: &[&str], from_platform: &[&str]| Presented {
            authorization: authorization.iter().map(ToString::to_string).collect(),
            from_platform: from_platform.iter().map(ToString::to_string).collect(),
        };
        let token = |presented: &Presented, is_on| presented.token(is_on).map(str::to_owned);
        let (none, both) = (presented(&[], &[]), presented(&["bearer  a "], &["b"]));
        assert_eq!(
            (token(&none, true), token(&none, false)),
            (Err(NotACaller::Missing), Err(NotACaller::Missing))
        );
        assert_eq!((token(&both, true), token(&both, false)), (Ok("a".into()), Ok("a".into())));
        let platform = presented(&[], &["b"]);
        assert_eq!(token(&platform, true), Ok("b".into()));
        assert_eq!(token(&platform, false), Err(NotACaller::NotFromPlatform));
        for odd in [&["Basic a"][..], &["Bearer"], &["Bearer "], &["a"], &["Bearer a", "Bearer b"]] {
            assert_eq!(token(&presented(odd, &["b"]), true), Err(NotACaller::NotBearer), "{odd:?}");
        }
        assert_eq!(token(&presented(&[], &["b", "c"]), true), Err(NotACaller::Missing));
    }
}
