//! Objects that are made as their row says, property by property.

use std::collections::BTreeMap;

use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::values::{guid, moment};
use crate::graph::maker::Maker;

/// A value of a property.
fn value(maker: &Maker, number: usize, random: &mut Rng) -> Value {
    match maker {
        Maker::Guid => json!(guid(random)),
        Maker::Moment => json!(moment(random)),
        Maker::Flag => json!(random.bool()),
        Maker::Text(text) => json!(text.replace("{number}", &number.to_string())),
        Maker::OneOf(values) => random.choice(values).cloned().unwrap_or_default(),
    }
}

/// An object with most of these properties.
pub(super) fn object_of(
    made: &BTreeMap<String, Maker>,
    number: usize,
    random: &mut Rng,
) -> Map<String, Value> {
    let mut object = Map::new();
    for (name, maker) in made {
        let value = value(maker, number, random);
        match random.u8(..12) {
            0 if maker.is_optional() => {}
            1 if maker.is_optional() => drop(object.insert(name.clone(), Value::Null)),
            _ => drop(object.insert(name.clone(), value)),
        }
    }
    object
}

/// One property to set, now and then to null.
pub(super) fn patch_of(
    made: &BTreeMap<String, Maker>,
    number: usize,
    random: &mut Rng,
) -> Map<String, Value> {
    let changing = made.iter().filter(|(_, maker)| !matches!(maker, Maker::Guid));
    let Some((name, maker)) = random.choice(changing.collect::<Vec<_>>()) else { return Map::new() };
    let is_null = maker.is_optional() && random.u8(..4) == 0;
    let value = if is_null { Value::Null } else { value(maker, number, random) };
    Map::from_iter([(name.clone(), value)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::row::Row;

    #[test]
    fn objects_are_the_same_for_the_same_seed_and_some_lack_a_property_or_have_null() {
        let devices = |seed| {
            let mut random = Rng::with_seed(seed);
            (0..50).map(|number| object_of(&Row::of("devices").made, number, &mut random)).collect::<Vec<_>>()
        };
        assert_eq!(devices(1), devices(1));
        assert_ne!(devices(1), devices(2));
        let models: Vec<_> = devices(1).iter().map(|device| device.get("model").cloned()).collect();
        assert!(models.contains(&None) && models.contains(&Some(Value::Null)));
        assert!(devices(1).iter().all(|device| device["id"].is_string() && device["isManaged"].is_boolean()));
        assert_eq!(devices(1)[7]["displayName"], "DESKTOP-7 \"Büro\"");
    }

    #[test]
    fn a_patch_never_changes_an_id() {
        let mut random = Rng::with_seed(1);
        for _ in 0..200 {
            let patch = patch_of(&Row::of("devices").made, 1, &mut random);
            assert!(patch.len() == 1 && !patch.contains_key("id") && !patch.contains_key("deviceId"));
        }
    }
}
