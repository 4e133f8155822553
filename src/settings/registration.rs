//! The app registration: its tenant, authority and client id, and what proves that the app is it.

use std::path::PathBuf;

use secrecy::SecretString;

use super::cloud::Cloud;
use super::kind::Named;
use super::lookup::Reader;
use crate::credentials::{CertificateFile, ClientCertificate, ClientSecret, Registration, WorkloadIdentity};

/// The registration that `named` has the client id of. `anywhere` is the tenant where none is stated; without it the
/// tenant is required.
pub(super) fn registration(
    reader: &mut Reader<'_>,
    cloud: Cloud,
    named: Named,
    anywhere: Option<&str>,
) -> Registration {
    let authority = cloud.authority(reader);
    let stated = reader.text("AZURE_TENANT_ID").or_else(|| anywhere.map(str::to_owned));
    let tenant_id = stated.unwrap_or_else(|| {
        reader.required("AZURE_TENANT_ID", "the id of the tenant of the app registration")
    });
    // It becomes part of an address; azure_identity would refuse it without naming the setting.
    if !tenant_id.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-') {
        reader.problem("AZURE_TENANT_ID", "is neither the id of a tenant nor one of its domain names");
    }
    let Named { id, setting } = named;
    let client_id = id.unwrap_or_else(|| reader.required(setting, "the client id of the app registration"));
    Registration { authority, tenant_id, client_id, setting }
}

/// The registration of an API whose callers a managed identity acts for, if one is named.
pub(super) fn api(reader: &mut Reader<'_>, cloud: Cloud) -> Option<Registration> {
    let setting = "API_CLIENT_ID";
    let id = reader.text(setting);
    id.is_some().then(|| registration(reader, cloud, Named { id, setting }, None))
}

/// The registration with its secret.
pub(super) fn client_secret(reader: &mut Reader<'_>, cloud: Cloud, named: Named) -> ClientSecret {
    let registration = registration(reader, cloud, named, None);
    let secret = reader.required("AZURE_CLIENT_SECRET", "the value (not the id) of a client secret");
    ClientSecret { registration, secret: SecretString::from(secret) }
}

/// The registration with the file of its certificate.
pub(super) fn client_certificate(reader: &mut Reader<'_>, cloud: Cloud, named: Named) -> ClientCertificate {
    let registration = registration(reader, cloud, named, None);
    ClientCertificate { registration, certificate: certificate(reader) }
}

/// The file of a certificate.
pub(super) fn certificate(reader: &mut Reader<'_>) -> CertificateFile {
    let what = "the path of a file with the certificate and its private key, PEM or PFX";
    CertificateFile {
        path: PathBuf::from(reader.required("AZURE_CLIENT_CERTIFICATE_PATH", what)),
        password: reader.text("AZURE_CLIENT_CERTIFICATE_PASSWORD").map(SecretString::from),
        send_chain: reader.flag("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN"),
    }
}

/// The registration with the file of a platform's token.
pub(super) fn workload_identity(reader: &mut Reader<'_>, cloud: Cloud, named: Named) -> WorkloadIdentity {
    let registration = registration(reader, cloud, named, None);
    let what = "the path of the file into which the platform writes its token";
    let token_file = PathBuf::from(reader.required("AZURE_FEDERATED_TOKEN_FILE", what));
    WorkloadIdentity { registration, token_file }
}
