//! Document ids: an object's own id where Cosmos can hold it, else an encoding of it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// Longest id of an item, in bytes: <https://learn.microsoft.com/azure/cosmos-db/concepts-limits>.
const LONGEST: usize = 1023;

/// The id of the document of an object. An id that contains one of `/ \ ? # %`, or starts with the mirror's own mark
/// `~`, becomes `~` and its base64url; a result that is still too long becomes `~sha256-` and a hash.
pub fn document_id(graph_id: &str) -> String {
    let plain = !graph_id.starts_with('~') && !graph_id.contains(['/', '\\', '?', '#', '%']);
    let id = if plain { graph_id.to_owned() } else { format!("~{}", URL_SAFE_NO_PAD.encode(graph_id)) };
    if id.len() <= LONGEST { id } else { hashed(graph_id.as_bytes()) }
}

/// `~sha256-` and the hash of `bytes`, in hex.
pub fn hashed(bytes: &[u8]) -> String {
    format!("~sha256-{}", hex(&Sha256::digest(bytes)))
}

/// The first half of a hash, in hex: enough to tell two versions of an object apart.
pub(super) fn short(hash: Sha256) -> String {
    hex(&hash.finalize()[..16])
}

fn hex(bytes: &[u8]) -> String {
    let digits =
        |byte: &u8| [byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]));
    bytes.iter().flat_map(digits).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_ids_stay_as_they_are() {
        for id in ["6ea91a8d-e32e-41a1-b7bd-d2d185eed0e0", "AAMkAGI=_-", "ünïcode", "a~b"] {
            assert_eq!(document_id(id), id);
        }
    }

    #[test]
    fn what_cosmos_cannot_hold_is_encoded() {
        assert_eq!(document_id("a/b"), "~YS9i");
        assert_eq!(document_id("~"), "~fg");
        assert!(document_id(&"x".repeat(1024)).starts_with("~sha256-"));
        assert_eq!(document_id(&"x".repeat(1023)).len(), 1023);
    }

    proptest! {
        /// No two objects share a document, and every id is one that Cosmos takes.
        #[test]
        fn ids_are_distinct_and_legal(ids in prop::collection::hash_set("[a~/?#%\\\\]{1,6}", 1..40)) {
            let encoded: HashSet<_> = ids.iter().map(|id| document_id(id)).collect();
            prop_assert_eq!(encoded.len(), ids.len());
            for id in encoded {
                prop_assert!(!id.contains(['/', '\\', '?', '#']) && id.len() <= LONGEST);
            }
        }
    }
}
