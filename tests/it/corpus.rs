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
fn nobody_rings_without_the_secret() {
    each("notification_body", properties::notification_body);
}
