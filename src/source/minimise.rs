//! Data minimisation: what a copy may hold of an object less than Graph sends. Pure.
//!
//! Promises: everything that follows a request sees only objects without the properties that the row drops, and with a
//! keyed hash where the row hashes. So pages, reads by id, sweeps, notes and `verify` cannot differ. Equal values have
//! equal hashes, in every resource, as long as the secret is the same; null and empty values stay. Leaves out on
//! purpose: properties inside of others.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::catalogue::Resource;
use crate::json::Members;

/// How a hash begins: another way to make them gets another number.
const VERSION: &str = "v1.";

/// What the objects of one resource lose.
#[derive(Clone, Default)]
pub struct Minimise {
    drop: Vec<String>,
    hash: Vec<String>,
    key: Option<Hmac<Sha256>>,
}

impl Minimise {
    /// As a row says, with hashes that are keyed by this secret. Without a secret, what would be hashed is dropped.
    pub fn new(resource: &Resource, secret: Option<&SecretString>) -> Self {
        let key = secret.and_then(|secret| Hmac::new_from_slice(secret.expose_secret().as_bytes()).ok());
        Self { drop: resource.drop.clone(), hash: resource.hash.clone(), key }
    }

    /// By what another secret shows, where there are hashes; the secret does not follow from it.
    pub fn fingerprint(&self) -> Option<String> {
        let mut mac = self.key.clone().filter(|_| !self.hash.is_empty())?;
        mac.update(b"fingerprint of the secret");
        Some(mac.finalize().into_bytes()[..8].iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// An object without what the copy may not hold. What is no object holds no properties, and is told as it is.
    pub fn object(&self, object: Box<RawValue>) -> Box<RawValue> {
        if self.drop.is_empty() && self.hash.is_empty() {
            return object;
        }
        let Some(members) = Members::of(object.get()) else { return object };
        let kept = members.iter().filter_map(|(name, value)| Some((name, self.member(name, value)?)));
        let mut text = String::from("{");
        for (name, value) in kept {
            let comma = if text.len() > 1 { "," } else { "" };
            text += &format!("{comma}{}:{}", json!(name), value.get());
        }
        text.push('}');
        RawValue::from_string(text).unwrap_or(object)
    }

    /// Whether a document may hold this property as it is: one that was written before the row said so may be there still.
    pub fn may_hold(&self, name: &str, value: &RawValue) -> bool {
        !is_in(&self.drop, name) && (!is_in(&self.hash, name) || is_empty(value) || is_hash(value))
    }

    fn member<'v>(&self, name: &str, value: &'v RawValue) -> Option<Cow<'v, RawValue>> {
        if is_in(&self.drop, name) {
            return None;
        }
        if !is_in(&self.hash, name) || is_empty(value) {
            return Some(Cow::Borrowed(value));
        }
        // An annotation of it would tell of the value.
        let key = self.key.as_ref().filter(|_| !name.contains('@'))?;
        let hash = to_raw_value(&hashed(key, value)).ok()?;
        Some(Cow::Owned(hash))
    }
}

impl fmt::Debug for Minimise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Minimise").field("drop", &self.drop).field("hash", &self.hash).finish_non_exhaustive()
    }
}

/// Whether a list names this property, in any case, or the property that this is an annotation of. Links are no
/// annotations.
fn is_in(names: &[String], name: &str) -> bool {
    let property = match name.split_once('@') {
        Some((_, "delta")) => return false,
        Some((property, _)) => property,
        None => name,
    };
    names.iter().any(|known| known.eq_ignore_ascii_case(property))
}

fn is_empty(value: &RawValue) -> bool {
    matches!(value.get(), "null" | "\"\"" | "[]" | "{}")
}

fn is_hash(value: &RawValue) -> bool {
    value.get().strip_prefix('"').is_some_and(|text| text.starts_with(VERSION))
}

/// The hash of a value, however it is written.
fn hashed(key: &Hmac<Sha256>, value: &RawValue) -> String {
    // Half of a surrogate pair and the like is hashed as it is written.
    let canonical = serde_json::from_str::<Value>(value.get())
        .map_or_else(|_| value.get().to_owned(), |value| value.to_string());
    let mut mac = key.clone();
    mac.update(canonical.as_bytes());
    format!("{VERSION}{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minimise(secret: &str) -> Minimise {
        let text = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let key = Hmac::new_from_slice(secret.as_bytes()).ok();
        Minimise { drop: text(&["city", "ttl"]), hash: text(&["mail", "phones"]), key }
    }

    fn of(secret: &str, text: &str) -> Value {
        let object = minimise(secret).object(RawValue::from_string(text.into()).unwrap());
        serde_json::from_str(object.get()).unwrap()
    }

    #[test]
    fn what_is_dropped_is_gone_and_what_is_hashed_says_no_more_than_that_it_is_equal() {
        let one = of(
            "s",
            r#"{"id":"1","city":"Ulm","City":"Ulm","city@odata.type":"x","ttl":9,"mail":"a@b.example","phones":["1"],"n":1.10,"city@delta":[]}"#,
        );
        let mail = one["mail"].as_str().unwrap();
        assert!(mail.starts_with("v1.") && mail.len() == 46 && !mail.contains("example"), "{mail}");
        let names: Vec<_> = one.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["city@delta", "id", "mail", "n", "phones"]);
        let again = of("s", r#"{"id":"2","mail":"\u0061@b.example","phones":[ "1" ]}"#);
        assert_eq!(
            (&one["mail"], &one["phones"]),
            (&again["mail"], &again["phones"]),
            "however it is written"
        );
        assert_ne!(one["mail"], of("t", r#"{"mail":"a@b.example"}"#)["mail"]);
        assert_ne!(one["mail"], of("s", r#"{"mail":"A@b.example"}"#)["mail"]);
    }

    #[test]
    fn null_and_empty_values_stay() {
        let all = of("s", r#"{"mail":null,"phones":[],"Mail":"","n":null}"#);
        assert_eq!(all, json!({"mail": null, "phones": [], "Mail": "", "n": null}));
    }

    #[test]
    fn without_a_secret_nothing_is_told() {
        let without = Minimise { key: None, ..minimise("s") };
        let object = without.object(RawValue::from_string(r#"{"id":"1","mail":"a"}"#.into()).unwrap());
        assert_eq!((object.get(), without.fingerprint()), (r#"{"id":"1"}"#, None));
    }

    #[test]
    fn another_secret_shows_and_the_secret_does_not() {
        let (one, other) = (minimise("s").fingerprint().unwrap(), minimise("t").fingerprint().unwrap());
        assert!(one != other && one.len() == 16);
        assert_eq!(Minimise { hash: Vec::new(), ..minimise("s") }.fingerprint(), None, "it decides nothing");
    }

    #[test]
    fn an_older_document_may_not_keep_what_it_has() {
        let (minimise, raw) = (minimise("s"), |text: &str| RawValue::from_string(text.into()).unwrap());
        assert!(!minimise.may_hold("city", &raw("1")) && !minimise.may_hold("mail", &raw(r#""a@b""#)));
        assert!(minimise.may_hold("mail", &raw(r#""v1.x""#)) && minimise.may_hold("mail", &raw("null")));
        assert!(minimise.may_hold("n", &raw("1")));
    }
}
