//! App registrations: what Entra knows of an app. Plain data.
//!
//! Source: <https://learn.microsoft.com/graph/api/resources/application>. There are two: a confidential client, which is an
//! API too, and a public client, with which people sign in at a terminal.

use url::Url;

use super::certificate::Certificate;
use crate::identity::Principal;

/// One app registration.
#[derive(Clone, Debug)]
pub(super) struct Registration {
    /// Client id, and the object id of its service principal.
    pub principal: Principal,
    pub display_name: &'static str,
    pub secret: Option<ClientSecret>,
    pub certificates: Vec<Certificate>,
    pub federated: Vec<FederatedCredential>,
    /// Redirect addresses of the platform "Web": the client authenticates itself.
    pub web_redirects: Vec<String>,
    /// Those of "Mobile and desktop applications": it does not.
    pub public_redirects: Vec<String>,
    /// "Allow public client flows": device code.
    pub is_public: bool,
    /// What its scopes begin with, when it is an API.
    pub app_id_uri: Option<String>,
}

/// The one client secret of an app registration.
#[derive(Clone, Debug)]
pub(super) struct ClientSecret {
    pub value: String,
    pub is_expired: bool,
}

/// Trust in the tokens of somebody else:
/// <https://learn.microsoft.com/entra/workload-id/workload-identity-federation>.
#[derive(Clone, Debug)]
pub(super) struct FederatedCredential {
    pub issuer: String,
    pub subject: String,
    pub audience: String,
}

/// How an app comes back from the sign-in page to this address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Platform {
    Web,
    Public,
}

impl Registration {
    /// A confidential client with a secret.
    pub fn confidential(principal: Principal, secret: String) -> Self {
        let app_id_uri = Some(format!("api://{}", principal.client_id));
        Self {
            principal,
            display_name: "graph-mirror",
            secret: Some(ClientSecret { value: secret, is_expired: false }),
            certificates: Vec::new(),
            federated: Vec::new(),
            web_redirects: ["https://app.contoso.example/signed-in", "http://localhost/signed-in"]
                .map(String::from)
                .into(),
            public_redirects: Vec::new(),
            is_public: false,
            app_id_uri,
        }
    }

    /// A public client: device code, and a browser that comes back to a port of the same machine.
    pub fn public(principal: Principal) -> Self {
        Self {
            principal,
            display_name: "graph-mirror at a terminal",
            secret: None,
            certificates: Vec::new(),
            federated: Vec::new(),
            web_redirects: Vec::new(),
            public_redirects: vec!["http://localhost".into()],
            is_public: true,
            app_id_uri: None,
        }
    }

    pub fn client_id(&self) -> &str {
        &self.principal.client_id
    }

    /// The platform that has this redirect address, if one does.
    pub fn platform(&self, redirect: &str) -> Option<Platform> {
        let has = |registered: &[String]| registered.iter().any(|known| is_same_redirect(known, redirect));
        match (has(&self.web_redirects), has(&self.public_redirects)) {
            (true, _) => Some(Platform::Web),
            (_, true) => Some(Platform::Public),
            _ => None,
        }
    }

    /// Whether tokens for this resource are for this app.
    pub fn is_audience(&self, resource: &str) -> bool {
        let resource = resource.trim_end_matches('/');
        resource == self.client_id() || self.app_id_uri.as_deref() == Some(resource)
    }
}

/// Redirect addresses are compared as text, but that the port of `localhost` does not count:
/// <https://learn.microsoft.com/entra/identity-platform/reply-url#localhost-exceptions>.
fn is_same_redirect(registered: &str, asked: &str) -> bool {
    let (Ok(mut registered_url), Ok(mut asked_url)) = (Url::parse(registered), Url::parse(asked)) else {
        return false;
    };
    let is_localhost = |url: &Url| url.scheme() == "http" && url.host_str() == Some("localhost");
    if !is_localhost(&registered_url) || !is_localhost(&asked_url) {
        return registered == asked;
    }
    // A port can be taken away from any http address.
    let _always = (registered_url.set_port(None), asked_url.set_port(None));
    registered_url == asked_url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_address_may_differ_only_in_the_port_of_localhost() {
        for (registered, asked, same) in [
            ("http://localhost", "http://localhost:1234", true),
            ("http://localhost", "http://localhost:1234/", true),
            ("http://localhost/a", "http://localhost:1/a", true),
            ("http://localhost", "http://localhost:1234/other", false),
            ("http://localhost", "http://127.0.0.1:1234", false),
            ("http://localhost", "https://localhost:1234", false),
            ("https://a.example/x", "https://a.example/x", true),
            ("https://a.example/x", "https://a.example:444/x", false),
            ("https://a.example/x", "https://a.example/x/", false),
        ] {
            assert_eq!(is_same_redirect(registered, asked), same, "{registered} {asked}");
        }
    }
}
