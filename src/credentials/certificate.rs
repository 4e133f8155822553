//! A certificate with its private key, read from a file, and the assertion that it signs.
//!
//! Promises: the file is read anew for each assertion, so a renewed certificate is taken up without a restart; a file
//! that is no use is a [`Problem`] that names the setting, what is wrong and the next step, and nothing of the file's
//! content. Leaves out on purpose: whether somebody trusts the certificate. Entra knows it by its thumbprint.

use std::path::PathBuf;

use rustls_pki_types::CertificateDer;
use secrecy::SecretString;
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::Registration;
use super::problem::Problem;
use key::Key;

mod assertion;
mod key;
mod pem;
mod pfx;

/// The setting that names the file.
const FILE: &str = "AZURE_CLIENT_CERTIFICATE_PATH";
/// Largest file: hundreds of certificates.
const LARGEST: u64 = 1 << 20;

/// A file with a certificate and its private key: PEM, or PKCS #12 (PFX).
#[derive(Debug, Clone)]
pub struct CertificateFile {
    /// Where it is.
    pub path: PathBuf,
    /// What opens a PFX file; none is the empty password.
    pub password: Option<SecretString>,
    /// Whether the assertion carries the certificate and those that issued it (`x5c`), by which Entra can know the app
    /// by the certificate's subject and issuer: <https://learn.microsoft.com/entra/identity-platform/certificate-credentials>.
    pub send_chain: bool,
}

/// What a file holds, whole and at its time.
struct Certificate {
    /// The certificate of the key, then the others of the file.
    chain: Vec<CertificateDer<'static>>,
    key: Key,
}

/// What a file holds, as it is written there.
struct Found {
    certificates: Vec<CertificateDer<'static>>,
    key: Key,
}

impl CertificateFile {
    /// A new assertion that the app is `registration`: good for ten minutes, for one request.
    pub(super) async fn assertion(&self, registration: &Registration) -> Result<SecretString, Problem> {
        let (file, registration) = (self.clone(), registration.clone());
        // Reading blocks, and opening a PFX file takes as long as its author wanted.
        let made = tokio::task::spawn_blocking(move || {
            let now = OffsetDateTime::now_utc();
            let certificate = file.read(now, &registration.client_id)?;
            assertion::new(&registration, &certificate, file.send_chain, now, uuid::Uuid::new_v4())
        });
        made.await.unwrap_or_else(|_| Err(self.problem("could not be read; this is a defect")))
    }

    fn read(&self, now: OffsetDateTime, client_id: &str) -> Result<Certificate, Problem> {
        let bytes = self.bytes()?;
        let found =
            if pem::is_pem(&bytes) { pem::read(&bytes) } else { pfx::read(&bytes, self.password.as_ref()) };
        let certificate = found.and_then(Found::matched).map_err(|why| self.problem(&why))?;
        self.check_time(&certificate, now, client_id)?;
        Ok(certificate)
    }

    fn bytes(&self) -> Result<Vec<u8>, Problem> {
        let length = std::fs::metadata(&self.path).map(|found| found.len());
        match length.and_then(|length| if length > LARGEST { Ok(None) } else { std::fs::read(&self.path).map(Some) }) {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(self.problem("is too large for a certificate; name the file with the certificate and its key")),
            Err(error) => Err(self.problem(&format!(
                "cannot be read ({}); name a file with the certificate and its private key that this process may read",
                error.kind()
            ))),
        }
    }

    fn check_time(
        &self,
        certificate: &Certificate,
        now: OffsetDateTime,
        client_id: &str,
    ) -> Result<(), Problem> {
        let (from, until) = certificate.validity().map_err(|why| self.problem(&why))?;
        if now >= until {
            return Err(self.problem(&format!(
                "holds a certificate that expired on {}; renew it, add the new one to the app registration (az ad app \
                 credential reset --id {client_id} --cert @<certificate.pem> --append) and put it into this file",
                until.date()
            )));
        }
        if now < from {
            return Err(self.problem(&format!(
                "holds a certificate that is valid from {} on; wait until then, or check the clock of this machine",
                from.date()
            )));
        }
        Ok(())
    }

    fn problem(&self, what: &str) -> Problem {
        Problem(format!("{FILE}: `{}` {what}", self.path.display()))
    }
}

impl Found {
    /// The certificate of the key comes first.
    fn matched(mut self) -> Result<Certificate, String> {
        let mut is_of_key =
            self.certificates.iter().map(|der| public_key(der).map(|found| found == self.key.public()));
        let Some(at) = is_of_key.position(|is_of_key| is_of_key == Ok(true)) else {
            return Err("holds a private key that belongs to none of its certificates; put the key of the \
                        certificate into it"
                .into());
        };
        let own = self.certificates.remove(at);
        self.certificates.insert(0, own);
        Ok(Certificate { chain: self.certificates, key: self.key })
    }
}

impl Certificate {
    fn validity(&self) -> Result<(OffsetDateTime, OffsetDateTime), String> {
        let parsed = self.chain.first().and_then(|der| parse(der).ok());
        let parsed = parsed.ok_or("holds a certificate that cannot be read")?;
        let validity = parsed.validity();
        Ok((validity.not_before.to_datetime(), validity.not_after.to_datetime()))
    }
}

fn parse<'a>(der: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, String> {
    let parsed = X509Certificate::from_der(der).map_err(|_| "holds a certificate that cannot be read")?;
    Ok(parsed.1)
}

/// The public key, as it is written in the certificate.
fn public_key(der: &CertificateDer<'_>) -> Result<Vec<u8>, String> {
    Ok(parse(der)?.public_key().subject_public_key.data.to_vec())
}

#[cfg(test)]
mod tests;
