//! What the fuzz targets begin with, and whatever they found: it holds with the stable compiler too.

use std::fs;
use std::path::Path;

#[path = "../../fuzz/properties.rs"]
mod properties;

fn each(target: &str, holds: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() > 5, "there is a corpus");
    for file in files {
        holds(&fs::read(&file).unwrap());
    }
}

#[test]
fn any_envelope_is_read_or_refused() {
    each("envelope", properties::envelope);
}

#[test]
fn nobody_starts_a_run_without_the_secret() {
    each("notification_body", properties::notification_body);
}

#[test]
fn only_known_words_come_out_of_an_error_body() {
    each("error_body", properties::error_body);
}

#[test]
fn a_page_is_read_or_refused() {
    each("page", properties::page);
}

#[test]
fn cosmos_can_hold_the_document_of_any_object() {
    each("object", properties::object);
}

#[test]
fn every_subscription_of_a_list_has_an_id() {
    each("subscription_list", properties::subscription_list);
}

#[test]
fn an_answer_with_a_token_has_a_token_and_an_end() {
    each("token_answer", properties::token_answer);
}

#[test]
fn claims_are_read_or_there_are_none() {
    each("claims", properties::claims);
}

#[test]
fn a_stored_document_is_ours_or_lacks_something() {
    each("stored_document", properties::stored_document);
}
