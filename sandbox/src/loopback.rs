//! A plain-http server on a loopback port that can tear a connection down.
//!
//! All fakes of the sandbox are served through this file. It promises three things: the port is chosen by the system, the
//! server lives as long as somebody holds its [`Server`], and a handler can end the connection it was called on without
//! an answer ([`Cut`]), as a network does. It knows nothing of what is served.

use std::{
    future::pending,
    io,
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll},
};

use anyhow::Context as _;
use axum::{
    Router,
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use futures_util::task::AtomicWaker;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A bound port that serves nobody yet, so that what is served can know its own origin.
pub struct Loopback {
    listener: TcpListener,
    origin: String,
}

impl Loopback {
    /// Binds 127.0.0.1 on a port of the system's choice.
    pub async fn bind() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("bind a loopback port")?;
        let origin = format!("http://{}", listener.local_addr()?);
        Ok(Self { listener, origin })
    }

    /// `http://127.0.0.1:<port>`, without a slash at the end.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Serves the router (HTTP/1.1, and HTTP/2 with prior knowledge) until the last [`Server`] is dropped.
    pub fn serve(self, router: Router) -> Server {
        let origin = self.origin.clone();
        let make = router.into_make_service_with_connect_info::<Cut>();
        Server::new(origin, async move {
            let _never = axum::serve(self, make).await;
        })
    }
}

/// A running server; the last clone that is dropped stops it from accepting.
#[derive(Clone)]
pub struct Server {
    origin: String,
    #[expect(dead_code, reason = "held for its Drop")]
    task: Arc<Task>,
}

impl Server {
    /// Runs what serves the origin, until the last clone is dropped.
    pub(crate) fn new(origin: String, serving: impl Future<Output = ()> + Send + 'static) -> Self {
        Self { origin, task: Arc::new(Task(tokio::spawn(serving))) }
    }

    /// `http://127.0.0.1:<port>`, without a slash at the end.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Its address, of a plain server.
    pub(crate) fn address(&self) -> anyhow::Result<SocketAddr> {
        let address = self.origin.trim_start_matches("http://").parse();
        address.with_context(|| format!("{} is no plain address", self.origin))
    }
}

struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Tears down the connection that a request came on. Handlers take it as `ConnectInfo<Cut>`.
#[derive(Clone, Default)]
pub struct Cut(Arc<CutState>);

#[derive(Default)]
struct CutState {
    end: AtomicU8,
    reader: AtomicWaker,
}

const CLOSE: u8 = 1;
const RESET: u8 = 2;

impl Cut {
    /// Resets the connection at once (RST). Never returns: the caller is dropped together with its connection.
    pub async fn reset<T>(&self) -> T {
        self.end(RESET).await
    }

    /// Closes the connection after what was written so far (FIN). Never returns.
    pub async fn close<T>(&self) -> T {
        // The server writes out what it has whenever a body has nothing to add.
        tokio::task::yield_now().await;
        self.end(CLOSE).await
    }

    async fn end<T>(&self, how: u8) -> T {
        self.0.end.store(how, Ordering::SeqCst);
        self.0.reader.wake();
        pending().await
    }
}

impl Connected<IncomingStream<'_, Loopback>> for Cut {
    fn connect_info(stream: IncomingStream<'_, Loopback>) -> Self {
        stream.io().cut()
    }
}

impl Listener for Loopback {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        loop {
            if let Ok((stream, peer)) = self.listener.accept().await {
                // It only tunes the socket: a request is served correctly without it.
                let _tuned = stream.set_nodelay(true);
                return (Connection { stream, cut: Cut::default() }, peer);
            }
            tokio::task::yield_now().await;
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A TCP connection that obeys its [`Cut`].
pub struct Connection {
    stream: TcpStream,
    cut: Cut,
}

impl Connection {
    /// What tears it down.
    pub(crate) fn cut(&self) -> Cut {
        self.cut.clone()
    }

    fn check(&self) -> io::Result<()> {
        match self.cut.0.end.load(Ordering::SeqCst) {
            0 => Ok(()),
            RESET => self.stream.set_zero_linger().and(Err(io::ErrorKind::ConnectionReset.into())),
            _ => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.cut.0.reader.register(context.waker());
        self.check()?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use axum::{extract::ConnectInfo, routing::get};

    use super::*;

    #[tokio::test]
    async fn a_handler_can_answer_or_tear_the_connection_down() {
        let router = Router::new().route("/answer", get(|| async { "here" })).route(
            "/cut",
            get(|ConnectInfo(cut): ConnectInfo<Cut>| async move { cut.reset::<&str>().await }),
        );
        let server = Loopback::bind().await.unwrap().serve(router);

        for client in
            [reqwest::Client::new(), reqwest::Client::builder().http2_prior_knowledge().build().unwrap()]
        {
            let answer = client.get(format!("{}/answer", server.origin())).send().await.unwrap();
            assert_eq!(answer.text().await.unwrap(), "here");
            assert!(client.get(format!("{}/cut", server.origin())).send().await.is_err());
            assert!(
                client.get(format!("{}/answer", server.origin())).send().await.unwrap().status().is_success()
            );
        }
    }
}
