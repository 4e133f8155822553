//! Faults of the catalogue's files: each is told with file, key and what is allowed, all of them at once.

use serde_json::json;

use super::super::{Cloud, Mode, Operators, PageSizeBy, Removal, Status, Updates};
use super::*;

/// A sound row.
fn sound() -> Value {
    json!({
        "path": "/users/delta",
        "mode": "delta",
        "select": ["accountEnabled", "id"],
        "required": ["accountEnabled"],
        "links": [{ "property": "manager", "many": false, "to": ["users"] }],
        "subscription": { "resource": "/users", "changeTypes": ["updated"], "maxMinutes": 60 },
        "permission": "User.Read.All",
    })
}

fn permissions() -> Value {
    let id = "df021288-bdef-4463-88db-98f22de89214";
    json!({ "User.Read.All": { "appRoleId": id, "wider": ["Directory.Read.All"] } })
}

/// What is said of a row and permissions.
fn faults(row: &Value, permissions: &Value) -> Vec<String> {
    let (row, permissions) = (row.to_string(), permissions.to_string());
    read(&[("permissions", &permissions), ("users", &row)]).map(drop).err().unwrap_or_default()
}

fn read(files: &[(&str, &str)]) -> Result<Resources, Vec<String>> {
    let file = |(name, text): &(&str, &str)| File {
        path: format!("catalogue/{name}.json"),
        name: (*name).to_owned(),
        text: (*text).to_owned(),
        is_own: false,
        changes: None,
    };
    resources(&files.iter().map(file).collect::<Vec<_>>())
}

/// What is said when one value of the row is another one.
fn changed(pointer: &str, value: Value) -> String {
    let mut row = sound();
    *row.pointer_mut(pointer).unwrap() = value;
    faults(&row, &permissions()).join("\n")
}

#[test]
fn a_sound_row_has_no_faults() {
    assert_eq!(faults(&sound(), &permissions()), [""; 0]);
}

#[test]
fn a_bad_value_is_told_with_file_key_and_what_is_allowed() {
    let names = "a name of letters and digits";
    let path = syntax::PATH;
    for text in [
        "users/delta",
        "/../delta",
        "/./delta",
        "/a?b/delta",
        "/a#b/delta",
        "/a%20b/delta",
        "//delta",
        "/delta/",
        "https://graph.microsoft.com/users/delta",
        "//graph.microsoft.com/delta",
        "/a b/delta",
        "/{users/delta",
        "/users}/delta",
        "/{}/delta",
        "/{{users}}/delta",
        "/{a-b}/delta",
        "/a\\b/delta",
        "",
    ] {
        let said = format!("path: {} is not allowed; allowed: {path}", json!(text));
        assert_eq!(changed("/path", json!(text)), format!("catalogue/users.json: {said}"));
    }
    for (pointer, value, said) in [
        ("/path", json!(7), format!("path: 7 is not allowed; allowed: {path}")),
        (
            "/path",
            json!("/users"),
            "path: \"/users\" is not allowed; allowed: a path that ends in /delta, in mode delta".into(),
        ),
        ("/mode", json!("dleta"), "mode: \"dleta\" is not allowed; allowed: delta, list, window".into()),
        (
            "/select",
            json!(["id", "accountEnabled"]),
            "select: \"accountEnabled\" after \"id\" is not allowed; allowed: sorted, each once".into(),
        ),
        (
            "/select",
            json!(["accountEnabled", "id", "id"]),
            "select: \"id\" after \"id\" is not allowed; allowed: sorted, each once".into(),
        ),
        ("/select", json!(["accountEnabled"]), "select: `id` is missing; every object has it".into()),
        (
            "/required",
            json!(["mail"]),
            "required: \"mail\" is not allowed; allowed: names out of select".into(),
        ),
        ("/required", json!(1), "required: 1 is not allowed; allowed: a list of names out of select".into()),
        ("/links", json!({}), "links: {} is not allowed; allowed: a list".into()),
        ("/links/0/to", json!(["devices"]), "links[0].to: \"devices\" is not allowed; allowed: users".into()),
        ("/links/0/many", json!("no"), "links[0].many: \"no\" is not allowed; allowed: true, false".into()),
        ("/links/0", json!(1), "links[0]: 1 is not allowed; allowed: an object".into()),
        (
            "/subscription/changeTypes",
            json!(["changed"]),
            "subscription.changeTypes: \"changed\" is not allowed; allowed: created, updated, deleted".into(),
        ),
        (
            "/subscription/maxMinutes",
            json!(0),
            "subscription.maxMinutes: 0 is not allowed; allowed: a whole number above 0".into(),
        ),
        (
            "/permission",
            json!("User.Read"),
            "permission: \"User.Read\" is not allowed; allowed: User.Read.All".into(),
        ),
    ] {
        assert_eq!(changed(pointer, value), format!("catalogue/users.json: {said}"));
    }
    let row = sound().to_string();
    let said = read(&[("permissions", &permissions().to_string()), ("my-users", &row)]).unwrap_err();
    let said_of_name = format!("catalogue/my-users.json: \"my-users\" is not allowed; allowed: {names}");
    assert!(said.contains(&said_of_name), "{said:?}");
}

