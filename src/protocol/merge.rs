//! What a page says of an object, and what its document says: merged (rule 5). Pure.
//!
//! Graph's contract lets an entry of a delta round name no more than what changed
//! (<https://learn.microsoft.com/graph/delta-query-overview#resource-representation-in-the-delta-query-response>). So a
//! delta round merges: what an entry does not name stays, an explicit null overwrites, and what says nothing new is not
//! written. An enumeration replaces, but an entry that says only that an object is there never empties its document.
//!
//! A part does not settle doubt: over a doubtful document, over one of an earlier enumeration, or where there is none, it
//! is written as doubtful, with the generation of the enumeration, so that one read by id later completes it (rule 11).

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::change::{self, Change, Kind, OF_RESPONSE};
use super::content::{Shadow, is_same};
use crate::json::Members;
use crate::protocol::{Checkpoint, Existing, State, doubt};

/// What follows from an entry and a document.
#[derive(Debug)]
pub enum Step<'d> {
    /// The document says it already.
    Skip,
    /// The entry takes the place of whatever is there. `whole`: it settles.
    Replace {
        /// It says all that there is to say of the object.
        whole: bool,
    },
    /// Both together take the place of the version that was read.
    Merge {
        /// Both together.
        change: Change<'d>,
        /// The generation of the document.
        generation: u64,
        /// Nothing is left to be looked up.
        settled: bool,
    },
}

/// Whether a page can be written only by whoever knows what is there.
pub fn needs_document(change: &Change<'_>, checkpoint: &Checkpoint) -> bool {
    let tracking = matches!(checkpoint.state, State::Tracking { .. });
    matches!(change.kind, Kind::Put { .. }) && (tracking || change.is_bare())
}

/// Whether an entry says all that there is to say of its object. `required`: what a whole entry of the feed names; `partial`:
/// the feed is known to tell parts only, so without such names every entry of a round of changes is a part.
pub fn is_whole(change: &Change<'_>, checkpoint: &Checkpoint, required: &[String], partial: bool) -> bool {
    let is_round = matches!(checkpoint.state, State::Tracking { .. });
    change.names_all(required) && !(partial && required.is_empty() && is_round)
}

/// What becomes of an entry beside the document that is there. `whole`: see [`is_whole`]; `has_links`: the feed tells links too.
pub fn step<'d>(
    change: &Change<'d>,
    kept: Option<&'d Existing>,
    checkpoint: &Checkpoint,
    whole: bool,
    has_links: bool,
) -> Step<'d> {
    let living = kept.filter(|kept| kept.removed.is_none() && !kept.set_aside);
    let Some(kept) = living else { return Step::Replace { whole } };
    let marks = doubt::marks(&kept.marks);
    let generation = checkpoint.generation;
    // No round has confirmed what an earlier enumeration wrote and this one has not delivered.
    let trusted = marks.generation == generation && !doubt::is_doubtful(checkpoint, marks);
    let tracking = matches!(checkpoint.state, State::Tracking { .. });
    // The enumeration did not show it, and a round of changes tells no links but those that changed (rule 11).
    let unseen = tracking && doubt::is_earlier(checkpoint, marks) && has_links;
    if whole && !trusted && !unseen {
        return Step::Replace { whole };
    }
    let Some((merged, differs)) = merged(change, kept) else { return Step::Replace { whole } };
    if unseen {
        return Step::Merge { change: merged, generation: marks.generation, settled: false };
    }
    if !differs && marks.generation == generation {
        return Step::Skip;
    }
    Step::Merge { change: merged, generation, settled: trusted }
}

/// A document of which Graph says in unclear words that its object is removed: as it is, to be looked up.
pub fn doubted(kept: &Existing) -> Option<Change<'_>> {
    let living = kept.removed.is_none() && !kept.set_aside;
    living.then(|| stored(kept)).flatten()
}

/// The document with what the entry says, and whether that differs from the document.
fn merged<'d>(change: &Change<'d>, kept: &'d Existing) -> Option<(Change<'d>, bool)> {
    let Kind::Put { properties: newer, shadowed: newer_shadowed, unholdable: newest, .. } = &change.kind
    else {
        return None;
    };
    let mut merged = stored(kept)?;
    let Kind::Put { properties, shadowed, unholdable, .. } = &mut merged.kind else { return None };
    let has = |(name, value): &(Cow<'_, str>, &RawValue)| {
        properties.iter().any(|(stored, text)| stored == name && is_same(text, value))
    };
    let has_aside = |(name, value): (&Cow<'_, str>, &Cow<'_, RawValue>)| {
        shadowed.get(name).is_some_and(|text| is_same(text, value))
    };
    let differs = !newer.iter().all(has) || !newer_shadowed.iter().all(has_aside);
    change::overlay((properties, shadowed), newer.iter().cloned(), newer_shadowed.clone());
    unholdable.clone_from(newest);
    (merged.id, merged.text) = (change.id.clone(), change.text);
    Some((merged, differs))
}

/// What a document says of its object.
fn stored(kept: &Existing) -> Option<Change<'_>> {
    let fields = Members::of(kept.text.get())?;
    let shadow = Shadow::of(&fields);
    let is_property = |name: &str| shadow.wrote(name) && !OF_RESPONSE.contains(&name);
    let properties = fields.into_vec().into_iter().filter(|(name, _)| is_property(name)).collect();
    let shadowed = shadow.shadowed.into_iter().map(|(name, value)| (name, Cow::Borrowed(value))).collect();
    let (id, unholdable, links) = (kept.marks.object_id().map(Into::into), Vec::new(), Vec::new());
    Some(Change { id, text: kept.text.get(), kind: Kind::Put { properties, shadowed, unholdable, links } })
}

#[cfg(test)]
mod tests;
