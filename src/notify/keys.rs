//! Client states: by what we know a notification of one of our own subscriptions.
//!
//! Graph repeats the client state of a subscription in each of its notifications
//! (<https://learn.microsoft.com/graph/api/resources/subscription>, at most 128 characters). Ours is
//! `v1.<feed>.<base64url of HMAC-SHA256(secret, tenant|feed)>`: it says of which feed and tenant it is, and can
//! be checked without knowing any subscription.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

/// Of the form of a client state.
const VERSION: &str = "v1";

/// The secrets that client states are made with: the first one makes new ones, each is good for old ones.
#[derive(Clone)]
pub struct Keys(Vec<Hmac<Sha256>>);

impl Keys {
    /// Keys of these secrets; without any, nothing is ours.
    pub fn new(secrets: &[SecretString]) -> Self {
        // An HMAC takes a key of any length.
        let key = |secret: &SecretString| Hmac::new_from_slice(secret.expose_secret().as_bytes()).ok();
        Self(secrets.iter().filter_map(key).collect())
    }

    /// The client state of a subscription to `feed` in `tenant`; none without a secret.
    pub fn sign(&self, tenant: &str, feed: &str) -> Option<String> {
        let mac = mac(self.0.first()?, tenant, feed).finalize().into_bytes();
        Some(format!("{VERSION}.{feed}.{}", URL_SAFE_NO_PAD.encode(mac)))
    }

    /// The feed whose client state in `tenant` this is. Every secret is tried, and each comparison takes as
    /// long as every other.
    pub fn feed<'a>(&self, tenant: &str, state: &'a str) -> Option<&'a str> {
        let (feed, mac) = state.strip_prefix(VERSION)?.strip_prefix('.')?.rsplit_once('.')?;
        let told = URL_SAFE_NO_PAD.decode(mac).ok()?;
        let is_ours = |ours: bool, key| ours | self::mac(key, tenant, feed).verify_slice(&told).is_ok();
        self.0.iter().fold(false, is_ours).then_some(feed)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.0.len())
    }
}

fn mac(key: &Hmac<Sha256>, tenant: &str, feed: &str) -> Hmac<Sha256> {
    let mut mac = key.clone();
    mac.update(tenant.to_ascii_lowercase().as_bytes());
    mac.update(b"|");
    mac.update(feed.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "11111111-2222-4333-8444-555555555555";

    fn keys(secrets: &[&str]) -> Keys {
        Keys::new(&secrets.iter().map(|&secret| SecretString::from(secret)).collect::<Vec<_>>())
    }

    #[test]
    fn a_client_state_says_of_which_feed_it_is_and_only_in_its_tenant() {
        let keys = keys(&["one secret of more than 32 characters"]);
        let state = keys.sign(TENANT, "users").unwrap();
        assert!(state.starts_with("v1.users.") && state.len() <= 128, "{state}");
        assert_eq!(keys.feed(&TENANT.to_uppercase(), &state), Some("users"));
        assert_eq!(keys.feed("99999999-2222-4333-8444-555555555555", &state), None);
        assert_eq!(keys.feed(TENANT, &state.replace("users", "groups")), None);
        for foreign in ["", "v1", "v1.users", "v1.users.", "v1.users.AAAA", "v2.users.AAAA", &state[1..]] {
            assert_eq!(keys.feed(TENANT, foreign), None, "{foreign}");
        }
        assert_eq!(keys.feed(TENANT, &format!("{state}A")), None);
        assert_eq!(keys.feed(TENANT, &state[..state.len() - 4]), None);
    }

    #[test]
    fn while_a_secret_rotates_both_are_good_and_the_first_one_signs() {
        let (old, both) = (keys(&["the old one"]), keys(&["the new one", "the old one"]));
        assert_eq!(both.feed(TENANT, &old.sign(TENANT, "groups").unwrap()), Some("groups"));
        let new = both.sign(TENANT, "groups").unwrap();
        assert_eq!((both.feed(TENANT, &new), old.feed(TENANT, &new)), (Some("groups"), None));
        assert_eq!(keys(&[]).sign(TENANT, "users"), None);
        assert_eq!(keys(&[]).feed(TENANT, &new), None);
        assert_eq!(format!("{both:?}"), "Keys(2)");
    }

    #[test]
    fn a_client_state_stays_what_it_is_from_version_to_version() {
        let state = keys(&["0123456789abcdef0123456789abcdef"]).sign("t", "users").unwrap();
        assert_eq!(state, "v1.users.bYIz8TEyTuL97rhTLi1pcVl3wwu5-l2Q3OHuPoAngD4");
    }
}