#[test]
fn a_range_is_asked_for_by_a_delta_query_of_objects_that_are_read_by_id() {
    let row = || {
        json!({
            "path": "/users/calendarView/delta", "mode": "delta", "objectPath": "/users/events",
            "query": { "startDateTime": "{from}", "endDateTime": "{to}" },
            "range": { "daysBack": 30, "daysAhead": 365 }, "permission": "User.Read.All",
        })
    };
    let said = |change: fn(&mut Value)| {
        let mut row = row();
        change(&mut row);
        faults(&row, &permissions()).join("\n")
    };
    assert_eq!(said(|_| {}), "");
    let query = "query: is not allowed; allowed: {from} and {to} with `range`, and no other braces";
    assert!(said(|row| row["query"]["endDateTime"] = json!("now")).contains(query));
    assert!(said(|row| row["query"]["endDateTime"] = json!("{to}{day}")).contains(query));
    assert!(said(|row| drop(row.as_object_mut().unwrap().remove("range"))).contains(query));
    let range = "range: is not allowed; allowed: in mode delta, with objects that are read by id";
    assert!(said(|row| row["objectPath"] = json!(null)).contains(range));
    assert!(said(|row| row["range"]["daysBack"] = json!(0)).contains("range.daysBack: 0 is not allowed"));
    assert!(said(|row| row["range"]["daysAhead"] = json!(99_999)).contains("no more than 36500 days"));
}

#[test]
fn keys_that_are_unknown_or_missing_and_files_that_are_no_objects_are_told() {
    let mut row = sound();
    row["pth"] = row.as_object_mut().unwrap().remove("path").unwrap();
    row["links"][0]["kind"] = json!("user");
    let keys = row::KEYS.join(", ");
    let said = [
        format!("catalogue/users.json: pth: no such key; allowed: {keys}"),
        format!("catalogue/users.json: path: is missing; allowed: {}", syntax::PATH),
        "catalogue/users.json: links[0].kind: no such key; allowed: property, many, to".into(),
    ];
    assert_eq!(faults(&row, &permissions()), said, "all at once");
    let said = faults(&json!([]), &permissions());
    assert_eq!(said, ["catalogue/users.json: [] is not allowed; allowed: an object"]);
    let said = read(&[("users", "{")]).unwrap_err();
    assert!(said[0].starts_with("catalogue/users.json: EOF") && said[0].ends_with("an object"), "{said:?}");
}

#[test]
fn two_links_of_one_property_are_told() {
    let mut row = sound();
    let link = row["links"][0].clone();
    row["links"].as_array_mut().unwrap().push(link);
    let said = faults(&row, &permissions());
    assert_eq!(
        said,
        ["catalogue/users.json: links: \"manager\" is there twice; allowed: each property once"]
    );
}

#[test]
fn faults_of_permissions_are_told() {
    let said = faults(&sound(), &json!({ "User.Read.All": { "appRoleId": "df021288", "wide": [] } }));
    let place = "catalogue/permissions.json: User.Read.All.";
    assert_eq!(
        said,
        [
            format!("{place}wide: no such key; allowed: appRoleId, wider"),
            format!("{place}appRoleId: \"df021288\" is not allowed; allowed: the id of an app role"),
            "catalogue/users.json: permission: \"User.Read.All\" is not allowed; allowed: ".into(),
        ]
    );
}

#[test]
fn rows_whose_links_lead_to_others_come_last() {
    let mut linked = sound();
    linked["links"][0]["to"] = json!(["users"]);
    let (linked, users, known) = (linked.to_string(), sound().to_string(), permissions().to_string());
    let rows = read(&[("a", &linked), ("permissions", &known), ("users", &users)]).unwrap();
    assert_eq!(rows.iter().map(|row| &*row.name).collect::<Vec<_>>(), ["users", "a"]);
}

