//! Words for what azure_identity's errors carry.

use azure_core::Error;

use super::*;
use crate::credentials::{ClientSecret, ManagedIdentity};

fn app() -> Credential {
    Credential::ClientSecret(ClientSecret {
        registration: Registration {
            authority: "https://login.example".parse().unwrap(),
            tenant_id: "contoso.example".into(),
            client_id: "app-id".into(),
            setting: "COSMOS_CLIENT_ID",
        },
        secret: "hush".to_owned().into(),
    })
}

fn managed() -> Credential {
    Credential::ManagedIdentity(ManagedIdentity { client_id: None, setting: "AZURE_CLIENT_ID" })
}

/// As azure_identity wraps what its pipeline gave it.
fn wrapped(inner: Error) -> Error {
    Error::with_error(
        ErrorKind::Credential,
        inner,
        "ClientSecretCredential authentication failed. hush\nTo troubleshoot, visit https://aka.ms/x",
    )
}

fn refused(status: StatusCode, code: &str) -> Error {
    let error_code = Some(code.to_owned()).filter(|code| !code.is_empty());
    let kind = ErrorKind::HttpResponse { status, error_code, raw_response: None };
    wrapped(Error::with_message(kind, "AADSTS: hush"))
}

#[test]
fn every_known_code_names_the_setting_to_change() {
    for (code, words) in [
        ("7000215", "set AZURE_CLIENT_SECRET to its value, not to its id"),
        ("7000222", "az ad app credential reset --id app-id --append) and set AZURE_CLIENT_SECRET"),
        ("700016", "set COSMOS_CLIENT_ID to its client id"),
        ("90002", "set AZURE_TENANT_ID to its id"),
        ("50034", "https://login.microsoftonline.com/error?code=50034"),
    ] {
        let said = explain(&refused(StatusCode::Unauthorized, code), &app());
        assert!(said.contains(words) && said.contains(&format!("AADSTS{code};")), "{said}");
        assert!(!said.contains("hush") && !said.contains('\n'), "{said}");
    }
}

#[test]
fn without_a_code_the_status_and_the_way_are_told() {
    let said = explain(&refused(StatusCode::InternalServerError, ""), &app());
    assert_eq!(
        said,
        "the identity server answered status 500; the next turn tries again; if this stays, check \
         AZURE_AUTHORITY_HOST and the way there"
    );
    let said = explain(&refused(StatusCode::BadRequest, ""), &app());
    assert!(said.ends_with("400; check AZURE_TENANT_ID, COSMOS_CLIENT_ID and AZURE_CLIENT_SECRET"), "{said}");
    for (kind, words) in [
        (ErrorKind::Connection, "no connection to the identity server; the next turn"),
        (ErrorKind::Io, "the connection to the identity server broke"),
        (ErrorKind::DataConversion, "cannot be read"),
    ] {
        let said = explain(&wrapped(Error::with_message(kind, "https://login.example hush")), &app());
        assert!(said.contains(words) && !said.contains("hush"), "{said}");
    }
}

#[test]
fn a_certificate_that_is_not_trusted_is_told_apart() {
    let tls = std::io::Error::other("invalid peer certificate: UnknownIssuer");
    let error = wrapped(Error::with_error(ErrorKind::Connection, tls, "retry policy expired"));
    let said = explain(&error, &app());
    assert!(said.contains("certificate") && said.contains("SSL_CERT_FILE"), "{said}");
}

#[test]
fn a_managed_identity_is_told_what_it_needs() {
    let said = explain(&refused(StatusCode::BadRequest, ""), &managed());
    assert_eq!(
        said,
        "the identity server answered status 400; check that a managed identity is assigned and, if \
         user-assigned, named by AZURE_CLIENT_ID"
    );
    let said = explain(&Error::with_message(ErrorKind::Credential, "no answer"), &managed());
    assert!(said.starts_with("no answer; check that"), "{said}");
}
