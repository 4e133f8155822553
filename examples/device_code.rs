//! A person who signs in with a code, by delegated permissions, and reads who they are.
//!
//! It needs `AZURE_TENANT_ID` and `AZURE_CLIENT_ID` of an app registration that allows public client flows. The sign-in
//! is kept for the next run; `graph-mirror logout` removes it.
//!
//! ```sh
//! cargo run --example device_code
//! ```

use std::time::{Duration, Instant};

use graph_mirror::credentials::{Show, cached};
use graph_mirror::graph::{Client, Get, Options, answer};
use graph_mirror::settings::{Settings, environment};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Me {
    display_name: Option<String>,
    user_principal_name: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let settings = Settings::for_graph(|name| match name {
        "GRAPH_CREDENTIAL" => Some("device-code".into()),
        "GRAPH_SCOPES" => Some("User.Read Calendars.ReadWrite.Shared".into()),
        other => environment(other),
    })?;
    // Says where to sign in, and with which code. The library prints nothing itself.
    let credential = cached(settings.credential.showing(Show::new(|prompt| eprintln!("{prompt}"))));
    let options = Options { origin: settings.graph.endpoint, scopes: settings.graph.scopes };
    let client = Client::new(options, credential);

    let request = Get::path("/me").select(["displayName", "userPrincipalName"]);
    // As long as a person may take to sign in.
    let answer = answer(&client, &request, Instant::now() + Duration::from_secs(900)).await?;
    let me: Me = answer.json()?;
    println!("{}\t{}", me.user_principal_name, me.display_name.unwrap_or_default());
    Ok(())
}