/// Rows by name.
fn rows(rows: &[(&str, Value)]) -> Result<Resources, Vec<String>> {
    let (known, rows) = (permissions().to_string(), rows.iter().map(|(name, row)| (*name, row.to_string())));
    let rows: Vec<_> = rows.collect();
    let mut files = vec![("permissions", &*known)];
    files.extend(rows.iter().map(|(name, row)| (*name, &**row)));
    read(&files)
}

/// A row of a list with a path, and more keys.
fn list(path: &str, more: &Value) -> Value {
    let mut row = json!({ "path": path, "mode": "list", "permission": "User.Read.All" });
    row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    row
}

#[test]
fn a_row_of_few_keys_has_the_usual_values() {
    let read = rows(&[("things", list("/things", &json!({})))]).unwrap();
    let row = &read[0];
    assert_eq!((row.mode, row.removal, row.updates), (Mode::List, Removal::None, Updates::Full));
    assert_eq!((&*row.key, &*row.service, row.status), ("id", "identity", Status::Ok));
    assert_eq!((row.object_path.as_deref(), row.clouds.len(), row.page_size), (Some("/things"), 4, None));
    assert_eq!(row.accepted().collect::<Vec<_>>(), ["User.Read.All", "Directory.Read.All"]);
    assert!(row.delta_select().is_empty() && row.parents().is_empty() && row.is_in(Cloud::China));
}

#[test]
fn a_row_of_all_keys_is_read() {
    let row = json!({
        "path": "/users/{users}/logs", "mode": "window", "key": "logId", "type": "microsoft.graph.log",
        "objectPath": null, "select": ["at", "logId"], "filter": "a eq 1", "expand": "b", "query": { "$orderby": "at" },
        "prefer": ["include-unknown-enum-members"], "pageSize": 50, "pageSizeBy": "prefer", "ttlDays": 30, "every": 60,
        "window": { "property": "at", "overlapMinutes": 5, "retentionDays": 30, "upper": true, "operators": "gt/lt" },
        "permission": "User.Read.All", "accepted": ["Log.Read.All", "User.Read.All"],
        "subscription": {
            "resource": "/users/{users}/logs", "changeTypes": ["created"], "maxMinutes": 60,
            "permission": "User.Read.All", "lifecycleUrlRequired": true
        },
        "clouds": ["global", "usgov-dod"], "service": "reports", "status": "opt-in", "protectedApi": true,
        "quirks": ["It is slow."],
    });
    let read = rows(&[("logs", row), ("users", sound())]).unwrap();
    let row = read.iter().find(|row| row.name == "logs").unwrap();
    let window = row.window.as_ref().unwrap();
    assert_eq!(
        (window.overlap_minutes, window.retention_days, window.operators),
        (5, Some(30), Operators::GtLt)
    );
    assert_eq!((row.parents(), row.object_path.as_deref()), (&["users".to_owned()][..], None));
    assert_eq!(row.accepted().collect::<Vec<_>>(), ["User.Read.All", "Log.Read.All"]);
    assert_eq!((row.page_size, row.page_size_by, row.every), (Some(50), PageSizeBy::Prefer, Some(60)));
    assert_eq!(row.query, [("$orderby".to_owned(), "at".to_owned())]);
    assert!(row.subscription.as_ref().unwrap().lifecycle_url_required && !row.is_in(Cloud::UsGov));
    assert_eq!(read.last().unwrap().name, "logs", "it comes after its parent");
}

