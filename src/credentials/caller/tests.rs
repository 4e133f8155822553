//! A token that is good, and all that is wrong with others.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::sync::LazyLock;
use time::OffsetDateTime;

use super::*;

const NOW: i64 = 1_800_000_000;
const TENANT: &str = "11111111-2222-4333-8444-555555555555";
const API: &str = "77777777-8888-4999-8aaa-bbbbbbbbbbbb";
const USER: &str = "dddddddd-eeee-4fff-8000-111111111111";

static PAIR: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate(KeySize::Rsa2048).unwrap());
static OTHER: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate(KeySize::Rsa2048).unwrap());

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn signed(pair: &KeyPair, header: &Value, claims: &Value) -> String {
    let text = format!("{}.{}", encoded(header), encoded(claims));
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn header() -> Value {
    json!({"typ": "JWT", "alg": "RS256", "kid": "one"})
}

/// The claims of a token of version 2.0, as Entra issues it.
fn claims(change: &Value) -> Value {
    let mut claims = json!({
        "aud": API, "iss": format!("https://login.example/{TENANT}/v2.0"), "tid": TENANT, "oid": USER, "ver": "2.0",
        "iat": NOW - 60, "nbf": NOW - 60, "exp": NOW + 3600, "scp": "access_as_user", "azp": "a-client",
    });
    for (name, value) in change.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

fn keys() -> Keys {
    let public = PAIR.public_key();
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let n = text(public.modulus().big_endian_without_leading_zero());
    let e = text(public.exponent().big_endian_without_leading_zero());
    let odd = json!({"kty": "EC", "kid": "curve", "crv": "P-256"});
    let encrypts = json!({"kty": "RSA", "kid": "encrypts", "use": "enc", "n": n, "e": e});
    let set = json!({"keys": [7, odd, {"kty": "RSA", "kid": "one", "use": "sig", "n": n, "e": e}, encrypts]});
    Keys::read(set.to_string().as_bytes()).unwrap()
}

fn verified(token: &str) -> Result<Caller, NotACaller> {
    let expected = Expected {
        tenant_id: TENANT.into(),
        issuers: vec![
            format!("https://sts.windows.net/{TENANT}/"),
            format!("https://login.example/{TENANT}/v2.0"),
        ],
        client_id: API.into(),
        graph: "http://127.0.0.1:7".into(),
    };
    let now = OffsetDateTime::from_unix_timestamp(NOW).unwrap();
    Shown::read(token)?.verify(&keys(), &expected, now)
}

fn with(change: &Value) -> Result<Caller, NotACaller> {
    verified(&signed(&PAIR, &header(), &claims(change)))
}

#[test]
fn a_user_s_token_of_either_version_is_taken() {
    let caller = Caller { object_id: USER.into() };
    assert_eq!(with(&json!({})), Ok(caller.clone()));
    let version_1 = json!({
        "aud": format!("api://{API}"), "iss": format!("https://sts.windows.net/{TENANT}/"), "ver": "1.0",
        "idtyp": "user", "appid": "a-client",
    });
    assert_eq!(with(&version_1), Ok(caller.clone()));
    assert_eq!(with(&json!({"exp": NOW - 30, "nbf": NOW + 30})), Ok(caller), "clocks differ");
}

#[test]
fn a_claim_that_is_not_ours_is_refused() {
    use NotACaller::{Audience, Expired, ForGraph, NoUser, NotYet, Tenant};
    let other = "22222222-2222-4333-8444-555555555555";
    for (change, why) in [
        (json!({"exp": NOW - 61}), Expired),
        (json!({"exp": null}), NotACaller::Malformed("it does not say until when it is good")),
        (json!({"nbf": NOW + 61}), NotYet),
        (json!({"nbf": "soon"}), NotYet),
        (json!({"tid": other}), Tenant),
        (json!({"tid": null}), Tenant),
        (json!({"iss": format!("https://login.example/{other}/v2.0")}), Tenant),
        (json!({"iss": format!("https://evil.example/{TENANT}/v2.0")}), Tenant),
        (json!({"iss": format!("https://login.example/{TENANT}/v2.0/")}), Tenant),
        (json!({"iss": "", "ISS": format!("https://login.example/{TENANT}/v2.0")}), Tenant),
        (json!({"aud": "api://other"}), Audience),
        (json!({"aud": [API]}), Audience),
        (json!({"aud": format!("api://{API}/x")}), Audience),
        (json!({"aud": "00000003-0000-0000-c000-000000000000"}), ForGraph),
        (json!({"aud": "https://graph.microsoft.com/"}), ForGraph),
        (json!({"aud": "http://127.0.0.1:7"}), ForGraph),
        (json!({"idtyp": "app"}), NoUser),
        (json!({"scp": null, "roles": ["Refresh.All"]}), NoUser),
        (json!({"scp": " "}), NoUser),
        (json!({"oid": null}), NoUser),
        (json!({"oid": "../users"}), NoUser),
    ] {
        assert_eq!(with(&change), Err(why), "{change}");
    }
}

#[test]
fn a_signature_that_is_not_entra_s_is_refused() {
    use NotACaller::{Algorithm, Malformed, Signature, UnknownKey};
    let good = signed(&PAIR, &header(), &claims(&json!({})));
    let [head, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!("{good}") };
    let head_of = |change: &str, value: &str| {
        let mut other = header();
        other[change] = value.into();
        encoded(&other)
    };
    let hmac = head_of("alg", "HS256");
    for (token, why) in [
        (signed(&OTHER, &header(), &claims(&json!({}))), Signature),
        (format!("{head}.{}.{signature}", encoded(&claims(&json!({"oid": API})))), Signature),
        (format!("{head}.{payload}."), Signature),
        (format!("{}.{payload}.", head_of("alg", "none")), Algorithm),
        (format!("{}.{payload}.{signature}", head_of("alg", "rs256")), Algorithm),
        (format!("{hmac}.{payload}.{signature}"), Algorithm),
        (format!("{}.{payload}.{signature}", encoded(&json!({"kid": "one"}))), Algorithm),
        (format!("{}.{payload}.{signature}", head_of("kid", "two")), UnknownKey),
        (format!("{}.{payload}.{signature}", head_of("kid", "encrypts")), UnknownKey),
        (
            format!("{}.{payload}.{signature}", head_of("crit", "b64")),
            Malformed("its header asks for an extension"),
        ),
        (
            format!("{}.{payload}.{signature}", encoded(&json!({"alg": "RS256"}))),
            Malformed("its header names no key"),
        ),
        (format!("{payload}.{signature}"), Malformed("it does not have three parts")),
        (format!("{good}.x"), Malformed("it does not have three parts")),
        (format!("{head}.!.{signature}"), Malformed("its claims cannot be read")),
        (format!("x.{payload}.{signature}"), Malformed("its header cannot be read")),
        ("x".repeat(64 * 1024 + 1), Malformed("it is too long")),
        (String::new(), Malformed("it does not have three parts")),
    ] {
        assert_eq!(verified(&token), Err(why), "{token}");
    }
    let not_json = format!("{head}.{}", URL_SAFE_NO_PAD.encode("no JSON"));
    let mut wrong = vec![0; PAIR.public_modulus_len()];
    PAIR.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), not_json.as_bytes(), &mut wrong).unwrap();
    let token = format!("{not_json}.{}", URL_SAFE_NO_PAD.encode(wrong));
    assert_eq!(verified(&token), Err(Malformed("its claims cannot be read")));
}

#[test]
fn nothing_of_a_token_shows() {
    let token = signed(&PAIR, &header(), &claims(&json!({})));
    let shown = Shown::read(&token).unwrap();
    assert_eq!(format!("{shown:?} {:?}", keys().named("one").unwrap()), "Shown(Jwt) Key");
    assert!(Keys::read(b"[]").is_none() && Keys::read(br#"{"keys":7}"#).is_none());
}
