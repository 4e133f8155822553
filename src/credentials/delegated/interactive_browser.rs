//! `interactive-browser`: a person signs in with the browser on this machine, and the answer comes to a port of it,
//! <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow> with PKCE, RFC 8252 and RFC 7636.
//!
//! Promises: the code is of use to this process only (PKCE), the answer has to carry our `state`, and the port is
//! closed when the sign-in ends, after [`LIFE`] at the latest. An answer with another `state` ends the sign-in: it is
//! forged or belongs to another sign-in, and the person is at the terminal to begin again.

use std::time::Duration;

use url::Url;

use super::ask::Ask;
use super::authorization_code::Code;
use super::failure::Failure;
use super::granted::Granted;
use super::prompt::Prompt;
use super::redirect::{Answer, Listener};
use super::{browser, pkce};

/// How long the answer of the browser is waited for.
pub const LIFE: Duration = Duration::from_secs(5 * 60);

/// Why nobody signed in.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// Entra, or the way to it.
    #[error("the sign-in failed")]
    Failed(Failure),
    /// No port on this machine could be listened on.
    #[error("no free port of localhost can be listened on, to which the browser would bring the answer")]
    NoPort,
    /// The answer does not carry our `state`.
    #[error(
        "an answer with a wrong `state` came to the redirect address; it is not one to this sign-in and was refused"
    )]
    WrongState,
    /// No answer within [`LIFE`].
    #[error("nobody signed in within {} min", LIFE.as_secs() / 60)]
    NoAnswer,
}

/// Opens the browser, and waits until a person has signed in there.
///
/// # Errors
/// [`Ended`].
pub async fn sign_in(ask: &Ask<'_>) -> Result<Granted, Ended> {
    let listener = Listener::bind().await.map_err(|_| Ended::NoPort)?;
    let (state, verifier) = (pkce::random(), pkce::random());
    // Registered as `http://localhost`; Entra takes any port for it:
    // <https://learn.microsoft.com/entra/identity-platform/reply-url#localhost-exceptions>.
    let redirect_uri = format!("http://localhost:{}", listener.port());
    let address = address(ask, &redirect_uri, &state, &pkce::challenge(&verifier))?;
    let is_opened = browser::open(&address);
    ask.show.tell(&Prompt::Browser { address, is_opened, life: LIFE });
    let answer = tokio::time::timeout(LIFE, listener.answer(&state)).await;
    match answer.ok().flatten().ok_or(Ended::NoAnswer)? {
        Answer::Code(code) => {
            let code = Code { code, redirect_uri, verifier: Some(verifier.into()) };
            code.redeem(ask).await.map_err(Ended::Failed)
        }
        Answer::Refused(refusal) => Err(Ended::Failed(Failure::Refused(refusal))),
        Answer::WrongState => Err(Ended::WrongState),
    }
}

/// The address of the sign-in page.
fn address(ask: &Ask<'_>, redirect_uri: &str, state: &str, challenge: &str) -> Result<String, Ended> {
    let address = ask.endpoint.address("authorize");
    let mut url =
        Url::parse(&address).map_err(|_| Ended::Failed(Failure::Nonsense("the authority is no address")))?;
    url.query_pairs_mut()
        .append_pair("client_id", &ask.endpoint.registration().client_id)
        .append_pair("response_type", "code")
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("response_mode", "query")
        .append_pair("scope", ask.scope)
        .append_pair("state", state)
        .append_pair("code_challenge", challenge)
        .append_pair("code_challenge_method", "S256")
        .append_pair("claims", ask.claims);
    Ok(url.into())
}
