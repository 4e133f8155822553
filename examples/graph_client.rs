//! An authenticated asynchronous client that makes requests: one object, a list of all pages, several requests at the
//! same time, and an error that is handled by its kind.
//!
//! It takes a user's id or user principal name, and the credential that `GRAPH_CREDENTIAL` and the other settings name:
//!
//! ```sh
//! cargo run --example graph_client -- ada@contoso.example
//! ```

use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures_util::TryStreamExt as _;
use graph_mirror::credentials::cached;
use graph_mirror::graph::{Client, Get, GraphError, Options, answer, objects};
use graph_mirror::settings::{Settings, environment};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let user = std::env::args().nth(1).context("usage: graph_client <user>")?;
    let settings = Settings::for_graph(environment)?;
    let options = Options { origin: settings.graph.endpoint, scopes: settings.graph.scopes };
    let client = Client::new(options, cached(settings.credential));

    // Both at the same time; they share the token and the connection.
    let (name, groups) = tokio::try_join!(display_name(&client, &user), groups(&client))?;
    match name {
        Some(name) => println!("{user} is {name}"),
        None => println!("there is no user {user}"),
    }
    println!("{groups} groups");
    Ok(())
}

/// One object; that there is none is an answer, and everything else that goes wrong is an error.
async fn display_name(client: &Client, user: &str) -> Result<Option<String>, GraphError> {
    let request = Get::path(format!("/users/{user}")).select(["displayName"]);
    match answer(client, &request, Instant::now() + PATIENCE).await {
        Ok(answer) => Ok(answer.json::<Value>()?["displayName"].as_str().map(str::to_owned)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(GraphError::Throttled { after }) => {
            eprintln!("Microsoft Graph asks for {} s of patience, more than there is", after.as_secs());
            Err(GraphError::Throttled { after })
        }
        Err(error) => Err(error),
    }
}

/// All pages of a list, without keeping any of them.
async fn groups(client: &Client) -> Result<usize, GraphError> {
    let request = Get::path("/groups").select(["id"]).top(999);
    let objects = objects(client, request, PATIENCE);
    objects.try_fold(0, |count, _| async move { Ok(count + 1) }).await
}
