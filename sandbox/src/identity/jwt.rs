//! JSON Web Tokens: made, and taken apart without belief. RFC 7515, RFC 7519.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::key::{PublicKey, SigningKey};

/// A signed token. The header gets `alg`; nothing when the algorithm is not for such a key.
pub fn sign(key: &SigningKey, algorithm: &str, mut header: Value, payload: &Value) -> Option<String> {
    header["alg"] = algorithm.into();
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(payload));
    let signature = key.sign(algorithm, signed.as_bytes())?;
    Some(format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
}

/// A token as it came: its signature is not verified yet.
#[derive(Clone, Debug)]
pub struct Jwt {
    /// The header.
    pub header: Map<String, Value>,
    /// The claims.
    pub payload: Map<String, Value>,
    signed: String,
    signature: Vec<u8>,
}

impl Jwt {
    /// Takes a token apart; nothing when it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let object = |part: &str| match serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?) {
            Ok(Value::Object(object)) => Some(object),
            _ => None,
        };
        Some(Self {
            header: object(header)?,
            payload: object(payload)?,
            signed: signed.to_owned(),
            signature: BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }

    /// A claim that is text.
    pub fn text(&self, claim: &str) -> Option<&str> {
        self.payload.get(claim)?.as_str()
    }

    /// A claim that is a moment, in seconds since 1970.
    pub fn seconds(&self, claim: &str) -> Option<i64> {
        let value = self.payload.get(claim)?;
        value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))
    }

    /// Member of the header that is text.
    pub fn header_text(&self, name: &str) -> Option<&str> {
        self.header.get(name)?.as_str()
    }

    /// Whether the key signed it, by the algorithm that the header names.
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        let algorithm = self.header_text("alg").unwrap_or_default();
        key.verifies(algorithm, self.signed.as_bytes(), &self.signature)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_is_good_only_for_its_key_and_as_it_was_signed() {
        let (rsa, ec) = (SigningKey::new_rsa(), rcgen::KeyPair::generate().unwrap());
        let ec = SigningKey::of_pkcs8(&ec.serialize_der()).unwrap();
        for (key, other, algorithm) in [(&rsa, &ec, "RS256"), (&rsa, &ec, "PS256"), (&ec, &rsa, "ES256")] {
            let text = sign(key, algorithm, json!({"typ": "JWT"}), &json!({"aud": "x", "exp": 7})).unwrap();
            let token = Jwt::parse(&text).unwrap();
            assert_eq!((token.text("aud"), token.seconds("exp")), (Some("x"), Some(7)));
            assert!(token.is_signed_by(key.public()), "{algorithm}");
            assert!(!token.is_signed_by(other.public()), "{algorithm}");
            let changed = sign(key, algorithm, json!({"typ": "JWT"}), &json!({"aud": "y"})).unwrap();
            let (_, signature) = text.rsplit_once('.').unwrap();
            let (signed, _) = changed.rsplit_once('.').unwrap();
            assert!(!Jwt::parse(&format!("{signed}.{signature}")).unwrap().is_signed_by(key.public()));
        }
        assert!(Jwt::parse("a.b.c").is_none());
        assert!(sign(&ec, "RS256", json!({}), &json!({})).is_none());
    }
}
