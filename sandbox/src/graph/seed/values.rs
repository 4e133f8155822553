//! Values that objects are made of.

use fastrand::Rng;
use serde_json::{Map, Value};

pub(super) const DOMAIN: &str = "contoso.example";
pub(super) const DEPARTMENTS: &[&str] = &["Finance", "R&D", "Vertrieb", "Ops/Night", "People <3", "Recht"];

pub(super) fn phones(random: &mut Rng) -> Value {
    (0..random.usize(..=2)).map(|_| phone(random)).collect()
}

pub(super) fn phone(random: &mut Rng) -> String {
    format!("+41 {:02} {:07}", random.u8(20..99), random.u32(..10_000_000))
}

pub(super) fn sid(random: &mut Rng) -> String {
    format!("S-1-12-1-{}-{}-{}-{}", random.u32(..), random.u32(..), random.u32(..), random.u32(..))
}

pub(super) fn moment(random: &mut Rng) -> String {
    let (month, day, hour, minute, second) =
        (random.u8(1..=12), random.u8(1..=28), random.u8(..24), random.u8(..60), random.u8(..60));
    format!("20{:02}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z", random.u8(10..26))
}

pub(super) fn guid(random: &mut Rng) -> String {
    uuid::Builder::from_random_bytes(random.u128(..).to_be_bytes()).into_uuid().to_string()
}

pub(super) fn emoji(random: &mut Rng) -> &'static str {
    if random.u8(..30) == 0 { "👩‍🚀" } else { "" }
}

pub(super) fn pick(random: &mut Rng, list: &[&'static str]) -> &'static str {
    list[random.usize(..list.len())]
}

pub(super) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        other => unreachable!("written as an object above: {other}"),
    }
}
