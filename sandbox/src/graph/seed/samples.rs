//! Objects like those of the sample pages in `sandbox/samples.json`, each with an id of its own.

use std::{collections::BTreeMap, sync::LazyLock};

use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::values::{guid, moment};
use crate::graph::row::Row;

static SAMPLES: LazyLock<BTreeMap<String, Vec<Map<String, Value>>>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../samples.json"))
        .expect("sandbox/samples.json has objects by row")
});

/// The samples of a collection, if there are any.
pub(super) fn of(row: &Row) -> Option<&'static [Map<String, Value>]> {
    SAMPLES.get(&row.name).map(Vec::as_slice)
}

/// The `number`th object, like one of the samples.
pub(super) fn object_of(
    row: &Row,
    samples: &[Map<String, Value>],
    number: usize,
    random: &mut Rng,
) -> Map<String, Value> {
    let mut object = samples[number % samples.len()].clone();
    if !row.single {
        let id = object.get(&row.key).and_then(Value::as_str).unwrap_or_default();
        let id = if is_guid(id) { guid(random) } else { format!("{id}{number}") };
        object.insert(row.key.clone(), json!(id));
    }
    object
}

/// One property to set, now and then to null.
pub(super) fn patch_of(
    row: &Row,
    samples: &[Map<String, Value>],
    number: usize,
    random: &mut Rng,
) -> Map<String, Value> {
    let places = row.window.as_ref().map(|window| &window.property);
    let fixed = [Some(&row.key), row.parent_property.as_ref(), places];
    let is_free = |name: &String| !name.starts_with('@') && !fixed.contains(&Some(name));
    let simple = samples.iter().flatten().filter(|(name, value)| {
        is_free(name) && (value.is_boolean() || value.is_number() || value.is_string())
    });
    let Some((name, value)) = random.choice(simple.collect::<Vec<_>>()) else { return Map::new() };
    let value = match value {
        _ if random.u8(..6) == 0 => Value::Null,
        Value::Bool(_) => json!(random.bool()),
        Value::Number(_) => json!(random.u16(..)),
        Value::String(text) if text.len() == 20 && text.ends_with('Z') => json!(moment(random)),
        _ => json!(format!("{name} {number}.{}", random.u8(..))),
    };
    Map::from_iter([(name.clone(), value)])
}

fn is_guid(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_have_known_properties_and_a_key_and_get_ids_of_their_own() {
        for (name, samples) in &*SAMPLES {
            let row = Row::of(name);
            for sample in samples {
                let unknown = sample.keys().find(|name| !name.starts_with('@') && !row.has(name));
                assert_eq!(unknown, None, "{name}");
                assert!(sample[&row.key].is_string(), "{name}");
            }
            let object = |number| object_of(row, samples, number, &mut Rng::with_seed(number as u64));
            assert!(row.single || object(1)[&row.key] != object(2)[&row.key], "{name}");
        }
    }

    #[test]
    fn a_patch_keeps_the_id_and_the_place() {
        let (row, mut random) = (Row::of("messages"), Rng::with_seed(1));
        for number in 0..200 {
            let patch = patch_of(row, of(row).unwrap(), number, &mut random);
            assert!(patch.len() == 1 && !patch.contains_key("id") && !patch.contains_key("parentFolderId"));
        }
    }
}
