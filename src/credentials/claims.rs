//! What an access token says about us. Read without verifying: it is our own token, and nothing is
//! decided by it but which tenant we mirror and how to word an error.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::json::{self, Members};

/// The claims that are read of a token: <https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference>.
/// Those that name a person are left out.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
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
    let payload = token.split('.').nth(1).map(|payload| payload.trim_end_matches('='));
    let payload = payload.and_then(|payload| URL_SAFE_NO_PAD.decode(payload).ok()).unwrap_or_default();
    Members::read(&payload).map(|members| read(&members)).unwrap_or_default()
}

/// One claim that is odd hides none of the others.
fn read(members: &Members<'_>) -> Claims {
    let text = |name: &str| members.text(name).map(Cow::into_owned);
    let words = |value| match json::list(value) {
        Some(all) => Some(all.into_iter().filter_map(json::text).map(Cow::into_owned).collect()),
        None => Some(json::text(value)?.split_whitespace().map(str::to_owned).collect()),
    };
    let (roles, scopes): (Option<Vec<_>>, Option<Vec<_>>) =
        (members.find("roles", words), members.find("scp", words));
    Claims {
        tid: text("tid"),
        oid: text("oid"),
        appid: text("appid"),
        azp: text("azp"),
        roles: roles.unwrap_or_default(),
        scp: scopes.map(|scopes| scopes.join(" ")),
        nbf: members.number("nbf"),
    }
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
    fn an_odd_claim_hides_no_other() {
        let told = |payload: &str| claims(&format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(payload)));
        let odd = told(r#"{"tid":"t","oid":7,"roles":null,"nbf":"1","n":1e400,"scp":["a","b"],"tid":"t"}"#);
        assert_eq!((odd.tid.as_deref(), odd.oid, odd.nbf), (Some("t"), None, Some(1)));
        assert_eq!((odd.roles, odd.scp.as_deref()), (Vec::new(), Some("a b")));
        assert_eq!(told(r#"{"roles":"User.Read.All"}"#).roles, ["User.Read.All"]);
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
