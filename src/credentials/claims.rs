//! What an access token says about us. Read without verifying: it is our own token, and nothing is
//! decided by it but which tenant we mirror and how to word an error.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

/// The claims that the mirror reads: <https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference>.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
pub struct Claims {
    /// The tenant.
    pub tid: Option<String>,
    /// The object id of our service principal.
    pub oid: Option<String>,
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
        assert_eq!(claims("opaque"), Claims::default());
        assert_eq!(claims("a.!!.c"), Claims::default());
    }
}
