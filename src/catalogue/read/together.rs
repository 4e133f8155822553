//! What the keys of a row must say together; pure.

use super::super::Resource;
use super::super::fields::Fields;
use super::super::words::{Mode, Removal, Updates};

/// What the keys must say together.
pub(super) fn together(row: &Resource, fields: &mut Fields<'_, '_>) {
    let (is_delta, is_window) = (row.mode == Mode::Delta, row.mode == Mode::Window);
    let is_selected = |name: &String| row.properties.is_empty() || row.properties.contains(name);
    if is_delta != row.path.ends_with("/delta") {
        let allowed = if is_delta { "a path that ends in /delta, in mode delta" } else { "mode delta" };
        fields.fault("path", format_args!("{:?} is not allowed; allowed: {allowed}", row.path));
    }
    if row.single && row.mode != Mode::List {
        fields.fault("single", "true is not allowed; allowed in mode list only");
    }
    if !is_selected(&row.key) {
        fields.fault("select", format_args!("`{}` is missing; every object has it", row.key));
    }
    if !row.required.is_empty() && (!is_delta || row.properties.is_empty() || row.updates == Updates::Partial)
    {
        fields.fault("required", "is not allowed; allowed: in mode delta, with select and full updates");
    }
    if !row.relationships.is_empty() && (!is_delta || row.properties.is_empty()) {
        fields.fault("links", "is not allowed; allowed: in mode delta, with select");
    }
    for (key, value) in [("updates", row.updates != Updates::Full), ("removal", row.removal != Removal::None)]
    {
        if value && !is_delta {
            fields.fault(key, "is not allowed; allowed: in mode delta");
        }
    }
    if is_window != row.window.is_some() {
        fields.fault(
            "window",
            if is_window {
                "is missing; mode window needs it"
            } else {
                "is not allowed; allowed: in mode window"
            },
        );
    }
    if row.is_delegated() {
        of_person(row, fields);
    }
    ranged(row, fields);
    listed(row, fields);
    foldered(row, fields);
    if row.notify && !(row.subscription.is_some() && row.path.contains('{')) {
        let allowed = "allowed: below parents, with a subscription; others need no choice";
        fields.fault("notify", format_args!("true is not allowed; {allowed}"));
    }
    if row.every.is_some() && !row.path.contains('{') {
        fields.fault(
            "every",
            "is not allowed; allowed: with a parent in the path; elsewhere the timer decides",
        );
    }
    if row.parents_required && !row.path.contains('{') {
        fields.fault("parentsRequired", "is not allowed; allowed: with a parent in the path");
    }
    if row.ttl_days.is_some() && !is_window {
        fields.fault("ttlDays", "is not allowed; allowed: in mode window");
    }
    for window in row.window.iter().filter(|window| !is_selected(&window.property)) {
        fields.fault(
            "window.property",
            format_args!("{:?} is not allowed; allowed: a name out of select", window.property),
        );
    }
    // By these an object is understood.
    let needed = |name: &String| {
        let window = row.window.as_ref().map(|window| &window.property);
        let removal = match row.removal {
            Removal::DeletedFacet => Some("deleted"),
            Removal::DeletedDateTime => Some("deletedDateTime"),
            Removal::Annotation | Removal::None => None,
        };
        let is_time = row.range.is_some() && matches!(&**name, "start" | "end" | "type" | "recurrence");
        window == Some(name)
            || is_time
            || removal == Some(name)
            || row.drop.contains(name) && row.hash.contains(name)
    };
    if let Some(name) = row.hash.iter().chain(&row.drop).find(|name| needed(name)) {
        let what = "is not allowed; allowed: in one list, and no property of a window, a range or a removal";
        fields.fault("drop", format_args!("{name:?} {what}"));
    }
    if !row.required.is_empty() && row.required.iter().all(|name| row.drop.contains(name)) {
        fields.fault("required", "is dropped altogether; allowed: at least one name that is not dropped");
    }
    for (key, names) in [("hash", &row.hash), ("drop", &row.drop)] {
        for name in names.iter().filter(|name| **name == row.key || !is_selected(name)) {
            fields.fault(
                key,
                format_args!("{name:?} is not allowed; allowed: names out of select but `{}`", row.key),
            );
        }
    }
}

/// What the row of a feed that is read as a person may not say. Links lie together by their source, whoever reads them, so
/// that two persons would write the same ones.
fn of_person(row: &Resource, fields: &mut Fields<'_, '_>) {
    let elsewhere = "is not allowed; allowed: where no person is signed in";
    if row.path.contains('{') {
        fields.fault("path", format_args!("{:?} has a parent, which {elsewhere}", row.path));
    }
    for (key, is_there) in [
        ("subscription", row.subscription.is_some()),
        ("links", !row.relationships.is_empty()),
        ("parents", row.chosen.is_some()),
    ] {
        if is_there {
            fields.fault(key, elsewhere);
        }
    }
}

/// What a list in shards needs: <https://learn.microsoft.com/graph/aad-advanced-queries>.
fn listed(row: &Resource, fields: &mut Fields<'_, '_>) {
    let Some(property) = &row.list_by else { return };
    let is_plain =
        row.filter.is_none() && row.expand.is_none() && row.query.is_empty() && row.range.is_none();
    let has_list = row.object_path.is_some() && !row.path.contains('{') && !row.is_delegated();
    if !(row.mode == Mode::Delta && is_plain && has_list) {
        let allowed = "in mode delta, without a parent, a filter or other parameters";
        fields.fault("listBy", format_args!("is not allowed; allowed: {allowed}"));
    } else if !row.properties.contains(property) {
        fields.fault("listBy", format_args!("{property:?} is not allowed; allowed: a name out of select"));
    }
}

/// What a range and the parameters must say together.
fn ranged(row: &Resource, fields: &mut Fields<'_, '_>) {
    let asks = |name: &str| row.query.iter().any(|(_, value)| value.contains(name));
    let has_braces = row.query.iter().any(|(_, value)| {
        let rest = value.replacen("{from}", "", 1).replacen("{to}", "", 1);
        rest.contains(['{', '}'])
    });
    if has_braces || row.range.is_some() != asks("{from}") || row.range.is_some() != asks("{to}") {
        fields.fault("query", "is not allowed; allowed: {from} and {to} with `range`, and no other braces");
    }
    if row.range.is_some() && !(row.mode == Mode::Delta && row.object_path.is_some()) {
        fields.fault("range", "is not allowed; allowed: in mode delta, with objects that are read by id");
    }
}

/// What a feed of folders, or one that takes times, must say besides.
fn foldered(row: &Resource, fields: &mut Fields<'_, '_>) {
    if row.time_token && row.mode != Mode::Delta {
        fields.fault("timeToken", "true is not allowed; allowed: in mode delta");
    }
    let Some(first) = row.inside.first() else { return };
    let is_kept = (row.properties.is_empty() || row.properties.contains(first))
        && !row.drop.contains(first)
        && !row.hash.contains(first);
    if row.mode != Mode::Delta || row.object_path.is_none() || !is_kept {
        let allowed = "allowed: in mode delta, with objects that are read by id, and a name out of select";
        fields.fault("inside", format_args!("{first:?} is not allowed; {allowed}"));
    }
}
