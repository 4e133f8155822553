//! Why there is no token, with the next step.
//!
//! The SDK's own words name neither where it is about a status or a connection, and they may carry an
//! address: so its error is read (status, Entra's code, kind) and told in ours. Codes:
//! <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>.

use azure_core::error::ErrorKind;
use azure_core::http::StatusCode;

use super::{Credential, Registration};

/// What the identity server, or the way to it, told.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    /// An answer without a token, with Entra's code if it has one.
    Status(StatusCode, Option<String>),
    /// There was no answer.
    NoConnection { untrusted: bool },
    /// The connection broke before the answer.
    Broken,
    /// An answer that is not what the protocol says.
    Nonsense,
    /// Our own words, or the SDK's about a credential it cannot build.
    Words(String),
}

/// Why there is no token for `credential`, and what to do.
pub(super) fn explain(error: &azure_core::Error, credential: &Credential) -> String {
    let told = told(error);
    let next = match (&told, credential) {
        (Told::NoConnection { untrusted: true }, _) => {
            "set SSL_CERT_FILE to a PEM file with the authorities to trust".to_owned()
        }
        (_, Credential::ManagedIdentity(identity)) => format!(
            "check that a managed identity is assigned and, if user-assigned, named by {}",
            identity.setting
        ),
        (Told::Status(_, Some(code)), Credential::ClientSecret(app)) => next_step(code, &app.registration),
        (Told::Status(status, None), Credential::ClientSecret(app)) if status.is_client_error() => {
            format!("check AZURE_TENANT_ID, {} and AZURE_CLIENT_SECRET", app.registration.setting)
        }
        (_, Credential::ClientSecret(_)) => {
            "the next turn tries again; if this stays, check AZURE_AUTHORITY_HOST and the way there"
                .to_owned()
        }
    };
    format!("{}; {next}", told.sentence())
}

/// What to do about a code of Entra's.
fn next_step(code: &str, app: &Registration) -> String {
    let Registration { client_id, setting, .. } = app;
    match code {
        "7000215" => "the client secret is wrong: set AZURE_CLIENT_SECRET to its value, not to its id".into(),
        "7000222" => format!(
            "the client secret has expired: create a new one (az ad app credential reset --id {client_id} \
             --append) and set AZURE_CLIENT_SECRET to its value"
        ),
        "700016" => format!(
            "the tenant has no such app registration: set {setting} to its client id, or AZURE_TENANT_ID to \
             its tenant"
        ),
        "90002" | "900023" => {
            "there is no such tenant in this cloud: set AZURE_TENANT_ID to its id, or AZURE_CLOUD".into()
        }
        other => format!("what it means: https://login.microsoftonline.com/error?code={other}"),
    }
}

/// The outermost error that says something definite.
fn told(error: &azure_core::Error) -> Told {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = cause {
        match current.downcast_ref::<azure_core::Error>().map(azure_core::Error::kind) {
            Some(ErrorKind::HttpResponse { status, error_code, .. }) => {
                return Told::Status(*status, error_code.clone());
            }
            Some(ErrorKind::Connection) => return Told::NoConnection { untrusted: is_untrusted(current) },
            Some(ErrorKind::Io) => return Told::Broken,
            Some(ErrorKind::DataConversion) => return Told::Nonsense,
            _ => cause = current.source(),
        }
    }
    Told::Words(error.to_string())
}

/// Whether the connection was given up because of the server's certificate.
fn is_untrusted(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = error.source();
    while let Some(current) = cause {
        if current.to_string().contains("invalid peer certificate") {
            return true;
        }
        cause = current.source();
    }
    false
}

impl Told {
    fn sentence(&self) -> String {
        match self {
            Self::Status(status, None) => format!("the identity server answered status {status}"),
            Self::Status(status, Some(code)) => {
                format!("the identity server answered status {status}, AADSTS{code}")
            }
            Self::NoConnection { untrusted: true } => {
                "the certificate of the identity server is not trusted".into()
            }
            Self::NoConnection { untrusted: false } => "there is no connection to the identity server".into(),
            Self::Broken => "the connection to the identity server broke".into(),
            Self::Nonsense => "the identity server's answer cannot be read".into(),
            Self::Words(words) => words.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
