//! Where Microsoft Graph is, and with what for a token it is asked.

use url::Url;

/// How to reach Graph.
#[derive(Debug, Clone)]
pub struct Options {
    /// Scheme, host and port; no path.
    pub origin: Url,
    /// Scopes of the token.
    pub scopes: Vec<String>,
}
