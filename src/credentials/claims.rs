//! What an access token says about us. Read without verifying: it is our own token, and nothing is
//! decided by it but which tenant we mirror and how to word an error.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

/// The claims that are read of a token: <https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference>.
/// Those that name a person are left out.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
pub struct Claims {
    /// The tenant.
    pub tid: Option<String>,
    /// The object id of our service principal, or of the person who signed in.
    pub oid: Option<String>,
    /// The client id of the app, in a token of version 1.0.
    pub appid: Option<String>,
    /// The client id of the app, in a token of version 2.0.
    pub azp: Option<String>,
    /// The application permissions that the app was granted.
    #[serde(default)]
    pub roles: Vec<String>,
    /// The delegated permissions, separated by blanks, where the app acts for a person.
    pub scp: Option<String>,
    /// Since when the token is good, in seconds since 1970.
    pub nbf: Option<i64>,
}

impl Claims {
    /// The client id of the app.
    pub fn client_id(&self) -> Option<&str> {
        self.appid.as_deref().or(self.azp.as_deref())
    }

    /// The delegated permissions, where the app acts for a person.
    pub fn scopes(&self) -> Vec<&str> {
        self.scp.iter().flat_map(|scopes| scopes.split_whitespace()).collect()
    }
}

/// The claims of a token; empty when it is no JWT (tokens are opaque by contract).
pub fn claims(token: &str) -> Claims {
    token
        .split('.')
        .nth(1)
        .and_then(|payload| URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok())
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jwt_tells_its_tenant_and_anything_else_tells_nothing() {
        let payload = URL_SAFE_NO_PAD.encode(r#"{"tid":"t","oid":"o","roles":[]}"#);
        let told = claims(&format!("e30.{payload}.sig"));
        assert_eq!((told.tid.as_deref(), told.oid.as_deref()), (Some("t"), Some("o")));
        assert_eq!(told.client_id(), None);
        assert_eq!(claims("opaque"), Claims::default());
        assert_eq!(claims("a.!!.c"), Claims::default());
    }

    #[test]
    fn a_token_of_either_version_tells_its_app_and_what_it_may() {
        let told = |payload: &str| claims(&format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(payload)));
        let app = told(r#"{"appid":"a","roles":["User.Read.All"],"nbf":1}"#);
        assert_eq!((app.client_id(), app.nbf), (Some("a"), Some(1)));
        assert_eq!((app.roles, app.scp), (vec!["User.Read.All".to_owned()], None));
        let person = told(r#"{"azp":"b","scp":"User.Read Mail.Read"}"#);
        assert_eq!((person.client_id(), person.scopes()), (Some("b"), vec!["User.Read", "Mail.Read"]));
    }
}
