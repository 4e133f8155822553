//! What a client asks for: scopes of one resource, and those of OpenID Connect.
//!
//! Source: <https://learn.microsoft.com/entra/identity-platform/scopes-oidc>. A scope without a resource is Graph's.

use super::error::OAuthError;
use crate::identity::Options;

/// The resource of a scope that names none.
const GRAPH: &str = "https://graph.microsoft.com";

/// The scopes of one request.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Scopes {
    /// The resource, as it was asked for.
    pub resource: String,
    /// Names without the resource; `.default` stands for all that was consented to.
    pub names: Vec<String>,
    pub is_openid: bool,
    /// A refresh token is wanted.
    pub is_offline: bool,
    pub openid: Vec<String>,
}

impl Scopes {
    pub fn parse(text: &str) -> Result<Self, OAuthError> {
        let mut scopes = Self::default();
        for word in text.split_whitespace() {
            if let "openid" | "profile" | "email" | "offline_access" = word {
                scopes.is_openid |= word == "openid";
                scopes.is_offline |= word == "offline_access";
                scopes.openid.push(word.into());
                continue;
            }
            let (resource, name) = word.rsplit_once('/').unwrap_or((GRAPH, word));
            if resource.is_empty() || name.is_empty() {
                let sentence = format!(
                    "The provided value for the input parameter 'scope' isn't valid. The scope {word} isn't valid."
                );
                return Err(OAuthError::new("invalid_scope", 70011, sentence));
            }
            if !scopes.names.is_empty() && scopes.resource != resource {
                let sentence = "Provided value for the input parameter scope is not valid because it contains more \
                                than one resource.";
                return Err(OAuthError::new("invalid_request", 28000, sentence));
            }
            scopes.resource = resource.into();
            scopes.names.push(name.into());
        }
        if scopes.names.is_empty() {
            scopes.resource = GRAPH.into();
        }
        if scopes.names.len() > 1 && scopes.is_default() {
            let sentence = ".default scope can't be combined with resource-specific scopes.";
            return Err(OAuthError::new("invalid_scope", 70011, sentence));
        }
        Ok(scopes)
    }

    pub fn is_default(&self) -> bool {
        self.names.iter().any(|name| name == ".default")
    }

    /// The permissions that a token for these has.
    pub fn granted(&self, options: &Options) -> Vec<String> {
        if self.is_default() { options.delegated.clone() } else { self.names.clone() }
    }

    /// `scope` of the answer: with the resource, but for Graph's.
    pub fn text(&self, granted: &[String]) -> String {
        let qualify = |name: &String| match self.resource.trim_end_matches('/') {
            GRAPH => name.clone(),
            resource => format!("{resource}/{name}"),
        };
        let shown = self.openid.iter().filter(|name| *name != "offline_access").cloned();
        granted.iter().map(qualify).chain(shown).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_of_one_resource_and_without_one_of_graph() {
        let scopes =
            Scopes::parse("openid offline_access User.Read https://graph.microsoft.com/Mail.Read").unwrap();
        assert_eq!((scopes.resource.as_str(), scopes.names.len()), (GRAPH, 2));
        assert!(scopes.is_openid && scopes.is_offline && !scopes.is_default());
        assert_eq!(scopes.text(&scopes.names), "User.Read Mail.Read openid");
        let scopes = Scopes::parse("http://127.0.0.1:7/.default").unwrap();
        assert_eq!((scopes.resource.as_str(), scopes.is_default()), ("http://127.0.0.1:7", true));
        assert_eq!(Scopes::parse("User.Read api://x/a").unwrap_err().code, 28000);
        assert_eq!(Scopes::parse("User.Read .default").unwrap_err().code, 70011);
        assert_eq!(Scopes::parse("https://graph.microsoft.com/").unwrap_err().code, 70011);
    }
}
