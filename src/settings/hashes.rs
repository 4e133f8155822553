//! The secret of the hashes that stand for properties.

use secrecy::{ExposeSecret as _, SecretString};

use super::lookup::Reader;

const NAME: &str = "HASH_SECRET";
/// Shortest secret: as long as the HMAC that it keys.
const SHORTEST: usize = 32;

/// The secret, if there is one.
pub(super) fn secret(reader: &mut Reader<'_>) -> Option<SecretString> {
    let secret = SecretString::from(reader.text(NAME)?);
    if secret.expose_secret().len() < SHORTEST {
        reader.problem(NAME, format!("must have at least {SHORTEST} characters"));
    }
    Some(secret)
}

/// The problem of having none, though the row of this resource hashes properties.
pub(super) fn missing(resource: &str) -> String {
    format!(
        "{NAME}: is not set, but the row of {resource} has `hash`; set it to a secret of at least {SHORTEST} characters"
    )
}
