//! From the start of the process to the first connection that it accepts.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result};

use super::figures::Figures;
use crate::host;
use crate::world::{Setup, World};

/// Starts the handler of this staged product as the host does, and connects until it accepts.
///
/// # Errors
/// When it does not start.
pub async fn start(product: &Path) -> Result<Figures> {
    let world = World::start(Setup { users: 1, ..Setup::new(product) }).await?;
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let binary = product.join("graph-mirror");
    let bytes = std::fs::metadata(&binary).context("the binary")?.len();
    let mut command = Command::new(binary);
    command.env_clear().envs(world.settings().iter().cloned());
    command.env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string()).current_dir(product);
    let begun = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        std::thread::yield_now();
    }
    let listening = begun.elapsed();
    let usage = host::usage_of(child.id());
    child.kill()?;
    child.wait()?;
    world.host.shutdown().await;
    let all = [
        ("startMs", listening.as_secs_f64() * 1000.0),
        ("peakRssMiB", usage.peak_rss_mib),
        ("binaryMB", bytes as f64 / 1e6),
    ];
    Ok(all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}
