//! Faults of the catalogue's files: each is told with file, key and what is allowed, all of them at once.

use serde_json::json;

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
    rows(&[("permissions", &permissions), ("users", &row)]).map(drop).err().unwrap_or_default()
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
    let path = "/<collection>/delta, in letters and digits";
    for (pointer, value, said) in [
        ("/path", json!("users/delta"), format!("path: \"users/delta\" is not allowed; allowed: {path}")),
        ("/path", json!("/users"), format!("path: \"/users\" is not allowed; allowed: {path}")),
        ("/path", json!("/../delta"), format!("path: \"/../delta\" is not allowed; allowed: {path}")),
        ("/path", json!("/a?b/delta"), format!("path: \"/a?b/delta\" is not allowed; allowed: {path}")),
        ("/path", json!("//delta"), format!("path: \"//delta\" is not allowed; allowed: {path}")),
        ("/path", json!(7), format!("path: 7 is not allowed; allowed: {path}")),
        ("/mode", json!("dleta"), "mode: \"dleta\" is not allowed; allowed: delta".into()),
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
        (
            "/required",
            json!([]),
            "required: [] is not allowed; allowed: a list of names out of select".into(),
        ),
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
    let said = rows(&[("permissions", &permissions().to_string()), ("my-users", &row)]).unwrap_err();
    let said_of_name = format!("catalogue/my-users.json: \"my-users\" is not allowed; allowed: {names}");
    assert!(said.contains(&said_of_name), "{said:?}");
}

#[test]
fn keys_that_are_unknown_or_missing_and_files_that_are_no_objects_are_told() {
    let mut row = sound();
    row["pth"] = row.as_object_mut().unwrap().remove("path").unwrap();
    row["links"][0]["kind"] = json!("user");
    let keys = "path, mode, select, required, links, subscription, permission";
    let said = [
        format!("catalogue/users.json: pth: no such key; allowed: {keys}"),
        "catalogue/users.json: path: is missing; allowed: /<collection>/delta, in letters and digits".into(),
        "catalogue/users.json: links[0].kind: no such key; allowed: property, many, to".into(),
    ];
    assert_eq!(faults(&row, &permissions()), said, "all at once");
    let said = faults(&json!([]), &permissions());
    assert_eq!(said, ["catalogue/users.json: [] is not allowed; allowed: an object"]);
    let said = rows(&[("users", "{")]).unwrap_err();
    assert!(said[0].starts_with("catalogue/users.json: EOF") && said[0].ends_with("an object"), "{said:?}");
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
            format!("{place}wider: is missing; allowed: names of permissions"),
            "catalogue/users.json: permission: \"User.Read.All\" is not allowed; allowed: ".into(),
        ]
    );
}

#[test]
fn rows_whose_links_lead_to_others_come_last() {
    let mut linked = sound();
    linked["links"][0]["to"] = json!(["users"]);
    let (linked, users, known) = (linked.to_string(), sound().to_string(), permissions().to_string());
    let rows = rows(&[("a", &linked), ("permissions", &known), ("users", &users)]).unwrap();
    assert_eq!(rows.iter().map(|row| row.resource).collect::<Vec<_>>(), ["users", "a"]);
}
