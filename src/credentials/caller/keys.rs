//! The keys with which Entra signs, out of their set (RFC 7517):
//! <https://learn.microsoft.com/entra/identity-platform/signing-key-rollover>. Pure.

use std::collections::HashMap;
use std::fmt;

use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::json::{self, Members};

/// Most keys that are kept; Entra has about ten.
const MOST: usize = 100;

/// Keys by their names.
#[derive(Debug, Clone, Default)]
pub struct Keys(HashMap<String, Key>);

/// An RSA key: modulus and exponent, big endian.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Key {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl Keys {
    /// The RSA keys for signatures in a set; none where it is no set. A key that cannot be read hides no other.
    pub fn read(body: &[u8]) -> Option<Self> {
        let keys = Members::read(body)?.exact("keys").and_then(json::list)?;
        let keys = keys.into_iter().filter_map(|key| Members::of(key.get()).as_ref().and_then(key_of));
        Some(Self(keys.take(MOST).collect()))
    }

    /// The key with this name.
    pub(super) fn named(&self, id: &str) -> Option<&Key> {
        self.0.get(id)
    }

    /// Whether there is a key with this name.
    pub fn has(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }
}

fn key_of(key: &Members<'_>) -> Option<(String, Key)> {
    let text = |name: &str| key.exact(name).and_then(json::text);
    let is_for_signatures = text("kty")? == "RSA" && text("use").is_none_or(|usage| usage == "sig");
    let number = |name: &str| URL_SAFE_NO_PAD.decode(&*text(name)?).ok();
    let (modulus, exponent) = (number("n")?, number("e")?);
    is_for_signatures.then_some((text("kid")?.into_owned(), Key { modulus, exponent }))
}

impl Key {
    /// Whether the signature (RS256) is this key's.
    pub fn has_signed(&self, message: &str, signature: &[u8]) -> bool {
        let key = PublicKeyComponents { n: self.modulus.as_slice(), e: self.exponent.as_slice() };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), signature).is_ok()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}
