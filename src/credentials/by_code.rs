//! The next step after a code of Entra's; pure. Codes:
//! <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>, and for federated credentials
//! <https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations#errors>.

use crate::credentials::registration::Registration;

/// An app registration, and the setting with what proves that the app is it.
#[derive(Clone, Copy)]
pub struct App<'a>(pub &'a Registration, pub &'static str);

/// What a code of Entra's asks for about the app registration of a delegated credential, which has a client secret or a
/// certificate: an assertion that is refused was signed with the certificate.
pub(in crate::credentials) fn of_registration(code: u32, registration: &Registration) -> Option<String> {
    let proof = match code {
        700_024 | 700_027 => "AZURE_CLIENT_CERTIFICATE_PATH",
        _ => "AZURE_CLIENT_SECRET",
    };
    by_code(code, App(registration, proof))
}

/// What a code of Entra's asks for.
pub fn by_code(code: u32, App(Registration { client_id, setting, .. }, proof): App<'_>) -> Option<String> {
    Some(match code {
        7_000_215 => "the client secret is wrong: set AZURE_CLIENT_SECRET to its value, not to its id".into(),
        7_000_222 => format!(
            "the client secret has expired: create a new one (az ad app credential reset --id {client_id} \
             --append) and set AZURE_CLIENT_SECRET to its value"
        ),
        700_016 => format!(
            "the tenant has no such app registration: set {setting} to its client id, or AZURE_TENANT_ID to \
             its tenant"
        ),
        7_000_112 => format!(
            "the app is disabled in this tenant: enable it (az ad sp update --id {client_id} --set \
             accountEnabled=true)"
        ),
        90002 | 900_023 => {
            "there is no such tenant in this cloud: set AZURE_TENANT_ID to its id, or AZURE_CLOUD".into()
        }
        700_027 => format!(
            "the app registration does not know the certificate in {proof}: add it (az ad app credential reset --id \
             {client_id} --cert @<certificate.pem> --append), or name the file of one that it knows"
        ),
        700_024 => format!(
            "what {proof} gives is not valid at this time: check the clock of this machine, and that the platform \
             still renews it"
        ),
        70021 | 700_211 | 700_213 => format!(
            "no federated credential of the app has the issuer and subject of the token in {proof}: compare them \
             (az ad app federated-credential list --id {client_id})"
        ),
        700_212 => format!(
            "the audience of the token in {proof} is not that of the federated credential, which is usually \
             api://AzureADTokenExchange (az ad app federated-credential list --id {client_id})"
        ),
        50013 | 5_002_738 => format!(
            "the signature of what {proof} gives is not accepted: Entra takes RSA keys only, and a federated token \
             has to be signed by its issuer"
        ),
        500_011 => {
            "the tenant does not know the resource: check GRAPH_SCOPES, GRAPH_ENDPOINT and AZURE_CLOUD".into()
        }
        70011 | 1_002_012 => "Entra does not know the scope: check GRAPH_SCOPES".into(),
        53003 => {
            "a Conditional Access policy forbids it: have the app excluded, or let it run where it may".into()
        }
        65001 => format!("nobody has consented: az ad app permission admin-consent --id {client_id}"),
        _ => return None,
    })
}
