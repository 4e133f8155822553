//! Certificates of app registrations, and the files in which an app has them.
//!
//! Every file is made when it is first asked for, by rcgen; only the expired one and the one that nobody knows are of any
//! use beside the registered ones. Forms: <https://learn.microsoft.com/entra/identity-platform/certificate-credentials>,
//! PKCS #12 (RFC 7292), encrypted PKCS #8 (RFC 5958).

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use anyhow::{Context as _, Result};
use aws_lc_rs::digest;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use p12_keystore::{KeyStore, KeyStoreEntry, PrivateKey, PrivateKeyChain};
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_RSA_SHA256};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

use crate::identity::key::{PublicKey, SigningKey};

/// What protects the files that have a password.
pub const CERTIFICATE_PASSWORD: &str = "correct horse";

/// Rounds of the key derivation: few, since this protects nothing and is computed without optimisation.
const ROUNDS: u32 = 1_000;

/// A file with a certificate and its private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CertificateFile {
    /// PEM with an RSA key.
    Pem,
    /// PEM with a P-256 key.
    EcPem,
    /// PKCS #12 with an RSA key, protected by [`CERTIFICATE_PASSWORD`].
    Pfx,
    /// PKCS #12 with an RSA key, whose password is empty.
    PfxWithoutPassword,
    /// PEM whose RSA key is encrypted with [`CERTIFICATE_PASSWORD`].
    EncryptedPem,
    /// PEM with a certificate that is registered and whose time is over.
    ExpiredPem,
    /// PEM with a certificate that is not registered.
    UnknownPem,
}

impl CertificateFile {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Pem,
        Self::EcPem,
        Self::Pfx,
        Self::PfxWithoutPassword,
        Self::EncryptedPem,
        Self::ExpiredPem,
        Self::UnknownPem,
    ];

    /// The name of the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pem => "certificate.pem",
            Self::EcPem => "certificate-ec.pem",
            Self::Pfx => "certificate.pfx",
            Self::PfxWithoutPassword => "certificate-without-password.pfx",
            Self::EncryptedPem => "certificate-encrypted.pem",
            Self::ExpiredPem => "certificate-expired.pem",
            Self::UnknownPem => "certificate-unknown.pem",
        }
    }
}

/// The public part, as Entra keeps it.
#[derive(Clone, Debug)]
pub(super) struct Certificate {
    pub der: Vec<u8>,
    pub public: PublicKey,
    pub until: OffsetDateTime,
}

impl Certificate {
    /// SHA-1 of the certificate, as in the header `x5t`.
    pub fn x5t(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &self.der))
    }

    /// SHA-256 of the certificate, as in the header `x5t#S256`.
    pub fn x5t_s256(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, &self.der))
    }
}

/// The folder with the files that were made so far.
pub(super) struct Files {
    folder: TempDir,
    made: BTreeMap<CertificateFile, PathBuf>,
}

impl Files {
    pub fn new() -> Result<Self> {
        Ok(Self { folder: tempfile::tempdir()?, made: BTreeMap::new() })
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The file, and its certificate if the file is new now and Entra is to know it.
    pub fn get(&mut self, which: CertificateFile) -> Result<(PathBuf, Option<Certificate>)> {
        if let Some(path) = self.made.get(&which) {
            return Ok((path.clone(), None));
        }
        let (bytes, certificate) = make(which).with_context(|| format!("making {}", which.name()))?;
        let path = self.folder().join(which.name());
        std::fs::write(&path, bytes)?;
        self.made.insert(which, path.clone());
        Ok((path, (which != CertificateFile::UnknownPem).then_some(certificate)))
    }
}

/// RSA keys take long to make: one for all certificates of this process.
fn rsa_key() -> Result<&'static KeyPair> {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    if let Some(key) = KEY.get() {
        return Ok(key);
    }
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256)?;
    Ok(KEY.get_or_init(|| key))
}

fn make(which: CertificateFile) -> Result<(Vec<u8>, Certificate)> {
    let ec = KeyPair::generate()?;
    let key = match which {
        CertificateFile::EcPem | CertificateFile::UnknownPem => &ec,
        _ => rsa_key()?,
    };
    let now = OffsetDateTime::now_utc();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, format!("graph-mirror sandbox, {}", which.name()));
    params.not_before = now - Duration::days(30);
    params.not_after = match which {
        CertificateFile::ExpiredPem => now - Duration::days(1),
        _ => now + Duration::days(365),
    };
    let until = params.not_after;
    let certificate = params.self_signed(key)?;
    let (der, private) = (certificate.der().to_vec(), key.serialize_der());
    let bytes = match which {
        CertificateFile::Pfx => pfx(&der, &private, CERTIFICATE_PASSWORD)?,
        CertificateFile::PfxWithoutPassword => pfx(&der, &private, "")?,
        CertificateFile::EncryptedPem => {
            format!("{}{}", encrypted(&private)?, certificate.pem()).into_bytes()
        }
        _ => format!("{}{}", key.serialize_pem(), certificate.pem()).into_bytes(),
    };
    let signing = SigningKey::of_pkcs8(&private).context("the key is an RSA or a P-256 key")?;
    Ok((bytes, Certificate { der, public: signing.public().clone(), until }))
}

fn pfx(certificate: &[u8], private: &[u8], password: &str) -> Result<Vec<u8>> {
    let chain = [p12_keystore::Certificate::from_der(certificate)?];
    let chain = PrivateKeyChain::new("graph-mirror", PrivateKey::from_der(private)?, chain);
    let mut store = KeyStore::new();
    store.add_entry("graph-mirror", KeyStoreEntry::PrivateKeyChain(chain));
    let writer = store.writer(password).encryption_iterations(ROUNDS).mac_iterations(ROUNDS);
    Ok(writer.write()?)
}

/// The key as `ENCRYPTED PRIVATE KEY`.
fn encrypted(private: &[u8]) -> Result<String> {
    let parameters =
        pkcs8::pkcs5::pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(ROUNDS, &[7; 16], [9; 16])
            .map_err(|error| anyhow::anyhow!("{error}"))?;
    let document = pkcs8::PrivateKeyInfoRef::try_from(private)
        .and_then(|info| info.encrypt_with_params(parameters, CERTIFICATE_PASSWORD))
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    let pem = document.to_pem("ENCRYPTED PRIVATE KEY", pkcs8::LineEnding::LF)?;
    Ok(pem.to_string())
}
