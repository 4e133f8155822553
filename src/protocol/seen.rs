//! What a list has shown, as hashes of document ids (rule 13). Pure.
//!
//! A feed without a delta query does not write what did not change, so the generations of its documents do not say what
//! the last list has shown. The ids of each page but the last are kept beside the checkpoint, before that is saved: a turn
//! that is killed loses none. The last page is remembered: whoever has written it also sweeps.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How long a page of ids is kept: a list that takes longer begins anew.
const TTL_SECONDS: u64 = 2 * 86_400;
/// How the ids of these documents begin.
const PREFIX: &str = "seen";

/// The ids that one page of a list has shown, as it lies in the container `mirror`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeenPage {
    /// Its id, which no other page of any turn has.
    pub id: String,
    /// The feed; also the partition key.
    pub feed: String,
    /// Which page of the list it is, from 0.
    pub page: u32,
    /// The hashes, each in eight bytes, in base64.
    pub ids: String,
    /// Seconds until Cosmos DB removes it.
    pub ttl: u64,
}

/// What a list has shown.
#[derive(Debug, Clone, Default)]
pub struct Seen(HashSet<u64>);

impl SeenPage {
    /// The page that the next save of a checkpoint covers.
    pub fn new(feed: &str, generation: u64, page: u32, save: u64, seen: &Seen) -> Self {
        let mut hashes: Vec<_> = seen.0.iter().collect();
        hashes.sort_unstable();
        let bytes: Vec<u8> = hashes.into_iter().flat_map(|hash| hash.to_le_bytes()).collect();
        Self {
            id: format!("{}{page:08}-{save}", Self::prefix(generation)),
            feed: feed.to_owned(),
            page,
            ids: STANDARD_NO_PAD.encode(bytes),
            ttl: TTL_SECONDS,
        }
    }

    /// How the ids of all pages of a generation begin.
    pub fn prefix(generation: u64) -> String {
        format!("{PREFIX}-{generation}-")
    }

    /// What it has shown; none if it cannot be read.
    pub fn seen(&self) -> Option<Seen> {
        let bytes = STANDARD_NO_PAD.decode(&self.ids).ok()?;
        let (hashes, rest) = bytes.as_chunks();
        rest.is_empty().then(|| Seen(hashes.iter().map(|hash| u64::from_le_bytes(*hash)).collect()))
    }
}

impl Seen {
    /// Adds a document.
    pub fn add(&mut self, document: &str) {
        self.0.insert(hash(document));
    }

    /// Adds what another part has shown.
    pub fn extend(&mut self, other: &Self) {
        self.0.extend(&other.0);
    }

    /// Whether a document was shown. Two of a million ids have the same hash once in 37 million lists; then an object that is
    /// gone stays until its id or the other one changes.
    pub fn contains(&self, document: &str) -> bool {
        self.0.contains(&hash(document))
    }
}

/// The same in every version and on every machine: it is stored.
fn hash(document: &str) -> u64 {
    let digest = Sha256::digest(document.as_bytes());
    digest.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_survives_its_own_json() {
        let mut seen = Seen::default();
        ["a", "b", "ü"].iter().for_each(|id| seen.add(id));
        let page = SeenPage::new("teams", 7, 3, 12, &seen);
        assert_eq!(page.id, "seen-7-00000003-12");
        let page: SeenPage = serde_json::from_str(&serde_json::to_string(&page).unwrap()).unwrap();
        let read = page.seen().unwrap();
        assert!(["a", "b", "ü"].iter().all(|id| read.contains(id)) && !read.contains("c"));
        assert!(SeenPage { ids: "AAAA".into(), ..page }.seen().is_none(), "three bytes are no hash");
    }
}
