//! TLS on a loopback port, with a certificate that only who is told of its authority trusts.
//!
//! The authority lives as long as the process that made it: its key is never written down. The leaf is what
//! rustls and its platform verifier ask for: names in the SAN, `serverAuth`, not itself an authority.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use tokio::sync::mpsc;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivateKeyDer},
    server::TlsStream,
};

use crate::loopback::{Connection, Cut, Loopback};

/// Longest wait for a client that has connected to begin its handshake and end it.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// A server's side of TLS, and the certificate of the authority to trust (PEM).
pub(crate) fn throw_away() -> anyhow::Result<(Arc<ServerConfig>, String)> {
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "graph-mirror sandbox, throw-away authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

    let mut leaf = CertificateParams::new(["localhost", "127.0.0.1"].map(String::from))?;
    leaf.is_ca = IsCa::ExplicitNoCa;
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let leaf = leaf.signed_by(&key, &authority)?;

    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok((Arc::new(config), authority.pem()))
}

/// Connections whose handshake is done. A client that is slow to shake hands keeps nobody else waiting.
pub(super) struct TlsListener {
    address: SocketAddr,
    shaken: mpsc::Receiver<(TlsStream<Connection>, SocketAddr)>,
}

impl TlsListener {
    /// Accepts on the port until it is dropped; then the port is closed.
    pub fn over(mut loopback: Loopback, config: Arc<ServerConfig>) -> io::Result<Self> {
        let address = loopback.local_addr()?;
        let (sender, shaken) = mpsc::channel(1);
        tokio::spawn(async move {
            loop {
                let (connection, peer) = tokio::select! {
                    accepted = loopback.accept() => accepted,
                    () = sender.closed() => return,
                };
                let (acceptor, sender) = (TlsAcceptor::from(Arc::clone(&config)), sender.clone());
                tokio::spawn(async move {
                    let shaken = tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(connection)).await;
                    if let Ok(Ok(stream)) = shaken {
                        let _nobody_listens = sender.send((stream, peer)).await;
                    }
                });
            }
        });
        Ok(Self { address, shaken })
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<Connection>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TlsStream<Connection>, SocketAddr) {
        match self.shaken.recv().await {
            Some(accepted) => accepted,
            // Its task ends only after this receiver.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

impl Connected<IncomingStream<'_, TlsListener>> for Cut {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        stream.io().get_ref().0.cut()
    }
}
