//! How long a connection may take to send a request: the listener that ends those which do not get on.
//!
//! A request is read within a bounded time of its first byte, body included, and a new connection sends its first byte
//! within a bounded time of being accepted. A connection that has had an answer may stay idle for as long as its peer
//! likes: the host keeps its connections, and ending one could meet its next request half-way.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Sleep, sleep};

/// How long what may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// From the acceptance of a connection to its first byte.
    pub first: Duration,
    /// From the first byte of a request to its last one.
    pub request: Duration,
}

/// The host is on this machine. A connection that it opened and then had no use for it drops itself after a minute.
pub const PATIENCE: Patience = Patience { first: Duration::from_secs(120), request: Duration::from_secs(30) };

/// A listener that ends connections which do not get on.
pub struct Bounded {
    /// What accepts them.
    pub listener: TcpListener,
    /// How long they have.
    pub patience: Patience,
}

/// Tells a connection that the request on it is read. It comes with each request as `ConnectInfo<Reading>`.
#[derive(Clone)]
pub struct Reading(Arc<AtomicBool>);

impl Reading {
    /// The request is read to its end: from here on its peer waits for us.
    pub fn is_done(&self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Connected<IncomingStream<'_, Bounded>> for Reading {
    fn connect_info(stream: IncomingStream<'_, Bounded>) -> Self {
        Self(stream.io().under_way.clone())
    }
}

impl Listener for Bounded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        // Axum's own: a failure to accept is waited out.
        let (stream, peer) = Listener::accept(&mut self.listener).await;
        (Connection::new(stream, self.patience), peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that is ended when a request takes too long to arrive.
pub struct Connection {
    stream: TcpStream,
    patience: Patience,
    /// Some of a request is here, and not all of it; or nothing has ever come.
    under_way: Arc<AtomicBool>,
    /// When that has to be over; none while nothing is under way.
    end: Option<Pin<Box<Sleep>>>,
    has_begun: bool,
}

impl Connection {
    fn new(stream: TcpStream, patience: Patience) -> Self {
        let end = Some(Box::pin(sleep(patience.first)));
        Self { stream, patience, under_way: Arc::new(AtomicBool::new(true)), end, has_begun: false }
    }

    /// Whether what is under way has taken too long; wakes the task when it has.
    fn is_late(&mut self, context: &mut Context<'_>) -> bool {
        if !self.under_way.load(Ordering::Acquire) {
            self.end = None;
        }
        self.end.as_mut().is_some_and(|end| end.as_mut().poll(context).is_ready())
    }

    /// Something came: a request is under way, at the latest from now on.
    fn came(&mut self) {
        if !self.under_way.swap(true, Ordering::AcqRel) || !self.has_begun {
            self.has_begun = true;
            self.end = Some(Box::pin(sleep(self.patience.request)));
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_late(context) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.came();
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
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
mod tests;
