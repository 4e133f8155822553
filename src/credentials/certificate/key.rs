//! The private key: RSA, or elliptic curve on P-256 or P-384.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    KeyPair as _, RSA_PSS_SHA256, RsaKeyPair,
};

/// What the curves are called in a JWT (RFC 7518, 3.4).
static CURVES: [(&str, &EcdsaSigningAlgorithm); 2] =
    [("ES256", &ECDSA_P256_SHA256_FIXED_SIGNING), ("ES384", &ECDSA_P384_SHA384_FIXED_SIGNING)];

/// A private key.
pub(super) enum Key {
    Rsa(RsaKeyPair),
    Curve(&'static str, EcdsaKeyPair),
}

impl Key {
    /// Reads a key in any of the forms in which files have them: PKCS #8, PKCS #1 (RSA) or SEC 1 (elliptic curve).
    pub fn read(der: &[u8]) -> Result<Self, String> {
        if let Ok(key) = RsaKeyPair::from_pkcs8(der).or_else(|_| RsaKeyPair::from_der(der)) {
            return Ok(Self::Rsa(key));
        }
        let curve = CURVES.iter().find_map(|(name, curve)| {
            let key = EcdsaKeyPair::from_private_key_der(curve, der).ok()?;
            Some(Self::Curve(name, key))
        });
        curve.ok_or_else(|| {
            "holds a private key that is neither RSA of 2048 to 8192 bits nor elliptic curve on P-256 or P-384; Entra \
             takes RSA"
                .into()
        })
    }

    /// The public key, as a certificate has it.
    pub fn public(&self) -> &[u8] {
        match self {
            Self::Rsa(key) => key.public_key().as_ref(),
            Self::Curve(_, key) => key.public_key().as_ref(),
        }
    }

    /// The algorithm's name in the header of a JWT. Entra documents PS256.
    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "PS256",
            Self::Curve(name, _) => name,
        }
    }

    /// Signs, in the form of a JWT.
    pub fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PSS_SHA256, &random, message, &mut signature).ok()?;
                Some(signature)
            }
            Self::Curve(_, key) => Some(key.sign(&random, message).ok()?.as_ref().to_vec()),
        }
    }
}
