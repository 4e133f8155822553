//! PKCS #12, which Windows and Key Vault call PFX (RFC 7292): one key with its certificates, behind a password.

use p12_keystore::KeyStore;
use p12_keystore::error::Error;
use rustls_pki_types::CertificateDer;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Found, key::Key};

pub(super) fn read(bytes: &[u8], password: Option<&SecretString>) -> Result<Found, String> {
    let stated = password.map(SecretString::expose_secret).unwrap_or_default();
    let store = KeyStore::from_pkcs12(bytes, stated).map_err(|error| match (error, password) {
        (Error::MacError(_) | Error::Pkcs5Error(_) | Error::UnpadError, None) => {
            "is protected by a password; set AZURE_CLIENT_CERTIFICATE_PASSWORD to it".to_owned()
        }
        (Error::MacError(_) | Error::Pkcs5Error(_) | Error::UnpadError, Some(_)) => {
            "is protected by another password than the one in AZURE_CLIENT_CERTIFICATE_PASSWORD".to_owned()
        }
        _ => "is neither PEM nor a PFX file (PKCS #12) that can be read; name a file of one of these forms"
            .to_owned(),
    })?;
    let Some((_, chain)) = store.private_key_chain() else {
        return Err("holds no private key with its certificate; export both into it".into());
    };
    let certificates =
        chain.chain().iter().map(|certificate| CertificateDer::from(certificate.as_der().to_vec())).collect();
    Ok(Found { certificates, key: Key::read(chain.key())? })
}
