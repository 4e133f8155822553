//! Client assertions: certificates and federated credentials.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::json;
use time::OffsetDateTime;

use super::*;
use crate::identity::{jwt, key::SigningKey};

/// The parts of a PEM file by their labels.
fn pem(path: &Path) -> Vec<(String, Vec<u8>)> {
    let text = std::fs::read_to_string(path).unwrap();
    let parts = text.split("-----BEGIN ").skip(1).map(|part| {
        let (label, rest) = part.split_once("-----").unwrap();
        let base64: String = rest.split("-----END").next().unwrap().split_whitespace().collect();
        (label.to_owned(), BASE64_STANDARD.decode(base64).unwrap())
    });
    parts.collect()
}

struct Signer {
    key: SigningKey,
    certificate: certificate::Certificate,
}

fn signer(path: &Path) -> Signer {
    let parts = pem(path);
    let der = |label: &str| parts.iter().find(|(other, _)| other == label).unwrap().1.clone();
    let key = SigningKey::of_pkcs8(&der("PRIVATE KEY")).unwrap();
    let public = key.public().clone();
    let certificate =
        certificate::Certificate { der: der("CERTIFICATE"), public, until: OffsetDateTime::now_utc() };
    Signer { key, certificate }
}

fn claims(entra: &Entra) -> Value {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let id = entra.client_id();
    json!({
        "aud": format!("{}/contoso.example/oauth2/v2.0/token", entra.origin()), "iss": id, "sub": id,
        "jti": format!("{}", entra.desk.random()), "nbf": now, "exp": now + 600,
    })
}

fn request(entra: &Entra, assertion: &str) -> Fields {
    let mut form = good(entra);
    form.retain(|(name, _)| name != "client_secret");
    form.extend(fields(&[
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion),
    ]));
    form
}

#[tokio::test]
async fn an_assertion_signed_by_a_registered_certificate_is_good_by_any_of_its_names() {
    let (identity, entra) = start().await;
    for (which, algorithm) in
        [(CertificateFile::Pem, "PS256"), (CertificateFile::Pem, "RS256"), (CertificateFile::EcPem, "ES256")]
    {
        let Signer { key, certificate } = signer(&entra.certificate(which));
        let chain = [BASE64_STANDARD.encode(&certificate.der)];
        for header in [
            json!({"x5t": certificate.x5t()}),
            json!({"x5t#S256": certificate.x5t_s256()}),
            json!({"x5t#S256": format!("{}=", certificate.x5t_s256())}),
            json!({"x5c": chain}),
        ] {
            let assertion = jwt::sign(&key, algorithm, header, &claims(&entra)).unwrap();
            let body = granted(&entra, &request(&entra, &assertion)).await;
            assert!(identity.accepts(token_of(&body), COSMOS_AUDIENCE));
        }
    }
    let request = entra.requests().pop().unwrap();
    assert_eq!(request.assertion_header.unwrap()["alg"], "ES256");
    assert_eq!(
        (request.assertion_claims.unwrap()["iss"].as_str(), request.form["client_assertion"].as_str()),
        (Some(&*entra.client_id()), HIDDEN)
    );
}

#[tokio::test]
async fn an_assertion_is_refused_for_each_thing_that_is_wrong_with_it() {
    let (_, entra) = start().await;
    let Signer { key, certificate } = signer(&entra.certificate(CertificateFile::Pem));
    let header = json!({"x5t": certificate.x5t()});
    let sign = |claims: &Value| request(&entra, &jwt::sign(&key, "PS256", header.clone(), claims).unwrap());
    let but = |name: &str, value: Value| {
        let mut claims = claims(&entra);
        claims[name] = value;
        sign(&claims)
    };
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let origin = entra.origin();
    for (form, code) in [
        (but("aud", json!("https://login.microsoftonline.com/x/oauth2/v2.0/token")), 700_023),
        (but("aud", json!([format!("{origin}/contoso.example/v2.0"), origin])), 5_002_741),
        (but("sub", json!("somebody")), 700_021),
        (but("iss", json!("somebody")), 700_021),
        (but("exp", json!(now - 600)), 700_024),
        (but("exp", json!(now + 30 * 3600)), 700_024),
        (but("nbf", json!(now + 900)), 700_024),
        (but("jti", json!("")), 50027),
        (request(&entra, "not a JWT"), 50027),
    ] {
        assert_eq!(refused(&entra, &form).await, ("invalid_client".into(), code));
    }
    let form = sign(&claims(&entra));
    granted(&entra, &form).await;
    assert_eq!(refused(&entra, &form).await, ("invalid_client".into(), 50013), "it is good once");
    let without_type = with(&sign(&claims(&entra)), "client_assertion_type", "");
    assert_eq!(refused(&entra, &without_type).await, ("invalid_request".into(), 900_144));
}

