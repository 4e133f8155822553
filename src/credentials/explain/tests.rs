//! Words for what azure_identity's errors carry.

use azure_core::Error;
use azure_core::http::StatusCode;

use super::*;
use crate::credentials::{AzureCli, ClientSecret, ManagedIdentity, Registration, WorkloadIdentity};

fn registration() -> Registration {
    Registration {
        authority: "https://login.example".parse().unwrap(),
        tenant_id: "contoso.example".into(),
        client_id: "app-id".into(),
        setting: "COSMOS_CLIENT_ID",
    }
}

fn federated() -> Credential {
    let token_file = "/var/run/token".into();
    Credential::WorkloadIdentity(WorkloadIdentity { registration: registration(), token_file })
}

fn app() -> Credential {
    Credential::ClientSecret(ClientSecret { registration: registration(), secret: "hush".to_owned().into() })
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
    let error_code = Some(format!("invalid_client:{code}")).filter(|_| !code.is_empty());
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
        ("7000112", "az ad sp update --id app-id"),
        ("65001", "az ad app permission admin-consent --id app-id"),
        ("500011", "check GRAPH_SCOPES, GRAPH_ENDPOINT and AZURE_CLOUD"),
        (
            "50034",
            "and AZURE_CLIENT_SECRET; what it means: https://login.microsoftonline.com/error?code=50034",
        ),
    ] {
        let said = explain(&refused(StatusCode::Unauthorized, code), &app());
        assert!(said.contains(words) && said.contains(&format!("AADSTS{code} (invalid_client);")), "{said}");
        assert!(!said.contains("hush") && !said.contains('\n'), "{said}");
    }
}

#[test]
fn what_is_wrong_with_a_federated_token_names_its_file_and_the_command_that_shows_the_credential() {
    let list = "az ad app federated-credential list --id app-id";
    for (code, words) in [
        ("70021", list),
        ("700211", list),
        ("700212", "api://AzureADTokenExchange"),
        ("700213", list),
        ("700024", "check the clock of this machine"),
        ("50013", "signature"),
        ("700016", "set COSMOS_CLIENT_ID to its client id"),
    ] {
        let said = explain(&refused(StatusCode::BadRequest, code), &federated());
        assert!(said.contains(words), "{said}");
        assert!(code == "700016" || said.contains("AZURE_FEDERATED_TOKEN_FILE"), "{said}");
    }
}

#[test]
fn an_oauth_error_without_a_known_code_is_told_with_what_it_asks_for() {
    for (error, words) in [
        ("unauthorized_client", "check COSMOS_CLIENT_ID and AZURE_TENANT_ID"),
        ("interaction_required", "Entra wants a person to sign in"),
        ("invalid_grant", "Entra wants a person to sign in"),
        ("invalid_scope", "check GRAPH_SCOPES"),
        ("invalid_client", "check AZURE_TENANT_ID, COSMOS_CLIENT_ID and AZURE_CLIENT_SECRET"),
    ] {
        let error_code = Some(format!("{error}:"));
        let kind = ErrorKind::HttpResponse { status: StatusCode::BadRequest, error_code, raw_response: None };
        let said = explain(&wrapped(Error::with_message(kind, "hush")), &app());
        assert!(said.contains(words) && said.contains(&format!("400 ({error});")), "{said}");
    }
}

#[test]
fn a_problem_of_our_own_finding_is_told_as_it_is() {
    let problem: Error = Problem("AZURE_FEDERATED_TOKEN_FILE: `/x` is empty; look there".into()).into();
    for (error, credential) in [
        (wrapped(problem), federated()),
        (
            Problem("AZURE_FEDERATED_TOKEN_FILE: `/x` is empty; look there".into()).into(),
            Credential::AzureCli(AzureCli { tenant_id: None }),
        ),
    ] {
        assert_eq!(explain(&error, &credential), "AZURE_FEDERATED_TOKEN_FILE: `/x` is empty; look there");
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
