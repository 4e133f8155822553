//! How another process joins a living world: its settings, as lines for a shell and as JSON.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{Living, control};
use crate::world::{Credential, World};

/// Everything that another process needs.
#[derive(Debug)]
pub struct Exports {
    /// What the handler is set to, and where everything is.
    environment: Vec<(String, String)>,
    /// What makes somebody else of the process, by the name of the credential.
    credentials: Vec<(&'static str, Vec<(String, String)>)>,
    /// How a device code is approved.
    approve: String,
    control: String,
}

impl Exports {
    /// Those of this world. Files that they name are gone with the world.
    pub fn of(world: &World, living: &Living) -> Self {
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
        let credential = |one: Credential| {
            let mut settings = vec![("GRAPH_CREDENTIAL".to_owned(), one.name().to_owned())];
            settings.extend(one.settings(&world.identity, &world.entra, &world.tools));
            (one.name(), settings)
        };
        let origin = world.entra.origin();
        Self {
            environment,
            credentials: Credential::ALL.map(credential).into(),
            approve: format!("curl --cacert '{authority}' -d otc=CODE -d username='{user}' {origin}/device"),
            control: living.control().to_owned(),
        }
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
        let _ = writeln!(text, "\n# The tenant changes by itself. By hand:");
        for line in control::help(&self.control).lines() {
            let _ = writeln!(text, "# {line}");
        }
        text
    }

    /// The same as JSON: `environment`, `credentials` by their names, `approve`.
    pub fn json(&self) -> Value {
        let object = |settings: &[(String, String)]| {
            settings.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect::<Map<_, _>>()
        };
        let credentials: Map<_, _> = self
            .credentials
            .iter()
            .map(|(name, settings)| ((*name).to_owned(), object(settings).into()))
            .collect();
        json!({"environment": object(&self.environment), "credentials": credentials, "approve": self.approve})
    }
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
