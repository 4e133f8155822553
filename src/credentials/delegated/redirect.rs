//! The port of this machine to which the browser brings the answer of a sign-in, RFC 8252, section 7.3.
//!
//! Promises: it listens on loopback only, one answer is taken, the browser gets a page before the port closes, and no
//! page repeats anything of the answer. Requests that are no answer (a browser asks for an icon) get a 404.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use url::form_urlencoded;

use super::failure::Refusal;

/// Longest wait for the browser to take its page.
const LAST_PAGE: Duration = Duration::from_secs(2);

/// What the browser brought.
#[derive(Debug)]
pub enum Answer {
    /// An authorization code.
    Code(SecretString),
    /// A refusal.
    Refused(Refusal),
    /// An answer to something else.
    WrongState,
}

/// A port that is listened on.
#[derive(Debug)]
pub struct Listener {
    port: u16,
    v4: TcpListener,
    v6: Option<TcpListener>,
}

struct Desk {
    state: String,
    answers: mpsc::Sender<Answer>,
}

impl Listener {
    /// Takes a free port.
    ///
    /// # Errors
    /// The operating system's.
    pub async fn bind() -> std::io::Result<Self> {
        let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = v4.local_addr()?.port();
        // `localhost` may mean either; where there is no IPv6, browsers take the other one.
        let v6 = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await.ok();
        Ok(Self { port, v4, v6 })
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Waits for the answer to the sign-in with this `state`; none only where the listener failed.
    pub async fn answer(self, state: &str) -> Option<Answer> {
        let (answers, mut answered) = mpsc::channel(1);
        let router = Router::new()
            .route("/", get(receive))
            .with_state(Arc::new(Desk { state: state.to_owned(), answers }));
        // The servers end when `end` is dropped, also where this future is dropped first.
        let (end, ended) = watch::channel(());
        let listeners = std::iter::once(self.v4).chain(self.v6);
        let servers: Vec<_> = listeners.map(|listener| serve(listener, &router, &ended)).collect();
        // Only the servers keep the sending end.
        drop(router);
        let answer = answered.recv().await;
        drop(end);
        for server in servers {
            let _ = tokio::time::timeout(LAST_PAGE, server).await;
        }
        answer
    }
}

fn serve(listener: TcpListener, router: &Router, ended: &watch::Receiver<()>) -> JoinHandle<()> {
    let (router, mut ended) = (router.clone(), ended.clone());
    tokio::spawn(async move {
        let ended = async move {
            let _ = ended.changed().await;
        };
        let _ = axum::serve(listener, router).with_graceful_shutdown(ended).await;
    })
}

async fn receive(State(desk): State<Arc<Desk>>, RawQuery(query): RawQuery) -> Response {
    let Some(answer) = read(query.as_deref().unwrap_or_default(), &desk.state) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let (status, sentence) = match &answer {
        Answer::Code(_) => (
            StatusCode::OK,
            "graph-mirror has the answer. You can close this page and go back to the terminal.",
        ),
        Answer::Refused(_) => (StatusCode::OK, "Nobody was signed in. The terminal says why."),
        Answer::WrongState => (
            StatusCode::BAD_REQUEST,
            "This answer belongs to another sign-in and was refused. The terminal says what to do.",
        ),
    };
    // Only the first one is taken.
    let _ = desk.answers.try_send(answer);
    page(status, sentence)
}

/// What a query brings; none where it is no answer.
fn read(query: &str, state: &str) -> Option<Answer> {
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    let member = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_ref());
    let (code, error) = (member("code"), member("error"));
    code.or(error)?;
    if member("state") != Some(state) {
        return Some(Answer::WrongState);
    }
    Some(match (code, error) {
        (Some(code), None) => Answer::Code(code.to_owned().into()),
        (_, error) => {
            let description = member("error_description").unwrap_or_default();
            Answer::Refused(Refusal::redirected(error.unwrap_or_default(), description))
        }
    })
}

fn page(status: StatusCode, sentence: &str) -> Response {
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>graph-mirror</title><p>{sentence}</p></html>\n"
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("connection"), "close"),
    ];
    (status, headers, Html(page)).into_response()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn an_answer_needs_our_state() {
        let Some(Answer::Code(code)) = read("code=a%2Fb&state=s&session_state=x", "s") else { panic!() };
        assert_eq!(code.expose_secret(), "a/b");
        for query in ["code=a&state=other", "code=a", "error=access_denied&state=", "code=a&state=S"] {
            assert!(matches!(read(query, "s"), Some(Answer::WrongState)), "{query}");
        }
    }

    #[test]
    fn a_refusal_is_told_by_its_code_and_anything_else_is_no_answer() {
        let query = "error=access_denied&error_description=AADSTS65004%3a+hush&state=s";
        let Some(Answer::Refused(refusal)) = read(query, "s") else { panic!() };
        assert_eq!((refusal.error.as_str(), refusal.code), ("access_denied", Some(65004)));
        for query in ["", "state=s", "x=y"] {
            assert!(read(query, "s").is_none(), "{query}");
        }
    }

    #[tokio::test]
    async fn the_browser_gets_a_page_and_the_port_is_closed_afterwards() {
        let listener = Listener::bind().await.unwrap();
        let origin = format!("http://127.0.0.1:{}", listener.port());
        let answer = tokio::spawn(async move { listener.answer("s").await });
        let icon = reqwest::get(format!("{origin}/favicon.ico")).await.unwrap();
        assert_eq!(icon.status(), 404);
        let page = reqwest::get(format!("{origin}/?code=hush&state=s")).await.unwrap();
        assert_eq!(page.headers()["content-security-policy"], "default-src 'none'; frame-ancestors 'none'");
        let page = page.text().await.unwrap();
        assert!(page.contains("close this page") && !page.contains("hush"), "{page}");
        assert!(matches!(answer.await.unwrap(), Some(Answer::Code(_))));
        assert!(reqwest::get(origin).await.unwrap_err().is_connect());
    }
}
