//! A JSON Web Token as it comes, in its compact form (RFC 7515, section 7.1): taken apart, and believed in nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::refused::NotACaller;
use crate::json::{self, Members};

/// Longest token that is looked at; those of users with many groups have some 10 KiB.
const MOST_BYTES: usize = 64 * 1024;

/// Its parts.
pub(super) struct Jwt {
    /// `kid` of the header.
    pub key_id: String,
    /// The claims, decoded.
    pub payload: Vec<u8>,
    /// What the signature is about.
    pub signed: String,
    pub signature: Vec<u8>,
}

impl Jwt {
    /// Takes a token apart that is signed with RS256, as all of Entra's are.
    ///
    /// # Errors
    /// [`NotACaller`].
    pub fn read(token: &str) -> Result<Self, NotACaller> {
        let malformed = |what| NotACaller::Malformed(what);
        if token.len() > MOST_BYTES {
            return Err(malformed("it is too long"));
        }
        let [header, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else {
            return Err(malformed("it does not have three parts"));
        };
        let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
        let bytes = decoded(header).ok_or(malformed("its header cannot be read"))?;
        let members = Members::read(&bytes).ok_or(malformed("its header cannot be read"))?;
        let text = |name: &str| members.exact(name).and_then(json::text);
        if text("alg").as_deref() != Some("RS256") {
            return Err(NotACaller::Algorithm);
        }
        // What must be understood is not (RFC 7515, section 4.1.11).
        if members.exact("crit").is_some() {
            return Err(malformed("its header asks for an extension"));
        }
        Ok(Self {
            key_id: text("kid").ok_or(malformed("its header names no key"))?.into_owned(),
            payload: decoded(payload).ok_or(malformed("its claims cannot be read"))?,
            signed: format!("{header}.{payload}"),
            signature: decoded(signature).ok_or(malformed("its signature cannot be read"))?,
        })
    }
}

impl std::fmt::Debug for Jwt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Jwt")
    }
}
