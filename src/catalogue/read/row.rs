//! One row: its keys one by one, then what they say together ([`super::together`]); pure.

use serde_json::Value;

use super::super::fields::Fields;
use super::super::words::{Cloud, Mode, PageSizeBy, Removal, SERVICES, Status, Updates, Word as _, Write};
use super::super::{Permission, Resource};
use super::choice::choice;
use super::known::{Known, owned};
use super::links::links;
use super::parts::{inside, query, range, subscription, window};
use super::syntax::{PATH, TEXT, TYPE, is_header, is_me, is_path, is_permission, is_text, is_type, is_word};
use super::together::together;

pub(super) const KEYS: [&str; 33] = [
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
    "timeToken",
    "listBy",
    "inside",
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
    let (time_token, inside) = (fields.flag_or("timeToken", false), inside(fields));
    let list_by = fields.text_or("listBy", "the name of a property", None, is_word);
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
        time_token: time_token?,
        list_by: list_by?.map(str::to_owned),
        inside: inside?,
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
