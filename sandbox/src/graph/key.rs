//! What identifies an object within its collection: its id, or below other objects the ids of all of them and its own.
//!
//! `<user>/<folder>/<message>`, each id percent-encoded. One id may so stand below several objects, and what lies below an
//! object is a range of keys.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::row::Row;

const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The chain of these ids, the outermost first.
pub(crate) fn chain<'a>(ids: impl IntoIterator<Item = &'a str>) -> String {
    let encoded = ids.into_iter().map(|id| utf8_percent_encode(id, KEPT).to_string());
    encoded.collect::<Vec<_>>().join("/")
}

/// The key of an object below those of a chain.
pub(crate) fn below(chain_above: &str, id: &str) -> String {
    format!("{chain_above}/{}", chain([id]))
}

/// What the keys of everything below an object begin with.
pub(super) fn prefix(row: &Row, key: &str) -> String {
    let above = if row.is_below() { key.to_owned() } else { chain([key]) };
    format!("{above}/")
}

/// The id in a key.
pub(crate) fn id(row: &Row, key: &str) -> String {
    match key.rsplit_once('/').filter(|_| row.is_below()) {
        Some((_, id)) => percent_decode_str(id).decode_utf8_lossy().into_owned(),
        None => key.to_owned(),
    }
}

/// The ids above, the outermost first.
pub(crate) fn above(row: &Row, key: &str) -> Vec<String> {
    let Some((above, _)) = key.rsplit_once('/').filter(|_| row.is_below()) else { return Vec::new() };
    above.split('/').map(|id| percent_decode_str(id).decode_utf8_lossy().into_owned()).collect()
}

/// The id that an object has only where it is: another one after a move.
pub(super) fn mutable(row: &Row, key: &str) -> String {
    let above = key.rsplit_once('/').map_or("", |(above, _)| above);
    // FNV-1a: the same in every run.
    let hash =
        above.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619));
    format!("{}-{hash:08x}", id(row, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_all_ids_above() {
        let key = below(&chain(["a/b", "c d"]), "e=");
        assert_eq!(key, "a%2Fb/c%20d/e%3D");
        let messages = Row::of("messages");
        assert_eq!(
            (id(messages, &key), above(messages, &key)),
            ("e=".into(), vec!["a/b".into(), "c d".into()])
        );
        assert_eq!(prefix(messages, &key), "a%2Fb/c%20d/e%3D/");
        let users = Row::of("users");
        assert_eq!((id(users, "a/b"), prefix(users, "a/b")), ("a/b".into(), "a%2Fb/".into()));
        assert!(above(users, "a/b").is_empty());
    }
}
