//! Made-up objects, the same for the same seed.
//!
//! Users and groups have files of their own, since their properties depend on each other; the objects of any other
//! collection are like its samples ([`samples`]) or, if it has none, made as its row says ([`made`]).

mod groups;
mod made;
mod samples;
mod users;
mod values;

use fastrand::Rng;
use serde_json::{Map, Value};

use super::row::Row;

/// A made-up object of a collection, the `number`th of a tenant.
pub(super) fn object_of(row: &Row, number: usize, random: &mut Rng) -> Map<String, Value> {
    match row.name.as_str() {
        "users" => users::user(number, random),
        "groups" => groups::group(number, random),
        _ => match samples::of(row) {
            Some(samples) => samples::object_of(row, samples, number, random),
            None => made::object_of(&row.made, number, random),
        },
    }
}

/// Properties to set on an object of a collection, now and then to null.
pub(super) fn patch_of(row: &Row, number: usize, random: &mut Rng) -> Map<String, Value> {
    match row.name.as_str() {
        "users" => users::patch(random),
        "groups" => groups::patch(random),
        _ => match samples::of(row) {
            Some(samples) => samples::patch_of(row, samples, number, random),
            None => made::patch_of(&row.made, number, random),
        },
    }
}
