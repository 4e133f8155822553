//! When a handler counts as ready (`HttpWorkerChannel.DelayUntilWokerInitialized`,
//! `DefaultHttpWorkerService.IsWorkerReady`).

use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::environment::HOST_VERSION;

/// What waiting for readiness leaves.
#[derive(Debug)]
pub(super) struct Ready {
    /// A client for this process alone: no request ever goes out on a connection to the process before.
    pub client: reqwest::Client,
    /// From the spawn until the port accepted a connection.
    pub start: Duration,
}

/// Polls `GET /` every 25 ms until there is any answer at all. Only a refused connection means "not yet".
pub(super) async fn wait(port: u16, spawned: Instant, limit: Duration) -> Result<Ready, String> {
    let client = client()?;
    let both = async { tokio::join!(accepts(port, spawned), answers(&client, port)) };
    match timeout(limit, both).await {
        Ok((start, ())) => Ok(Ready { client, start }),
        Err(_) => Err("Initializing HttpWorker timed out.".to_owned()),
    }
}

/// Every request to the handler, of any kind, goes through such a client.
fn client() -> Result<reqwest::Client, String> {
    let builder = reqwest::Client::builder()
        .no_proxy()
        .no_gzip()
        .http1_only()
        // Loopback http only: there is no certificate to check, and loading the system's would cost start-up
        // time.
        .tls_certs_only([])
        .user_agent(format!("Azure-Functions-Host/{HOST_VERSION}"));
    builder.build().map_err(|error| format!("building a client: {error}"))
}

async fn answers(client: &reqwest::Client, port: u16) {
    let url = format!("http://127.0.0.1:{port}/");
    while let Err(error) = client.get(&url).send().await {
        if !error.is_connect() {
            return;
        }
        sleep(Duration::from_millis(25)).await;
    }
}

async fn accepts(port: u16, spawned: Instant) -> Duration {
    while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        sleep(Duration::from_millis(1)).await;
    }
    spawned.elapsed()
}
