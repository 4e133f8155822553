//! An app registration with a certificate: every form of file, what Entra is sent, and files that are no use.

use std::path::Path;

use futures_util::future::join_all;
use sandbox::identity::{CERTIFICATE_PASSWORD, CertificateFile, Fault, HIDDEN};
use sandbox::world::{Credential, Setup, World};
use serde_json::Value;

use crate::stage::{failure, logged, refused, setup};

fn with_certificate() -> Setup {
    Setup { graph_as: Credential::ClientCertificate, cosmos_as: Credential::ClientCertificate, ..setup() }
}

/// A world whose handler finds another file under the setting.
async fn with_file(which: CertificateFile, more: &[(&str, &str)]) -> World {
    let world = World::start(with_certificate()).await.unwrap();
    let path = world.entra.certificate(which);
    let mut world =
        world.reconfigured("AZURE_CLIENT_CERTIFICATE_PATH", path.to_str().unwrap()).await.unwrap();
    for (name, value) in more {
        world = world.reconfigured(name, value).await.unwrap();
    }
    world
}

#[tokio::test]
async fn entra_gets_an_assertion_as_it_is_documented_and_everything_is_copied() {
    let world = World::start(with_certificate()).await.unwrap();
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();
    let requests = world.entra.requests();
    assert_eq!(requests.len(), 2, "one for Graph and one for Cosmos");
    for request in &requests {
        let field = |name: &str| request.form.get(name).map(String::as_str);
        assert_eq!(field("grant_type"), Some("client_credentials"));
        assert_eq!(field("client_id"), Some(&*world.entra.client_id()));
        assert_eq!(
            field("client_assertion_type"),
            Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        );
        assert_eq!((field("client_assertion"), field("client_secret")), (Some(HIDDEN), None));
        let header = request.assertion_header.as_ref().unwrap();
        assert_eq!((&header["alg"], &header["typ"]), (&"PS256".into(), &"JWT".into()));
        assert!(header["x5t#S256"].is_string() && header["x5c"].is_null(), "{header}");
        let claims = request.assertion_claims.as_ref().unwrap();
        let endpoint = format!("{}/{}/oauth2/v2.0/token", world.entra.origin(), world.identity.tenant_id());
        assert_eq!(claims["aud"], endpoint);
        assert_eq!((&claims["iss"], &claims["sub"]), (&claims["sub"], &world.entra.client_id().into()));
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["nbf"].as_i64().unwrap(), 600);
    }
    let ids: Vec<_> =
        requests.iter().map(|request| &request.assertion_claims.as_ref().unwrap()["jti"]).collect();
    assert_ne!(ids[0], ids[1], "an assertion is for one request");
    let key = std::fs::read_to_string(world.entra.certificate(CertificateFile::Pem)).unwrap();
    let hidden =
        [world.identity.tokens(), key.lines().filter(|line| line.len() > 40).map(str::to_owned).collect()];
    for line in world.host.logs() {
        assert!(hidden.iter().flatten().all(|secret| !line.text.contains(secret)), "{}", line.text);
    }
}

async fn copies(which: CertificateFile, more: &[(&str, &str)]) -> Value {
    let world = with_file(which, more).await;
    world.turn().await.unwrap_or_else(|error| panic!("{which:?}: {error:#}"));
    world.entra.requests().pop().unwrap().assertion_header.unwrap()
}

#[tokio::test]
async fn every_form_of_file_will_do() {
    let password = [("AZURE_CLIENT_CERTIFICATE_PASSWORD", CERTIFICATE_PASSWORD)];
    let chain = [("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN", "true")];
    let (ec, pfx, open, chained) = tokio::join!(
        copies(CertificateFile::EcPem, &[]),
        copies(CertificateFile::Pfx, &password),
        copies(CertificateFile::PfxWithoutPassword, &[]),
        copies(CertificateFile::Pem, &chain),
    );
    assert_eq!(ec["alg"], "ES256");
    assert_eq!((&pfx["alg"], &open["alg"]), (&"PS256".into(), &"PS256".into()));
    assert_eq!(chained["x5c"].as_array().unwrap().len(), 1, "{chained}");
}

#[tokio::test]
async fn a_file_that_is_no_use_is_named_with_the_next_step() {
    let wrong = ("AZURE_CLIENT_CERTIFICATE_PASSWORD", "wrong~password");
    let stories = [
        (
            CertificateFile::ExpiredPem,
            None,
            "holds a certificate that expired on 20",
            "az ad app credential reset",
        ),
        (CertificateFile::EncryptedPem, None, "holds an encrypted private key", "openssl pkcs12"),
        (CertificateFile::Pfx, None, "is protected by a password", "set AZURE_CLIENT_CERTIFICATE_PASSWORD"),
        (
            CertificateFile::Pfx,
            Some(wrong),
            "is protected by another password",
            "AZURE_CLIENT_CERTIFICATE_PASSWORD",
        ),
        (
            CertificateFile::UnknownPem,
            None,
            "AADSTS700027 (invalid_client)",
            "add it (az ad app credential reset",
        ),
    ];
    join_all(stories.map(|(which, setting, what, next)| async move {
        let world = with_file(which, setting.as_slice()).await;
        refused(&world, &["no access token for", "AZURE_CLIENT_CERTIFICATE_PATH", what, next]).await;
        let is_told = |secret: &str| world.host.logs().iter().any(|line| line.text.contains(secret));
        assert!(!is_told("wrong~password") && !is_told("BEGIN"), "{which:?}");
    }))
    .await;
    let nowhere =
        World::start(with_certificate().set("AZURE_CLIENT_CERTIFICATE_PATH", "/nowhere/c.pem")).await;
    refused(&nowhere.unwrap(), &["`/nowhere/c.pem` cannot be read", "name a file with the certificate"])
        .await;
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_up_without_a_restart() {
    let world = World::start(with_certificate()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("current.pem");
    let install = |from: &Path| std::fs::copy(from, &path).unwrap();
    install(&world.entra.certificate(CertificateFile::Pem));
    let world = world.reconfigured("AZURE_CLIENT_CERTIFICATE_PATH", path.to_str().unwrap()).await.unwrap();
    world.turn().await.unwrap();

    world.entra.switches().remove_certificates();
    install(&world.entra.certificate(CertificateFile::EcPem));
    world.identity.revoke_all();
    assert!(!world.fire().await.unwrap().succeeded(), "the tokens are refused, and forgotten");
    world.graph.tenant(|tenant| tenant.create("users"));
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    let last = world.entra.requests().pop().unwrap();
    assert_eq!(last.assertion_header.unwrap()["alg"], "ES256");
}

#[tokio::test]
async fn half_a_registration_is_a_wrong_setting_that_names_the_rest() {
    let setup =
        with_certificate().set("AZURE_CLIENT_ID", "").set("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN", "maybe");
    let world = World::start(setup.set("AZURE_CLIENT_CERTIFICATE_PATH", "")).await.unwrap();
    let named = logged(&world, "wrong_setting").join("\n");
    for name in [
        "AZURE_CLIENT_ID: is not set",
        "AZURE_CLIENT_CERTIFICATE_PATH: is not set",
        "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN: is neither true nor false",
    ] {
        assert!(named.contains(name), "{name}: {named}");
    }
}

#[tokio::test]
async fn an_identity_server_that_hangs_is_given_up_in_time() {
    let world = World::start(with_certificate()).await.unwrap();
    world.identity.fail(usize::MAX, Fault::Hang);
    refused(&world, &["no access token for", "did not answer within 8 s", "AZURE_AUTHORITY_HOST"]).await;
    assert!(failure(&world).contains("no access token"));
}
