//! How another process joins a living world: its settings, as lines for a shell and as JSON.

use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::Result;
use serde_json::{Map, Value, json};
use tempfile::NamedTempFile;

use super::{Living, control};
use crate::identity::SignIn;
use crate::world::{Credential, World};

/// Where the confidential client of the world waits for a code; it is registered there.
const REDIRECT: &str = "http://localhost/signed-in";

/// Everything that another process needs.
#[derive(Debug)]
pub struct Exports {
    /// The settings of the handler, and all addresses.
    environment: Vec<(String, String)>,
    /// The settings of each other credential, by its name.
    credentials: Vec<(&'static str, Vec<(String, String)>)>,
    /// How a device code is approved.
    approve: String,
    /// How a code for the app is got.
    code: String,
    control: String,
    /// A user's token for the app's own API, as a client of that API sends it.
    _assertion: NamedTempFile,
}

impl Exports {
    /// Those of this world. Files that they name are gone with the world, and with this.
    ///
    /// # Errors
    /// When the user cannot be signed in, or a file cannot be written.
    pub async fn of(world: &World, living: &Living) -> Result<Self> {
        let keys = world.host.keys();
        let url = world.host.url();
        let authority = world.entra.authority_file().to_string_lossy().into_owned();
        let named = [
            ("FUNCTIONS_URL", url.clone()),
            ("FUNCTION_KEY", keys.function.clone()),
            ("MASTER_KEY", keys.master),
            ("STATUS_PAGE", format!("{url}/api/status?code={}", keys.function)),
            ("WORLD", living.control().to_owned()),
            ("ENTRA", world.entra.origin().to_owned()),
            ("ENTRA_CA_FILE", authority.clone()),
        ];
        let mut environment = world.settings_with_key();
        environment.extend(named.map(|(name, value)| (name.to_owned(), value)));
        let user = world.identity.users().into_iter().next().map(|user| user.user_principal_name);
        let user = user.unwrap_or_default();
        environment.push(("ENTRA_USER".into(), user.clone()));
        let mut assertion = NamedTempFile::new()?;
        assertion.write_all(world.entra.visitor().token_for_api(&user).await?.as_bytes())?;
        let credential = |one: Credential| {
            let mut settings = vec![("GRAPH_CREDENTIAL".to_owned(), one.name().to_owned())];
            settings.extend(one.settings(&world.identity, &world.entra, &world.tools));
            let path = || assertion.path().to_string_lossy().into_owned();
            settings.extend(match one {
                Credential::AuthorizationCode => Some(("GRAPH_REDIRECT_URI".to_owned(), REDIRECT.to_owned())),
                Credential::OnBehalfOf => Some(("GRAPH_USER_ASSERTION_FILE".to_owned(), path())),
                _ => None,
            });
            (one.name(), settings)
        };
        let origin = world.entra.origin();
        Ok(Self {
            environment,
            credentials: Credential::ALL.map(credential).into(),
            approve: format!("curl --cacert '{authority}' -d otc=CODE -d username='{user}' {origin}/device"),
            code: code(world, &authority, &user),
            control: living.control().to_owned(),
            _assertion: assertion,
        })
    }

    /// The address of the status page, with the function key.
    pub fn status_page(&self) -> &str {
        self.environment.iter().find(|(name, _)| name == "STATUS_PAGE").map_or("", |(_, value)| value)
    }

    /// Lines for a shell; comments say what else can be done.
    pub fn shell(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.environment {
            // Writing to a string does not fail.
            let _ = writeln!(text, "export {}", assigned(name, value));
        }
        text +=
            "\n# To be somebody else towards Graph, one of these as well, each in a terminal of its own:\n";
        for (_, settings) in &self.credentials {
            let all: Vec<_> = settings.iter().map(|(name, value)| assigned(name, value)).collect();
            let _ = writeln!(text, "# export {}", all.join(" "));
        }
        let _ = writeln!(
            text,
            "# A device code is approved in a browser, or with CODE in place of itself by\n# {}",
            self.approve
        );
        let _ = writeln!(
            text,
            "# A code for authorization-code (GRAPH_AUTHORIZATION_CODE) is in the address that this prints:\n# {}",
            self.code
        );
        let _ = writeln!(text, "\n# The tenant changes by itself. By hand:");
        for line in control::help(&self.control).lines() {
            let _ = writeln!(text, "# {line}");
        }
        text
    }

    /// The same as JSON: `environment`, `credentials` by their names, `approve`, `code`.
    pub fn json(&self) -> Value {
        let object = |settings: &[(String, String)]| {
            settings.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect::<Map<_, _>>()
        };
        let credentials: Map<_, _> = self
            .credentials
            .iter()
            .map(|(name, settings)| ((*name).to_owned(), object(settings).into()))
            .collect();
        json!({
            "environment": object(&self.environment), "credentials": credentials, "approve": self.approve,
            "code": self.code,
        })
    }
}

/// The command that signs the user in to the confidential client, as its sign-in page does.
fn code(world: &World, authority: &str, user: &str) -> String {
    let (client_id, scopes) =
        (world.entra.client_id(), format!("{}/.default offline_access", world.graph.endpoint()));
    let sign_in = SignIn { client_id: &client_id, redirect: REDIRECT, scopes: &scopes, challenge: None };
    let address = world.entra.visitor().sign_in_address(&sign_in);
    format!(
        "curl --silent --output /dev/null --write-out '%{{redirect_url}}\\n' --cacert '{authority}' -d username='{user}' \
         '{address}'"
    )
}

/// Programs of a folder come before those of the same name elsewhere.
fn assigned(name: &str, value: &str) -> String {
    let value = value.replace('\'', r"'\''");
    if name == "PATH" { format!("PATH='{value}':\"$PATH\"") } else { format!("{name}='{value}'") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_what_a_shell_reads() {
        assert_eq!(assigned("A", "it's $5"), r"A='it'\''s $5'");
        assert_eq!(assigned("PATH", "/tools"), "PATH='/tools':\"$PATH\"");
    }
}