#[tokio::test]
async fn a_certificate_that_is_unknown_expired_or_not_the_one_that_signed_is_refused() {
    let (_, entra) = start().await;
    let known = signer(&entra.certificate(CertificateFile::Pem));
    let other = signer(&entra.certificate(CertificateFile::UnknownPem));
    let expired = signer(&entra.certificate(CertificateFile::ExpiredPem));
    for (key, algorithm, certificate, reason) in [
        (&other.key, "ES256", &other.certificate, "The key was not found"),
        (&other.key, "ES256", &known.certificate, "signature value"),
        (&expired.key, "PS256", &expired.certificate, "The key used is expired"),
    ] {
        let header = json!({"x5t#S256": certificate.x5t_s256()});
        let assertion = jwt::sign(key, algorithm, header, &claims(&entra)).unwrap();
        let (status, body) = ask(&entra, "contoso.example", &request(&entra, &assertion)).await.unwrap();
        assert_eq!((status, &body["error_codes"][0]), (401, &700_027.into()), "{body}");
        assert!(body["error_description"].as_str().unwrap().contains(reason), "{body}");
    }
    entra.switches().remove_certificates();
    let header = json!({"x5t": known.certificate.x5t()});
    let assertion = jwt::sign(&known.key, "PS256", header, &claims(&entra)).unwrap();
    assert_eq!(refused(&entra, &request(&entra, &assertion)).await.1, 700_027);
}

#[tokio::test]
async fn each_certificate_file_has_the_format_of_its_name() {
    let (_, entra) = start().await;
    let encrypted = pem(&entra.certificate(CertificateFile::EncryptedPem));
    assert_eq!(encrypted[0].0, "ENCRYPTED PRIVATE KEY");
    let info = pkcs8::EncryptedPrivateKeyInfoRef::try_from(&*encrypted[0].1).unwrap();
    assert!(info.decrypt("wrong").is_err());
    let key = info.decrypt(CERTIFICATE_PASSWORD).unwrap();
    assert!(SigningKey::of_pkcs8(key.as_bytes()).is_some());
    for (which, password) in
        [(CertificateFile::Pfx, CERTIFICATE_PASSWORD), (CertificateFile::PfxWithoutPassword, "")]
    {
        let bytes = std::fs::read(entra.certificate(which)).unwrap();
        let policy = p12_keystore::Pkcs12ImportPolicy::Relaxed;
        assert!(p12_keystore::KeyStore::from_pkcs12(&bytes, "wrong", policy).is_err());
        let store = p12_keystore::KeyStore::from_pkcs12(&bytes, password, policy).unwrap();
        let (_, chain) = store.private_key_chain().unwrap();
        assert!(SigningKey::of_pkcs8(chain.key().as_der()).is_some());
    }
    let folder = entra.certificate(CertificateFile::Pem).parent().unwrap().to_owned();
    drop(entra);
    assert!(!folder.exists(), "the files are gone with their last handle");
}

#[tokio::test]
async fn a_federated_token_is_good_while_its_issuer_subject_audience_and_time_are() {
    let (identity, entra) = start().await;
    let token = |path: PathBuf| std::fs::read_to_string(path).unwrap();
    let first = token(entra.federated_token_file());
    assert_eq!(token(entra.federated_token_file()), first, "it stays until it is written anew");
    let body = granted(&entra, &request(&entra, &first)).await;
    assert!(identity.accepts(token_of(&body), COSMOS_AUDIENCE));
    granted(&entra, &request(&entra, &first)).await;
    let hour = Duration::from_secs(3600);
    for (subject, audience, life, code) in [
        ("somebody", FEDERATED_AUDIENCE, hour, 700_213),
        (FEDERATED_SUBJECT, "api://other", hour, 700_212),
        (FEDERATED_SUBJECT, FEDERATED_AUDIENCE, Duration::ZERO, 700_024),
    ] {
        let token = token(entra.write_federated_token(subject, audience, life));
        assert_eq!(refused(&entra, &request(&entra, &token)).await, ("invalid_client".into(), code));
    }
    let forged = jwt::Jwt::parse(&first).unwrap().payload;
    let forged = jwt::sign(&SigningKey::new_rsa(), "RS256", json!({}), &Value::Object(forged)).unwrap();
    assert_eq!(refused(&entra, &request(&entra, &forged)).await.1, 50013);
}
