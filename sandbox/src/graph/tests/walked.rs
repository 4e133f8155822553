//! Every resource of `sandbox/paths.json` is read at its path: all of it, and then what changed.

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Asked {
    name: String,
    mode: String,
    path: String,
    #[serde(default)]
    query: String,
}

fn all() -> Vec<Asked> {
    serde_json::from_str(include_str!("../../../paths.json")).unwrap()
}

async fn everything() -> Setup {
    let mut tenant = Tenant::seeded(2, 7);
    for row in Row::all().filter(|row| row.name != "users") {
        (0..3).for_each(|_| drop(tenant.create(&row.name)));
    }
    Setup::of_everything(tenant, Options { page_size: 2, ..Options::default() }).await
}

/// The path to the first object of a collection, and that object's id.
fn place(tenant: &mut Tenant, asked: &Asked) -> (String, Option<String>) {
    // What was below an object went with it when that one was purged.
    let first = tenant.ids(&asked.name).into_iter().next();
    let id = first.unwrap_or_else(|| tenant.create(&asked.name));
    let above = tenant.parents_of(&asked.name, &id);
    let rows = Row::of(&asked.name).parents();
    let path = rows
        .iter()
        .zip(&above)
        .fold(asked.path.clone(), |path, (row, id)| path.replace(&format!("{{{}}}", row.name), id));
    (path, Row::of(&asked.name).is_read_by_id().then_some(id))
}

#[tokio::test]
async fn every_resource_is_read_at_its_path() {
    let setup = everything().await;
    assert_eq!(all().len(), 126);
    for asked in all() {
        let row = Row::of(&asked.name);
        let (path, id) = setup.graph.tenant(|tenant| place(tenant, &asked));
        let clock = setup.graph.clock();
        let query =
            asked.query.replace("{from}", &clock.text(60)).replace("{to}", &clock.text(-60 * 24 * 30));
        let url = format!("{}/v1.0{path}?{query}", setup.graph.endpoint());
        let (told, delta) = setup.read_all(url.trim_end_matches('?'), IMMUTABLE).await;
        let name = &asked.name;
        assert!(!told.is_empty() && told.iter().all(|one| one[&row.key].is_string()), "{name}");
        assert_eq!(
            (delta.is_some(), row.window.is_some()),
            (asked.mode == "delta", asked.mode == "window"),
            "{name}"
        );
        let first = told[0][&row.key].as_str().unwrap().to_owned();
        let key = told_key(&setup, row, &first);
        let object = setup.graph.tenant(|tenant| tenant.collection(name).get(&key).cloned()).unwrap();
        let shown = told[0].as_object().unwrap().iter();
        let wrong = shown
            .filter(|(name, _)| !name.starts_with('@'))
            .find(|(name, value)| object.get(*name).is_none_or(|own| own != *value));
        assert_eq!(wrong.filter(|(property, _)| !property.ends_with("@delta")), None, "{name}");
        if let Some(id) = id {
            let above = row
                .parents()
                .iter()
                .zip(setup.graph.tenant(|tenant| tenant.parents_of(name, &id)))
                .fold(row.object_path().to_owned(), |path, (row, id)| {
                    path.replace(&format!("{{{}}}", row.name), &id)
                });
            let url = format!("{}/v1.0/{above}/{id}", setup.graph.endpoint());
            let (one, _) = setup.read_all(&url, IMMUTABLE).await;
            assert_eq!(one[0][&row.key], id.as_str(), "{name}");
        }
        let Some(delta) = delta else { continue };
        setup.graph.tenant(|tenant| assert!(tenant.purge(name, &key), "{name}"));
        let (told, _) = setup.read_all(&delta, IMMUTABLE).await;
        let is_told = row.removal != Removal::None;
        assert_eq!(told.iter().any(|one| one[&row.key] == first.as_str()), is_told, "{name}");
        setup.graph.tenant(|tenant| drop(tenant.create(name)));
    }
}

/// The key of the told object: it is below the object whose path was asked for.
fn told_key(setup: &Setup, row: &Row, id: &str) -> String {
    setup.graph.tenant(|tenant| tenant.key(&row.name, id))
}
