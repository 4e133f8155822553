//! Keys that sign JSON Web Tokens, and what verifies their signatures.
//!
//! The algorithms are those that Entra knows: RS256 for its own tokens, and PS256, RS256 and ES256 for assertions
//! (RFC 7518, <https://learn.microsoft.com/entra/identity-platform/certificate-credentials>). An RSA key takes long to make:
//! [`SigningKey::of_server`] is made once in a process.

use std::sync::OnceLock;

use aws_lc_rs::{
    digest,
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, KeySize, PublicKeyComponents},
    signature::{
        self, ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
        UnparsedPublicKey, VerificationAlgorithm,
    },
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// A private key.
pub struct SigningKey {
    pair: Pair,
    public: PublicKey,
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ec(EcdsaKeyPair),
}

/// What verifies the signatures of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// Modulus and exponent, big endian.
    Rsa {
        /// The modulus.
        modulus: Vec<u8>,
        /// The exponent.
        exponent: Vec<u8>,
    },
    /// A point on the curve P-256, not compressed.
    Ec(Vec<u8>),
}

impl SigningKey {
    /// The key with which Entra and the managed-identity endpoint sign in this process.
    pub(super) fn of_server() -> &'static Self {
        static KEY: OnceLock<SigningKey> = OnceLock::new();
        KEY.get_or_init(Self::new_rsa)
    }

    /// A new RSA key of 2,048 bits.
    ///
    /// # Panics
    /// When the system has no randomness.
    pub fn new_rsa() -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key can be made");
        Self::rsa(pair)
    }

    /// A key from PKCS #8 (DER); nothing when it is neither an RSA nor a P-256 key.
    pub fn of_pkcs8(der: &[u8]) -> Option<Self> {
        if let Ok(pair) = RsaKeyPair::from_pkcs8(der) {
            return Some(Self::rsa(pair));
        }
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).ok()?;
        let public = PublicKey::Ec(pair.public_key().as_ref().to_vec());
        Some(Self { pair: Pair::Ec(pair), public })
    }

    fn rsa(pair: RsaKeyPair) -> Self {
        let public = pair.public_key();
        let modulus = public.modulus().big_endian_without_leading_zero().to_vec();
        let exponent = public.exponent().big_endian_without_leading_zero().to_vec();
        Self { pair: Pair::Rsa(Box::new(pair)), public: PublicKey::Rsa { modulus, exponent } }
    }

    /// What verifies its signatures.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// A signature by this algorithm; nothing when the algorithm is not for such a key.
    pub fn sign(&self, algorithm: &str, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match (&self.pair, algorithm) {
            (Pair::Rsa(pair), "RS256" | "PS256") => {
                let padding: &dyn signature::RsaEncoding = match algorithm {
                    "PS256" => &signature::RSA_PSS_SHA256,
                    _ => &signature::RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut signature).ok()?;
                Some(signature)
            }
            (Pair::Ec(pair), "ES256") => Some(pair.sign(&random, message).ok()?.as_ref().to_vec()),
            _ => None,
        }
    }
}

impl PublicKey {
    /// Whether the signature by this algorithm is good.
    pub fn verifies(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
        match (self, algorithm) {
            (Self::Rsa { modulus, exponent }, "RS256" | "PS256") => {
                let parameters = match algorithm {
                    "PS256" => &signature::RSA_PSS_2048_8192_SHA256,
                    _ => &signature::RSA_PKCS1_2048_8192_SHA256,
                };
                let key = PublicKeyComponents { n: modulus.as_slice(), e: exponent.as_slice() };
                key.verify(parameters, message, signature).is_ok()
            }
            (Self::Ec(point), "ES256") => {
                let algorithm: &'static dyn VerificationAlgorithm = &ECDSA_P256_SHA256_FIXED;
                UnparsedPublicKey::new(algorithm, point).verify(message, signature).is_ok()
            }
            _ => false,
        }
    }

    /// A name for it: part of the hash of its numbers.
    pub fn id(&self) -> String {
        let bytes = match self {
            Self::Rsa { modulus, .. } => modulus,
            Self::Ec(point) => point,
        };
        BASE64_URL_SAFE_NO_PAD.encode(&digest::digest(&digest::SHA256, bytes).as_ref()[..20])
    }

    /// The key as a member of a JSON Web Key Set (RFC 7517).
    pub fn jwk(&self) -> Value {
        let text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Rsa { modulus, exponent } => json!({
                "kty": "RSA", "use": "sig", "kid": self.id(), "alg": "RS256", "n": text(modulus), "e": text(exponent),
            }),
            Self::Ec(point) => json!({
                "kty": "EC", "use": "sig", "kid": self.id(), "alg": "ES256", "crv": "P-256",
                "x": text(&point[1..33]), "y": text(&point[33..]),
            }),
        }
    }
}
