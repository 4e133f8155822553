//! PEM: the key and its certificate, and those that issued it, in any order (RFC 7468).

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::{Found, key::Key};

/// How an encrypted key begins, in the form of PKCS #8 and in OpenSSL's older one.
const ENCRYPTED: [&[u8]; 2] = [b"-----BEGIN ENCRYPTED PRIVATE KEY-----", b"Proc-Type: 4,ENCRYPTED"];

pub(super) fn is_pem(bytes: &[u8]) -> bool {
    contains(bytes, b"-----BEGIN ")
}

pub(super) fn read(bytes: &[u8]) -> Result<Found, String> {
    if ENCRYPTED.iter().any(|start| contains(bytes, start)) {
        return Err(
            "holds an encrypted private key, and only a PFX file may have a password; make one (openssl \
                    pkcs12 -export -in <this file> -out <certificate.pfx>), or decrypt the key (openssl pkey)"
                .into(),
        );
    }
    let key = PrivateKeyDer::from_pem_slice(bytes).map_err(|_| {
        "holds no private key; append the key of the certificate (-----BEGIN PRIVATE KEY-----)".to_owned()
    })?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(bytes).collect();
    let certificates = certificates.map_err(|_| "holds a certificate that cannot be read".to_owned())?;
    if certificates.is_empty() {
        return Err("holds no certificate; append that of the key (-----BEGIN CERTIFICATE-----)".into());
    }
    Ok(Found { certificates, key: Key::read(key.secret_der())? })
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
