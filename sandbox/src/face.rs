//! A TLS face before a plain server: HTTPS, and HTTP/2 where the client wants it, with the faults of connections.
//!
//! It passes bytes on and understands of HTTP/2 no more than the heads of frames (RFC 9113, section 4.1), of HTTP/1.1 no
//! more than that an answer begins with its name. A [`Broken`] connection is one of many: those after it work.

use std::{
    collections::HashSet,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::Context as _;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, sink},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig, server::TlsStream};

use crate::{loopback::Server, script::lock};

/// Longest wait for a client to shake hands.
const HANDSHAKE: Duration = Duration::from_secs(10);
const HEAD: usize = 9;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const GOAWAY: u8 = 7;
const INTERNAL_ERROR: u32 = 2;

/// How a connection goes wrong, in place of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// The connection sends nothing and ignores everything, as when a middlebox has forgotten it.
    Silence,
    /// The server says goodbye and closes (GOAWAY); over HTTP/1.1 it closes.
    Goodbye,
    /// The stream is reset (RST_STREAM); over HTTP/1.1 the connection is closed.
    Reset,
    /// The connection is closed in the middle.
    Cut,
}

/// The behaviour of the next connection.
#[derive(Debug, Clone, Copy)]
pub struct Broken {
    /// Answers that are passed on before.
    pub after: usize,
    /// The fault.
    pub how: Break,
}

/// A bound face with nothing behind it yet, so that what is behind it can know its origin.
pub struct Bound {
    listener: TcpListener,
    origin: String,
}

/// An open face. Clones are handles to the same one.
#[derive(Clone)]
pub struct Face {
    server: Server,
    inner: Arc<Inner>,
}

struct Inner {
    config: Mutex<Arc<ServerConfig>>,
    next: Mutex<Vec<Broken>>,
    connections: Mutex<usize>,
}

impl Bound {
    /// Binds a port of the system's choice.
    pub async fn new() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("bind a port for TLS")?;
        let origin = format!("https://localhost:{}", listener.local_addr()?.port());
        Ok(Self { listener, origin })
    }

    /// `https://localhost:<port>`.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Opens it before the plain server at `behind`, with the certificate of `config`.
    pub(crate) fn open(self, behind: SocketAddr, config: Arc<ServerConfig>) -> Face {
        let inner =
            Arc::new(Inner { config: config.into(), next: Mutex::default(), connections: Mutex::default() });
        let (listener, serving) = (self.listener, inner.clone());
        let server = Server::new(self.origin, async move {
            while let Ok((stream, _)) = listener.accept().await {
                let broken = serving.accepted();
                let acceptor = TlsAcceptor::from(lock(&serving.config).clone());
                tokio::spawn(async move {
                    if let Ok(Ok(client)) = timeout(HANDSHAKE, acceptor.accept(stream)).await {
                        // Either side may go at any time: that is what connections do.
                        let _ = pass_on(client, behind, broken).await;
                    }
                });
            }
        });
        Face { server, inner }
    }
}

impl Face {
    /// `https://localhost:<port>`.
    pub fn origin(&self) -> &str {
        self.server.origin()
    }

    /// The next connection that is opened breaks; called again, the one after it.
    pub fn break_next(&self, broken: Broken) {
        lock(&self.inner.next).push(broken);
    }

    /// From now on the certificate is of an authority that nobody trusts.
    pub fn distrust(&self) -> anyhow::Result<()> {
        let (config, _) = crate::identity::throw_away()?;
        *lock(&self.inner.config) = config;
        Ok(())
    }

    /// Connections that were opened so far.
    pub fn connections(&self) -> usize {
        *lock(&self.inner.connections)
    }
}

impl Inner {
    fn accepted(&self) -> Option<Broken> {
        *lock(&self.connections) += 1;
        let mut next = lock(&self.next);
        (!next.is_empty()).then(|| next.remove(0))
    }
}

async fn pass_on(
    client: TlsStream<TcpStream>,
    behind: SocketAddr,
    broken: Option<Broken>,
) -> std::io::Result<()> {
    let is_h2 = client.get_ref().1.alpn_protocol() == Some(b"h2");
    let (mut from_client, mut to_client) = tokio::io::split(client);
    let (mut from_server, mut to_server) = TcpStream::connect(behind).await?.into_split();
    let answers = async {
        match is_h2 {
            true => frames(&mut from_server, &mut to_client, broken).await,
            false => segments(&mut from_server, &mut to_client, broken).await,
        }
    };
    let asked = async { tokio::io::copy(&mut from_client, &mut to_server).await.map(drop) };
    let ended = tokio::select! {
        ended = answers => ended?,
        asked = asked => return asked,
    };
    if ended == End::Silent {
        // All bytes are dropped. Only the client ends the connection.
        tokio::io::copy(&mut from_client, &mut sink()).await?;
    }
    to_client.shutdown().await
}

#[derive(PartialEq, Eq)]
enum End {
    Closed,
    Silent,
}

/// HTTP/2: frames are passed on until the fault's answer begins.
async fn frames(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    broken: Option<Broken>,
) -> std::io::Result<End> {
    let (mut answers, mut reset) = (0, HashSet::new());
    loop {
        let mut frame = vec![0; HEAD];
        if from.read_exact(&mut frame).await.is_err() {
            return Ok(End::Closed);
        }
        let length = u32::from_be_bytes([0, frame[0], frame[1], frame[2]]) as usize;
        let (kind, stream) = (frame[3], u32::from_be_bytes([frame[5], frame[6], frame[7], frame[8]]));
        frame.resize(HEAD + length, 0);
        from.read_exact(&mut frame[HEAD..]).await?;
        answers += usize::from(kind == HEADERS);
        if let Some(broken) = broken.filter(|broken| kind == HEADERS && answers == broken.after + 1) {
            match broken.how {
                Break::Silence => return Ok(End::Silent),
                Break::Cut => return Ok(End::Closed),
                Break::Goodbye => {
                    // No stream of this one or later was looked at.
                    let last = stream.saturating_sub(2).to_be_bytes();
                    to.write_all(&control(GOAWAY, 0, &[last, [0; 4]].concat())).await?;
                    return Ok(End::Closed);
                }
                Break::Reset => {
                    reset.insert(stream);
                    to.write_all(&control(RST_STREAM, stream, &INTERNAL_ERROR.to_be_bytes())).await?;
                }
            }
        }
        if !reset.contains(&stream) {
            to.write_all(&frame).await?;
        }
        to.flush().await?;
    }
}

/// A frame without flags.
fn control(kind: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    let head = [length[1], length[2], length[3], kind, 0];
    [&head[..], &stream.to_be_bytes(), payload].concat()
}

/// HTTP/1.1: what the server writes is passed on until the fault's answer begins.
async fn segments(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    broken: Option<Broken>,
) -> std::io::Result<End> {
    let (mut answers, mut bytes) = (0, vec![0; 64 << 10]);
    loop {
        let read = from.read(&mut bytes).await?;
        if read == 0 {
            return Ok(End::Closed);
        }
        answers += usize::from(bytes[..read].starts_with(b"HTTP/1."));
        if let Some(broken) = broken.filter(|broken| answers > broken.after) {
            return Ok(if broken.how == Break::Silence { End::Silent } else { End::Closed });
        }
        to.write_all(&bytes[..read]).await?;
        to.flush().await?;
    }
}
