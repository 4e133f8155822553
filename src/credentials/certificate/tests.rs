//! Files as OpenSSL writes them, and the assertions that their keys sign. The certificates are throw-away ones, valid
//! from November 2026 for a hundred years.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use time::macros::datetime;

use super::*;

const EC: &str = include_str!("../../../tests/golden/certificates/ec.pem");
const RSA: &str = include_str!("../../../tests/golden/certificates/rsa.pem");
const PFX: &str = include_str!("../../../tests/golden/certificates/openssl-3.pfx.base64");
const OLD_PFX: &str = include_str!("../../../tests/golden/certificates/openssl-legacy.pfx.base64");
const NOW: OffsetDateTime = datetime!(2027-01-01 12:00 UTC);

/// A file with this content, read at a time.
fn read_at(content: &[u8], password: Option<&str>, now: OffsetDateTime) -> Result<Certificate, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("certificate");
    std::fs::write(&path, content).unwrap();
    let file = CertificateFile { path, password: password.map(SecretString::from), send_chain: false };
    file.read(now, "app-id").map_err(|problem| problem.to_string())
}

fn read(content: &[u8], password: Option<&str>) -> Result<Certificate, String> {
    read_at(content, password, NOW)
}

/// Why a file is no use.
fn refused(content: &[u8], password: Option<&str>) -> String {
    read(content, password).err().unwrap()
}

fn bytes(base64: &str) -> Vec<u8> {
    BASE64_STANDARD.decode(base64.split_whitespace().collect::<String>()).unwrap()
}

/// The part of a PEM file between two lines.
fn section(pem: &str, label: &str) -> String {
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let start = pem.find(&begin).unwrap();
    pem[start..pem.find(&end).unwrap()].to_owned() + &end + "\n"
}

fn registration() -> Registration {
    Registration {
        authority: "https://login.example".parse().unwrap(),
        tenant_id: "contoso.example".into(),
        client_id: "app-id".into(),
        setting: "AZURE_CLIENT_ID",
    }
}

/// Header and payload of an assertion of `certificate`, and whether its key signed it.
fn assertion(certificate: &Certificate, with_chain: bool) -> (Value, Value, bool) {
    let made = assertion::new(&registration(), certificate, with_chain, NOW, uuid::Uuid::nil()).unwrap();
    let made = made.expose_secret();
    let (signed, signature) = made.rsplit_once('.').unwrap();
    let (header, payload) = signed.split_once('.').unwrap();
    let part = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
    let public = public_key(&certificate.chain[0]).unwrap();
    let header: Value = serde_json::from_slice(&part(header)).unwrap();
    let is_signed = match header["alg"].as_str().unwrap() {
        "PS256" => UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, public),
        _ => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public),
    }
    .verify(signed.as_bytes(), &part(signature));
    (header, serde_json::from_slice(&part(payload)).unwrap(), is_signed.is_ok())
}

#[test]
fn an_assertion_has_the_documented_header_and_claims_and_a_good_signature() {
    for (pem, algorithm) in [(RSA, "PS256"), (EC, "ES256")] {
        let certificate = read(pem.as_bytes(), None).unwrap();
        let (header, payload, is_signed) = assertion(&certificate, false);
        let thumbprint = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&certificate.chain[0]));
        assert_eq!(header, json!({ "alg": algorithm, "typ": "JWT", "x5t#S256": thumbprint }));
        let now = NOW.unix_timestamp();
        assert_eq!(
            payload,
            json!({
                "aud": "https://login.example/contoso.example/oauth2/v2.0/token", "iss": "app-id", "sub": "app-id",
                "jti": "00000000-0000-0000-0000-000000000000", "iat": now, "nbf": now, "exp": now + 600,
            })
        );
        assert!(is_signed, "{algorithm}");
    }
}

#[test]
fn the_certificate_of_the_key_comes_first_in_the_chain_wherever_it_is_in_the_file() {
    let file = section(RSA, "CERTIFICATE") + EC;
    let certificate = read(file.as_bytes(), None).unwrap();
    let own = read(EC.as_bytes(), None).unwrap();
    let other = read(RSA.as_bytes(), None).unwrap();
    assert_eq!(certificate.chain, [own.chain[0].clone(), other.chain[0].clone()]);
    let (header, _, is_signed) = assertion(&certificate, true);
    assert_eq!(
        header["x5c"],
        json!([BASE64_STANDARD.encode(&own.chain[0]), BASE64_STANDARD.encode(&other.chain[0])])
    );
    assert!(is_signed);
}

#[test]
fn pfx_files_of_openssl_are_read_the_present_and_the_legacy_form() {
    let own = read(EC.as_bytes(), None).unwrap();
    for file in [PFX, OLD_PFX] {
        let certificate = read(&bytes(file), Some("open")).unwrap();
        assert_eq!(certificate.chain, own.chain);
        assert!(assertion(&certificate, false).2);
        assert!(
            refused(&bytes(file), None)
                .contains("is protected by a password; set AZURE_CLIENT_CERTIFICATE_PASSWORD")
        );
        let wrong = refused(&bytes(file), Some("hush"));
        assert!(
            wrong.contains("another password than the one in AZURE_CLIENT_CERTIFICATE_PASSWORD"),
            "{wrong}"
        );
        assert!(!wrong.contains("hush"), "{wrong}");
    }
}

#[test]
fn a_file_that_is_no_use_is_named_with_what_to_do() {
    let key = section(RSA, "PRIVATE KEY");
    let mismatched = section(EC, "CERTIFICATE") + &key;
    let encrypted = RSA
        .replace("BEGIN PRIVATE", "BEGIN ENCRYPTED PRIVATE")
        .replace("END PRIVATE", "END ENCRYPTED PRIVATE");
    for (content, words) in [
        (key.as_str(), "holds no certificate; append that of the key"),
        (&section(RSA, "CERTIFICATE"), "holds no private key; append the key"),
        (&mismatched, "a private key that belongs to none of its certificates"),
        (
            &encrypted,
            "holds an encrypted private key, and only a PFX file may have a password; make one (openssl pkcs12",
        ),
        ("no certificate at all", "is neither PEM nor a PFX file"),
        ("", "is neither PEM nor a PFX file"),
    ] {
        let why = refused(content.as_bytes(), None);
        assert!(why.starts_with("AZURE_CLIENT_CERTIFICATE_PATH: `/") && why.contains(words), "{why}");
        assert!(!why.contains("MII"), "nothing of the file: {why}");
    }
    let nowhere = CertificateFile { path: "/nowhere/c.pem".into(), password: None, send_chain: false };
    let why = nowhere.read(NOW, "app-id").err().unwrap().to_string();
    assert!(why.contains("`/nowhere/c.pem` cannot be read (entity not found); name a file"), "{why}");
    assert!(refused(&vec![b'x'; (LARGEST + 1) as usize], None).contains("is too large for a certificate"));
}

#[test]
fn a_certificate_out_of_its_time_is_told_with_its_date() {
    let later = read_at(EC.as_bytes(), None, datetime!(2200-01-01 0:00 UTC)).err().unwrap();
    for words in ["that expired on 2126-", "--id app-id --cert @<certificate.pem> --append"] {
        assert!(later.contains(words), "{later}");
    }
    let earlier = read_at(EC.as_bytes(), None, datetime!(2026-01-01 0:00 UTC)).err().unwrap();
    assert!(earlier.contains("valid from 2026-11-26 on; wait until then, or check the clock"), "{earlier}");
}
