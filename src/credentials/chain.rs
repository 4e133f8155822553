//! `auto` on the command line: the first credential that gives a token, in a fixed order.
//!
//! Promises: the chain keeps to the link that answered, for every scope and for its life, and tells which one that is;
//! when no link answers, one error has each link and why, within [`LONGEST`]. The instance metadata service, which
//! exists on Azure's machines only, gets one second to accept a connection before it is asked. Leaves out on purpose: which links there
//! are. The settings decide that, as far as variables can.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::credential::{Chain, Credential, Link};
use super::explain;
use super::problem::Problem;

/// Longest way through the chain.
const LONGEST: Duration = Duration::from_secs(12);
/// Longest wait for one link …
const LINK: Duration = Duration::from_secs(8);
/// … and the least that is kept for each one after it.
const AFTER: Duration = Duration::from_secs(2);
/// For so long a way through the chain that led nowhere stands for those who ask next: a token for Graph and one for
/// Cosmos are asked for at the same time.
const FAILURE_STANDS: Duration = Duration::from_secs(5);
/// Longest wait for a connection to the instance metadata service, which is on the same host where there is one:
/// <https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service>.
const PROBE: Duration = Duration::from_secs(1);
const METADATA_SERVICE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)), 80);

/// Which credential gave a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Its name.
    pub credential: &'static str,
    /// The links before it: their names, and why they did not.
    pub passed: Vec<(&'static str, String)>,
}

/// Makes one that can be asked for tokens.
type Make = fn(&Credential) -> azure_core::Result<Arc<dyn TokenCredential>>;

/// A chain at work.
#[derive(Debug)]
pub(super) struct Walk {
    links: Vec<Link>,
    make: Make,
    answered: OnceLock<(usize, Answered)>,
    /// Held while the links are tried.
    failed: Mutex<Option<(Instant, String)>>,
}

impl Walk {
    /// A chain whose credentials are made so.
    pub fn new(chain: Chain, make: Make) -> Self {
        Self { links: chain.links, make, answered: OnceLock::new(), failed: Mutex::default() }
    }

    /// The link that answered, once one did.
    pub fn answered(&self) -> Option<Answered> {
        self.answered.get().map(|(_, answered)| answered.clone())
    }

    /// Tries one link after the other.
    async fn first(&self, scopes: &[&str]) -> Result<AccessToken, String> {
        let until = Instant::now() + LONGEST;
        let mut passed = Vec::new();
        for (at, link) in self.links.iter().enumerate() {
            let after = AFTER * (self.links.len() - at - 1) as u32;
            let bound = LINK.min(until.saturating_duration_since(Instant::now()).saturating_sub(after));
            match tokio::time::timeout(bound, token(link, self.make, scopes, None)).await {
                Ok(Ok(token)) => {
                    let answered = Answered { credential: link.name(), passed };
                    answered.log();
                    // Only the holder of the lock comes here, and only once.
                    let _ = self.answered.set((at, answered));
                    return Ok(token);
                }
                Ok(Err(why)) => passed.push((link.name(), why)),
                Err(_) => {
                    passed.push((link.name(), format!("no answer within {:.0} s", bound.as_secs_f64())))
                }
            }
        }
        let each: Vec<_> = passed.iter().map(|(name, why)| format!("{name}: {why}")).collect();
        Err(format!(
            "no credential of `auto` gave a token; {}; name the one that should in GRAPH_CREDENTIAL, or in \
             COSMOS_CREDENTIAL",
            each.join("; ")
        ))
    }
}

#[async_trait::async_trait]
impl TokenCredential for Walk {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        if self.answered.get().is_none() {
            let mut failed = self.failed.lock().await;
            if self.answered.get().is_none() {
                if let Some((_, why)) = failed.as_ref().filter(|(at, _)| at.elapsed() < FAILURE_STANDS) {
                    return Err(Problem(why.clone()).into());
                }
                return match self.first(scopes).await {
                    Ok(token) => Ok(token),
                    Err(why) => {
                        *failed = Some((Instant::now(), why.clone()));
                        Err(Problem(why).into())
                    }
                };
            }
        }
        let Some((at, _)) = self.answered.get() else {
            return Err(Problem("no credential of `auto` gave a token".into()).into());
        };
        let token = token(&self.links[*at], self.make, scopes, options).await;
        token.map_err(|why| Problem(why).into())
    }
}

async fn token(
    link: &Link,
    make: Make,
    scopes: &[&str],
    options: Option<TokenRequestOptions<'_>>,
) -> Result<AccessToken, String> {
    let credential = match link {
        Link::Skipped(_, why) => return Err((*why).to_owned()),
        Link::Asked(credential) => credential.as_ref().clone(),
        Link::Metadata(identity) => {
            probe().await?;
            Credential::ManagedIdentity(identity.clone())
        }
    };
    let token = match make(&credential) {
        Ok(made) => made.get_token(scopes, options).await,
        Err(error) => Err(error),
    };
    token.map_err(|error| explain::explain(&error, &credential))
}

/// Whether anything listens where the instance metadata service would.
async fn probe() -> Result<(), String> {
    let connected = tokio::time::timeout(PROBE, tokio::net::TcpStream::connect(METADATA_SERVICE)).await;
    match connected {
        Ok(Ok(_)) => Ok(()),
        _ => {
            Err("there is no identity endpoint (IDENTITY_ENDPOINT) and no instance metadata service here"
                .into())
        }
    }
}

impl Answered {
    fn log(&self) {
        let passed: Vec<_> = self.passed.iter().map(|(name, why)| format!("{name}: {why}")).collect();
        tracing::info!(
            event = "credential_answered",
            credential = self.credential,
            passed = passed.join("; "),
            "the first credential of `auto` that gave a token is used from now on"
        );
    }
}

#[cfg(test)]
mod tests;
