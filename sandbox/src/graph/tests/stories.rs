//! Random stories of collections of every mode, followed by a client that merges what it is told.

use super::*;

/// Some of each kind: partial updates, facets, lists, an only object, and what is read by time.
const TOLD: [&str; 9] = [
    "messages",
    "mailFolders",
    "driveItems",
    "listItems",
    "todoTasks",
    "roleDefinitions",
    "authorizationPolicy",
    "appRoleAssignments",
    "signIns",
];

/// Applies a page as the documentation asks: merged by id, the last occurrence wins.
fn apply(copy: &mut BTreeMap<String, Value>, row: &Row, told: &[Value]) {
    for one in told {
        let id = one[&row.key].as_str().unwrap().to_owned();
        if one.get("@removed").is_some() || one.get("deleted").is_some() {
            copy.remove(&id);
            continue;
        }
        let Some(old) = copy.get_mut(&id).filter(|_| row.updates == Updates::Partial) else {
            copy.insert(id, one.clone());
            continue;
        };
        old.as_object_mut().unwrap().extend(one.as_object().unwrap().clone());
    }
}

/// The living objects of a collection below one chain, by their ids.
fn truth(tenant: &Tenant, row: &Row, above: &[String]) -> BTreeMap<String, Value> {
    let prefix = if above.is_empty() {
        String::new()
    } else {
        format!("{}/", key::chain(above.iter().map(String::as_str)))
    };
    let living = tenant.living(&row.name).filter(|(key, _)| key.starts_with(&prefix));
    living.map(|(key, object)| (key::id(row, key), Value::Object(object.clone()))).collect()
}

fn plain(objects: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let without = |object: &Value| {
        let mut object = object.clone();
        object.as_object_mut().unwrap().retain(|name, _| !name.starts_with("@odata."));
        object
    };
    objects.iter().map(|(id, object)| (id.clone(), without(object))).collect()
}

#[tokio::test]
async fn a_client_that_merges_what_it_is_told_has_every_collection() {
    for (name, seed) in TOLD.iter().flat_map(|name| (1..4).map(move |seed| (*name, seed))) {
        let row = Row::of(name);
        let tenant = with(Tenant::seeded(1, seed), name, 6);
        let quirks = Quirks {
            duplicate_every: Some(2),
            empty_page_every: Some(3),
            replays: seed == 2,
            lag: if seed == 3 { 1 } else { 0 },
            list_twice_every: Some(3),
            ..Quirks::default()
        };
        let setup =
            Setup::of_everything(tenant, Options { page_size: 3, quirks, ..Options::default() }).await;
        let above = setup.graph.tenant(|tenant| {
            let first = tenant.ids(name)[0].clone();
            tenant.parents_of(name, &first)
        });
        let path =
            row.parents().iter().zip(&above).fold(row.path().to_owned(), |path, (row, id)| {
                path.replace(&format!("{{{}}}", row.name), id)
            });
        let delta = if row.delta { "/delta" } else { "" };
        let expand = if row.expand.is_empty() { "" } else { "?$expand=fields" };
        let begin = format!("{}/v1.0/{path}{delta}{expand}", setup.graph.endpoint());
        let (mut copy, mut random) = (BTreeMap::new(), fastrand::Rng::with_seed(seed));
        let mut link = None;
        for round in 0..12 {
            if round == 11 {
                setup.graph.quirks(|quirks| quirks.lag = 0);
            }
            let (told, next) = setup.read_all(link.as_deref().unwrap_or(&begin), IMMUTABLE).await;
            if next.is_none() {
                copy.clear();
            }
            apply(&mut copy, row, &told);
            link = next;
            if round < 10 {
                let most = random.usize(..5);
                setup.graph.tenant(|tenant| {
                    (0..most).for_each(|_| drop(random_change(tenant, name, &mut random)));
                });
            }
        }
        let truth = setup.graph.tenant(|tenant| truth(tenant, row, &above));
        let (copy, truth) = (plain(&copy), plain(&truth));
        let differs = |id: &&String| copy.get(*id) != truth.get(*id);
        let wrong: Vec<_> = copy.keys().chain(truth.keys()).filter(differs).collect();
        assert_eq!(wrong, [""; 0], "{name} {seed}");
    }
}
