//! The next step after an identity server gave no token; pure.

use super::cause::{Cause, Refused};
use crate::credentials::by_code::{App, by_code};
use crate::credentials::credential::Credential;
use crate::credentials::registration::Registration;

/// What to do.
pub(super) fn step(cause: &Cause, credential: &Credential) -> String {
    match (cause, app(credential)) {
        (Cause::NoConnection { untrusted: true }, _) => {
            "set SSL_CERT_FILE to a PEM file with the authorities to trust".into()
        }
        (_, None) => without_registration(credential),
        (Cause::Status(status, refused), Some(app)) if status.is_client_error() => {
            let by_code = refused.code.and_then(|code| by_code(code, app));
            by_code.unwrap_or_else(|| by_error(refused, app))
        }
        _ => "the next turn tries again; if this stays, check AZURE_AUTHORITY_HOST and the way there".into(),
    }
}

fn app(credential: &Credential) -> Option<App<'_>> {
    match credential {
        Credential::ClientSecret(app) => Some(App(&app.registration, "AZURE_CLIENT_SECRET")),
        Credential::ClientCertificate(app) => Some(App(&app.registration, "AZURE_CLIENT_CERTIFICATE_PATH")),
        Credential::WorkloadIdentity(app) => Some(App(&app.registration, "AZURE_FEDERATED_TOKEN_FILE")),
        _ => None,
    }
}

fn without_registration(credential: &Credential) -> String {
    match credential {
        Credential::ManagedIdentity(identity) => format!(
            "check that a managed identity is assigned and, if user-assigned, named by {}",
            identity.setting
        ),
        other => format!("`{}` was asked for it; name another credential if this stays", other.name()),
    }
}

/// What an OAuth error asks for, whose code is not known here.
fn by_error(refused: &Refused, App(Registration { setting, .. }, proof): App<'_>) -> String {
    let step = match refused.error.as_deref() {
        Some("unauthorized_client") => {
            format!("the app may not ask this way: check {setting} and AZURE_TENANT_ID")
        }
        Some("interaction_required" | "invalid_grant") => {
            "Entra wants a person to sign in: name a credential with which one does".into()
        }
        Some("invalid_scope") => "check GRAPH_SCOPES".into(),
        _ => format!("check AZURE_TENANT_ID, {setting} and {proof}"),
    };
    match refused.code {
        Some(code) => format!("{step}; what it means: https://login.microsoftonline.com/error?code={code}"),
        None => step,
    }
}
