//! An application that signs in with a client secret and lists users, by its application permissions.
//!
//! It needs `AZURE_TENANT_ID`, `AZURE_CLIENT_ID` and `AZURE_CLIENT_SECRET` of an app registration that has the
//! application permission `User.Read.All` with the consent of an administrator:
//!
//! ```sh
//! cargo run --example client_secret
//! ```

use std::time::Duration;

use futures_util::TryStreamExt as _;
use graph_mirror::credentials::cached;
use graph_mirror::graph::{Client, Get, Options, objects};
use graph_mirror::settings::{Settings, environment};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    display_name: Option<String>,
    user_principal_name: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // The settings as they are, but for the credential: the secret and nothing else.
    let settings = Settings::for_graph(|name| match name {
        "GRAPH_CREDENTIAL" => Some("client-secret".into()),
        other => environment(other),
    })?;
    let options = Options { origin: settings.graph.endpoint, scopes: settings.graph.scopes };
    let client = Client::new(options, cached(settings.credential));

    let request = Get::path("/users").select(["displayName", "userPrincipalName"]).top(50);
    let mut users = objects(&client, request, Duration::from_secs(120));
    while let Some(user) = users.try_next().await? {
        let user: User = serde_json::from_str(user.get())?;
        println!("{}\t{}", user.user_principal_name, user.display_name.unwrap_or_default());
    }
    Ok(())
}
