//! One row: its keys one by one, then what they say together; pure.

use serde_json::Value;

use super::super::fields::Fields;
use super::super::words::{Cloud, Mode, PageSizeBy, Removal, SERVICES, Status, Updates, Word as _, Write};
use super::super::{Permission, Resource};
use super::choice::choice;
use super::known::{Known, owned};
use super::links::links;
use super::parts::{query, range, ranged, subscription, window};
use super::syntax::{PATH, TEXT, TYPE, is_header, is_me, is_path, is_permission, is_text, is_type, is_word};

pub(super) const KEYS: [&str; 30] = [
    "path",
    "mode",
    "single",
    "objectPath",
    "key",
    "type",
    "select",
    "required",
    "filter",
    "expand",
    "query",
    "links",
    "updates",
    "removal",
    "prefer",
    "pageSize",
    "pageSizeBy",
    "window",
    "range",
    "ttlDays",
    "every",
    "parentsRequired",
    "permission",
    "accepted",
    "subscription",
    "clouds",
    "service",
    "status",
    "protectedApi",
    "quirks",
];
/// Only in the folder of a function.
const OWN_KEYS: [&str; 6] = ["parents", "notify", "hash", "drop", "write", "onBehalfOf"];

/// The row of a name, out of a file at this path; `is_own`: in the folder of a function.
pub(super) fn row(
    (path, is_own): (&str, bool),
    name: &str,
    value: &Value,
    known: &Known<'_>,
    faults: &mut Vec<String>,
) -> Option<Resource> {
    let before = faults.len();
    if !is_word(name) {
        faults.push(format!("{path}: {name:?} is not allowed; allowed: a name of letters and digits"));
    }
    let keys = if is_own { [&KEYS[..], &OWN_KEYS].concat() } else { KEYS.to_vec() };
    let mut fields = Fields::of(format!("{path}: "), value, &keys, faults)?;
    let row = keyed(name, known, &mut fields).map(|row| Resource { file: path.to_owned(), is_own, ..row });
    if let Some(row) = &row {
        together(row, &mut fields);
    }
    row.filter(|_| faults.len() == before).map(without_dropped)
}

/// What is dropped is not asked for either.
fn without_dropped(mut row: Resource) -> Resource {
    row.properties.retain(|name| !row.drop.contains(name));
    row.required.retain(|name| !row.drop.contains(name));
    row
}

/// What each key says by itself. All of them are read, whatever becomes of the first.
fn keyed(name: &str, known: &Known<'_>, fields: &mut Fields<'_, '_>) -> Option<Resource> {
    let path = fields.text("path", PATH, is_path);
    let mode = fields.word::<Mode>("mode");
    let single = fields.flag_or("single", false);
    let is_delta = mode == Some(Mode::Delta);
    // One object without `value` is read by its path, and has no collection.
    let collection = path.filter(|_| single == Some(false));
    let by_id = collection.map(|path| path.strip_suffix("/delta").unwrap_or(path));
    let object_path = fields.text_or("objectPath", PATH, by_id, is_path);
    let key = fields.text_or("key", "the name of a property", Some("id"), is_word);
    let entity_type = fields.text_or("type", TYPE, None, is_type);
    let select = fields.sorted("select", "names of properties", is_word);
    let required = fields.list("required", "names out of select", |name| {
        select.as_ref().is_none_or(|select| select.contains(&name))
    });
    let filter = fields.text_or("filter", TEXT, None, is_text);
    let expand = fields.text_or("expand", TEXT, None, is_text);
    let query = query(fields);
    let links = links(name, known, fields);
    let updates = fields.word_or("updates", Updates::Full);
    let removal = fields.word_or("removal", if is_delta { Removal::Annotation } else { Removal::None });
    let prefer = fields.list("prefer", "values of a header", is_header);
    let (page_size, page_size_by) =
        (fields.number_or_none("pageSize"), fields.word_or("pageSizeBy", PageSizeBy::Top));
    let window = window(fields);
    let range = range(fields);
    let (ttl_days, every) = (fields.number_or_none("ttlDays"), fields.number_or_none("every"));
    let parents_required = fields.flag_or("parentsRequired", false);
    let chosen = choice(known, fields);
    let on_behalf_of = fields.flag_or("onBehalfOf", false);
    let is_of_person = on_behalf_of == Some(true) || path.is_some_and(is_me);
    let permission = permission(known, is_of_person, fields);
    let subscription = subscription(known, fields);
    let notify = fields.flag_or("notify", false);
    let clouds = fields.words("clouds", &Cloud::ALL.iter().map(|(_, cloud)| *cloud).collect::<Vec<_>>());
    let service =
        fields.text_or("service", &SERVICES.join(", "), Some("identity"), |name| SERVICES.contains(&name));
    let status = fields.word_or("status", Status::Ok);
    let protected_api = fields.flag_or("protectedApi", false);
    let quirks = fields.list("quirks", TEXT, is_text);
    let (hash, drop) = (
        fields.list("hash", "names of properties", is_word),
        fields.list("drop", "names of properties", is_word),
    );
    let write = fields.word_or("write", Write::Replace);
    let (relationships, targets) = links?;
    Some(Resource {
        name: name.to_owned(),
        file: String::new(),
        is_own: false,
        path: path?.to_owned(),
        mode: mode?,
        single: single?,
        key: key??.to_owned(),
        entity_type: entity_type?.map(str::to_owned),
        properties: owned(&select?),
        required: owned(&required?),
        filter: filter?.map(str::to_owned),
        expand: expand?.map(str::to_owned),
        query: query?,
        object_path: object_path?.map(str::to_owned),
        container: name.to_owned(),
        relationships,
        targets: owned(&targets),
        is_linked_to: false,
        updates: updates?,
        removal: removal?,
        prefer: owned(&prefer?),
        page_size: page_size?,
        page_size_by: page_size_by?,
        window: window?,
        range: range?,
        ttl_days: ttl_days?,
        every: every?,
        parents_required: parents_required?,
        chosen: chosen?,
        permission: permission?,
        subscription: subscription?,
        notify: notify?,
        clouds: clouds?,
        service: service??.to_owned(),
        status: status?,
        protected_api: protected_api?,
        quirks: owned(&quirks?),
        hash: owned(&hash?),
        drop: owned(&drop?),
        write: write?,
        on_behalf_of: on_behalf_of?,
        chain: Vec::new(),
    })
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

/// The least permission, with those that do too: the row says which, else the file of permissions.
fn permission(known: &Known<'_>, is_of_person: bool, fields: &mut Fields<'_, '_>) -> Option<Permission> {
    let least = if is_of_person { known.delegated(fields) } else { known.permission(fields) };
    let accepted = fields.list("accepted", "names of permissions", is_permission);
    let (least, accepted) = (least?, accepted?);
    if accepted.is_empty() {
        return Some(least);
    }
    if !accepted.contains(&&*least.name) {
        fields.fault("accepted", format_args!("{} is missing; it is the permission of this row", least.name));
        return None;
    }
    let wider: Vec<_> = accepted.into_iter().filter(|name| *name != least.name).collect();
    Some(Permission { wider: owned(&wider), ..least })
}

/// What the keys must say together.
fn together(row: &Resource, fields: &mut Fields<'_, '_>) {
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