#[test]
fn keys_that_do_not_go_together_are_told() {
    let window = json!({ "property": "at", "overlapMinutes": 5 });
    for (more, said) in [
        (json!({ "window": window }), "window: is not allowed; allowed: in mode window"),
        (json!({ "ttlDays": 3 }), "ttlDays: is not allowed; allowed: in mode window"),
        (
            json!({ "mode": "list", "path": "/users", "timeToken": true }),
            "timeToken: true is not allowed; allowed: in mode delta",
        ),
        (
            json!({ "listBy": "createdDateTime" }),
            "listBy: is not allowed; allowed: in mode delta, without a parent, a filter or other parameters",
        ),
        (
            json!({ "mode": "delta", "path": "/things/delta", "select": ["id"], "listBy": "mail" }),
            "listBy: \"mail\" is not allowed; allowed: a name out of select",
        ),
        (
            json!({ "inside": "parentReference/id" }),
            "inside: \"parentReference\" is not allowed; allowed: in mode delta, with objects that are read by id, and a \
             name out of select",
        ),
        (
            json!({ "inside": "a b" }),
            "inside: \"a b\" is not allowed; allowed: names of properties, with a slash between them",
        ),
        (json!({ "mode": "window" }), "window: is missing; mode window needs it"),
        (json!({ "removal": "annotation" }), "removal: is not allowed; allowed: in mode delta"),
        (json!({ "updates": "partial" }), "updates: is not allowed; allowed: in mode delta"),
        (
            json!({ "mode": "delta" }),
            "path: \"/things\" is not allowed; allowed: a path that ends in /delta, in mode delta",
        ),
        (json!({ "path": "/things/delta" }), "path: \"/things/delta\" is not allowed; allowed: mode delta"),
        (
            json!({ "mode": "window", "window": window, "single": true }),
            "single: true is not allowed; allowed in mode list only",
        ),
        (
            json!({ "select": ["id"], "required": ["id"] }),
            "required: is not allowed; allowed: in mode delta, with select and full updates",
        ),
        (json!({ "key": "name", "select": ["id"] }), "select: `name` is missing; every object has it"),
        (
            json!({ "mode": "window", "window": window, "select": ["id"] }),
            "window.property: \"at\" is not allowed; allowed: a name out of select",
        ),
        (
            json!({ "query": { "$top": "1" } }),
            "query: \"$top\" is not allowed; allowed: parameters that have no key of their own",
        ),
        (json!({ "query": { "a": 1 } }), "query.a: 1 is not allowed; allowed: a text on one line"),
        (
            json!({ "accepted": ["Directory.Read.All"] }),
            "accepted: User.Read.All is missing; it is the permission of this row",
        ),
        (
            json!({ "clouds": ["mars"] }),
            "clouds: \"mars\" is not allowed; allowed: global, usgov, usgov-dod, china",
        ),
        (
            json!({ "prefer": ["a\r\nb: c"] }),
            "prefer: \"a\\r\\nb: c\" is not allowed; allowed: values of a header",
        ),
    ] {
        let said = format!("catalogue/things.json: {said}");
        assert_eq!(rows(&[("things", list("/things", &more))]).unwrap_err(), [said]);
    }
    let said = rows(&[("things", list("/things", &json!({ "hash": ["mail"] })))]).unwrap_err();
    assert!(said[0].starts_with("catalogue/things.json: hash: no such key; allowed: path,"), "{said:?}");
}

#[test]
fn parents_are_rows_and_no_circle() {
    let chained = |drives: &str, items: &str| {
        rows(&[
            ("drives", list(drives, &json!({}))),
            ("items", list(items, &json!({}))),
            ("sites", list("/sites", &json!({}))),
        ])
    };
    let read = chained("/sites/{sites}/drives", "/drives/{drives}/items").unwrap();
    assert_eq!(read.iter().map(|row| &*row.name).collect::<Vec<_>>(), ["sites", "drives", "items"]);
    assert_eq!(read[2].parents(), ["sites", "drives"]);
    for (drives, items, said) in [
        (
            "/drives",
            "/x/{rooms}",
            "items.json: path: {rooms} is not allowed; allowed: the name of a resource",
        ),
        (
            "/x/{items}",
            "/drives/{drives}/items",
            "drives.json: path: {drives} is not allowed; allowed: a resource that does not lie under this one",
        ),
        (
            "/x/{drives}",
            "/items",
            "drives.json: path: {drives} is not allowed; allowed: a resource that does not lie under this one",
        ),
        (
            "/sites/{sites}/drives",
            "/x/{items2}/{drives}",
            "items.json: path: {items2} is not allowed; allowed: {sites}, {drives}, out of the path of its parent",
        ),
    ] {
        let told = chained(drives, items).unwrap_err();
        assert_eq!(told[0], format!("catalogue/{said}"), "{told:?}");
    }
    let said =
        rows(&[("things", list("/things", &json!({ "objectPath": "/a/{users}" }))), ("users", sound())]);
    assert_eq!(
        said.unwrap_err(),
        ["catalogue/things.json: {users} is not allowed; allowed: names out of path"]
    );
}
