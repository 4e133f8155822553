//! What an enumeration has shown, as hashes of document ids (rule 13). Pure.
//!
//! An enumeration that writes only what differs leaves other documents as they are, so their generations do not say what it
//! has shown. The ids of each page are kept beside the checkpoint, before that is saved: a turn that is killed loses none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// How the ids of these documents begin.
const PREFIX: &str = "seen";

/// Most hashes in one document: it stays far below 2 MB
/// (<https://learn.microsoft.com/azure/cosmos-db/concepts-limits#per-item-limits>). A page may have more links than that.
const MOST: usize = 50_000;

/// The ids that one page of an enumeration has shown, or a part of them, as it lies in the container `mirror`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeenPage {
    /// Its id, which no other page of any turn has.
    pub id: String,
    /// The feed; also the partition key.
    pub feed: String,
    /// Which page of the enumeration it is, from 0.
    pub page: u32,
    /// So many documents have what the page has shown.
    #[serde(default = "one")]
    pub parts: usize,
    /// The number of the save that covers the page. If that is abandoned, the page was read again, and this one says nothing.
    #[serde(default)]
    pub save: u64,
    /// The hashes, each in eight bytes, in base64.
    pub ids: String,
    /// Seconds until Cosmos DB removes it.
    pub ttl: u64,
}

/// What an enumeration has shown: hashes, in their order.
#[derive(Debug, Clone, Default)]
pub struct Seen(Vec<u64>);

impl SeenPage {
    /// The documents of a page that the next save of a checkpoint covers; at least one.
    pub fn of(feed: &str, generation: u64, page: u32, save: u64, seen: &Seen, ttl: Duration) -> Vec<Self> {
        let parts: Vec<_> = if seen.0.is_empty() { vec![&[][..]] } else { seen.0.chunks(MOST).collect() };
        let document = |(part, hashes): (usize, &&[u64])| Self {
            id: format!("{}{page:08}-{save}-{part}", Self::prefix(generation)),
            feed: feed.to_owned(),
            page,
            parts: parts.len(),
            save,
            ids: STANDARD_NO_PAD
                .encode(hashes.iter().flat_map(|hash| hash.to_le_bytes()).collect::<Vec<_>>()),
            ttl: ttl.as_secs(),
        };
        parts.iter().enumerate().map(document).collect()
    }

    /// How the ids of all pages of a generation begin.
    pub fn prefix(generation: u64) -> String {
        format!("{PREFIX}-{generation}-")
    }

    /// What it has shown; none if it cannot be read.
    pub fn seen(&self) -> Option<Seen> {
        let bytes = STANDARD_NO_PAD.decode(&self.ids).ok()?;
        let (hashes, rest) = bytes.as_chunks();
        rest.is_empty().then(|| Seen::sorted(hashes.iter().map(|hash| u64::from_le_bytes(*hash)).collect()))
    }
}

fn one() -> usize {
    1
}

impl Seen {
    /// What shows these objects, by the ids of their documents, and links: each by its container and the id of its document.
    pub fn of<'a>(
        objects: impl Iterator<Item = &'a str>,
        links: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let links = links.map(|(container, link)| hash(&[container, "/", link]));
        Self::sorted(objects.map(|object| hash(&[object])).chain(links).collect())
    }

    /// What all of these have shown.
    pub fn all(parts: impl Iterator<Item = Self>) -> Self {
        Self::sorted(parts.flat_map(|part| part.0).collect())
    }

    /// How many objects and links were shown, as far as their hashes differ.
    pub fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// Whether an object was shown, by the id of its document. Two of a million ids have the same hash once in 37 million
    /// enumerations; then an object that is gone stays until its id or the other one changes.
    pub fn contains(&self, object: &str) -> bool {
        self.0.binary_search(&hash(&[object])).is_ok()
    }

    /// Whether a link was shown.
    pub fn contains_link(&self, container: &str, link: &str) -> bool {
        self.0.binary_search(&hash(&[container, "/", link])).is_ok()
    }

    fn sorted(mut hashes: Vec<u64>) -> Self {
        hashes.sort_unstable();
        hashes.dedup();
        Self(hashes)
    }
}

/// The same in every version and on every machine: it is stored.
fn hash(parts: &[&str]) -> u64 {
    let mut digest = Sha256::new();
    parts.iter().for_each(|part| digest.update(part));
    digest.finalize().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_survives_its_own_json() {
        let seen = Seen::of(["a", "b", "ü"].into_iter(), [("members", "a~b")].into_iter());
        let page = SeenPage::of("teams", 7, 3, 12, &seen, Duration::from_secs(60)).remove(0);
        assert_eq!((&*page.id, page.save, page.parts, page.ttl), ("seen-7-00000003-12-0", 12, 1, 60));
        let page: SeenPage = serde_json::from_str(&serde_json::to_string(&page).unwrap()).unwrap();
        let read = page.seen().unwrap();
        assert!(["a", "b", "ü"].iter().all(|id| read.contains(id)) && !read.contains("c"));
        assert!(read.contains_link("members", "a~b") && !read.contains_link("owners", "a~b"));
        assert!(SeenPage { ids: "AAAA".into(), ..page }.seen().is_none(), "three bytes are no hash");
        let both = Seen::all([seen, Seen::of(["c"].into_iter(), [].into_iter())].into_iter());
        assert!(both.contains("a") && both.contains("c") && !both.contains("d"));
    }

    #[test]
    fn a_page_of_very_many_links_takes_several_documents() {
        let ids: Vec<_> = (0..120_000).map(|id: u32| id.to_string()).collect();
        let seen = Seen::of([].into_iter(), ids.iter().map(|id| ("members", &**id)));
        let parts = SeenPage::of("groups", 7, 0, 12, &seen, Duration::from_secs(60));
        assert!(parts.iter().all(|part| part.parts == 3 && part.ids.len() < 600_000));
        assert_eq!(parts.iter().map(|part| &part.id).collect::<std::collections::HashSet<_>>().len(), 3);
        let read = Seen::all(parts.iter().map(|part| part.seen().unwrap()));
        assert!(ids.iter().all(|id| read.contains_link("members", id)));
        assert_eq!(SeenPage::of("groups", 7, 0, 12, &Seen::default(), Duration::ZERO).len(), 1);
    }
}
