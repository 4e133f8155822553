//! What must hold for any bytes from outside. The fuzz targets look for some for which it does not; the tests try
//! the corpus.

use graph_mirror::functions::envelope::{self, HttpRequest, QueueItem, Timer};
use graph_mirror::notify::{self, Keys};
use secrecy::SecretString;

/// The tenant that notifications without one are taken to be of.
const TENANT: &str = "11111111-2222-4333-8444-555555555555";

/// An envelope is read or refused, whatever it is.
pub fn envelope(data: &[u8]) {
    for binding in ["timer", "req", "item", "msg"] {
        let _ = envelope::read::<Timer>(data, binding);
        let _ = envelope::read::<QueueItem>(data, binding);
        let _ = envelope::read::<HttpRequest>(data, binding);
    }
}

/// A body of notifications is judged or refused, and nobody rings who does not know the secret.
pub fn notification_body(data: &[u8]) {
    let Ok(body) = std::str::from_utf8(data) else { return };
    let keys = Keys::new(&[SecretString::from("a secret that is in no body at all")]);
    if let Ok(delivery) = notify::judge(body, &keys, Some(TENANT), |_| true) {
        assert!(delivery.rung.is_empty() && !delivery.subscriptions, "somebody rang without the secret");
    }
}
