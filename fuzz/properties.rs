//! What must hold for any bytes from outside. The fuzz targets look for some for which it does not; the tests try
//! the corpus.

use std::time::Duration;

use graph_mirror::credentials;
use graph_mirror::functions::envelope::{self, HttpRequest, QueueItem, Timer};
use graph_mirror::graph::{self, Listing, Page, Subscription};
use graph_mirror::json::Members;
use graph_mirror::notify::{self, Keys, Meant};
use graph_mirror::protocol::{Existing, Source};
use graph_mirror::protocol::{change, document};
use secrecy::SecretString;
use serde_json::Value;
use serde_json::value::RawValue;
use time::OffsetDateTime;

/// The tenant that notifications without one are taken to be of.
const TENANT: &str = "11111111-2222-4333-8444-555555555555";

/// An envelope is read or refused, whatever it is, and no refusal quotes it.
pub fn envelope(data: &[u8]) {
    for binding in ["timer", "req", "item", "msg"] {
        quotes_nothing(data, envelope::read::<Timer>(data, binding).err());
        quotes_nothing(data, envelope::read::<QueueItem>(data, binding).err());
        quotes_nothing(data, envelope::read::<HttpRequest>(data, binding).err());
    }
}

/// A body of notifications is judged or refused, and nobody rings who does not know the secret.
pub fn notification_body(data: &[u8]) {
    let Ok(body) = std::str::from_utf8(data) else { return };
    let keys = Keys::new(&[SecretString::from("a secret that is in no body at all")]);
    if let Ok(delivery) =
        notify::judge(body, &keys, Some(TENANT), |feed, _| Some(Meant { feed: feed.to_owned(), id: None }))
    {
        assert!(delivery.feeds.is_empty() && !delivery.subscriptions, "somebody rang without the secret");
    }
}

/// Of an error body only known words and numbers come out, however many there are.
pub fn error_body(data: &[u8]) {
    let codes = graph::codes(data);
    assert!(codes.len() < 500, "too many codes");
    let again = format!(r#"{{"error":{{"code":"{}"}}}}"#, codes.split('/').next().unwrap_or_default());
    assert_eq!(graph::codes(again.as_bytes()), codes.split('/').next().unwrap_or_default(), "no known word");
}

/// A page, and a list of ids, are read or refused; a link is a text of the page, and no refusal quotes it.
pub fn page(data: &[u8]) {
    match Page::parse(data, &graph::Manner::delta()) {
        Ok(page) => {
            let objects: usize = page.objects.iter().map(|object| object.get().len()).sum();
            assert!(objects <= data.len(), "a page has no more than what was sent");
            let _ = change::of(&page.objects, change::Told::DeletedFacet);
        }
        Err(error) => quotes_nothing(data, Some(error)),
    }
    if let Some(text) = raw(data) {
        quotes_nothing(data, Listing::parse(&text).err());
    }
}

/// Whatever an object is, Cosmos can hold its document, and its links have two ends.
pub fn object(data: &[u8]) {
    let Some(object) = raw(data) else { return };
    let stamp = document::Stamp {
        resource: "users",
        parent: None,
        tenant_id: TENANT,
        source: Source::Delta,
        is_first_list: false,
        generation: 1,
        save: 1,
        now: OffsetDateTime::UNIX_EPOCH,
        tombstone_ttl: Duration::from_secs(86_400),
        ttl: None,
    };
    let objects = [object];
    let changes = change::of(&objects, change::Told::Removed);
    for change in &changes.objects {
        let Some(document) = document::of(change, &stamp) else { continue };
        let text = serde_json::to_vec(&document).expect("a document is written");
        let read: Value = serde_json::from_slice(&text).expect("a document is read again");
        assert!(read["id"].as_str().is_some_and(|id| !id.is_empty() && !id.contains(['/', '\\', '?', '#'])));
        assert_eq!(read["_mirror"]["resource"], "users", "a property takes the place of none of ours");
    }
    assert!(changes.links.iter().all(|link| !link.source.is_empty() && !link.target.is_empty()));
}

/// A list of subscriptions is read or refused; what is in it has an id.
pub fn subscription_list(data: &[u8]) {
    let Some(page) = Members::read(data) else { return };
    if let Ok(all) = Subscription::listed(&page, OffsetDateTime::UNIX_EPOCH) {
        assert!(all.iter().all(|one| !one.id.is_empty()));
    }
}

/// An answer with a token is read or refused in words that quote nothing; one that is read has a token and an end.
pub fn token_answer(data: &[u8]) {
    let now = OffsetDateTime::from_unix_timestamp(1_800_000_000).expect("a moment");
    match credentials::token_answer(data, now) {
        Ok(Some(known)) => {
            let known: Value = serde_json::from_str(&known).expect("it is JSON");
            assert!(known["access_token"].as_str().is_some_and(|token| !token.is_empty()));
            assert!(known["expires_in"].is_i64() && known["expires_on"].is_string());
        }
        Ok(None) => {}
        Err(error) => quotes_nothing(data, Some(error)),
    }
    if let Some(known) = credentials::of_tool(data) {
        assert!(serde_json::from_slice::<Value>(&known).is_ok_and(|known| known["expires_on"].is_i64()));
    }
    let code = credentials::refusal_code(data).unwrap_or_default();
    assert!(
        code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_:".contains(&byte))
    );
}

/// The claims of a token are read, or there are none.
pub fn claims(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = credentials::claims(text);
    use base64::Engine as _;
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(data);
    let claims = credentials::claims(&format!("e30.{payload}.x"));
    let _ = (claims.client_id(), claims.scopes().len());
}

/// A document of a container is one of this mirror, or it is said what it lacks.
pub fn stored_document(data: &[u8]) {
    let Some(text) = raw(data) else { return };
    match Existing::of(text) {
        Ok(kept) => assert_eq!(kept.removed.is_some(), kept.marks.removed),
        Err(lacks) => assert!(!lacks.is_empty()),
    }
}

fn raw(data: &[u8]) -> Option<Box<RawValue>> {
    serde_json::from_slice(data).ok()
}

/// The words of an error are ours: none of eight letters and more is from what was sent, unless it is a name of ours.
fn quotes_nothing(data: &[u8], error: Option<impl std::fmt::Display>) {
    let Some(said) = error.map(|error| error.to_string()) else { return };
    let marked = data.windows(8).any(|window| window == b"hushhush");
    assert!(!marked || !said.contains("hush"), "an error quotes what was sent: {said}");
}
