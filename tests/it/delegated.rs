//! Resources that are read as a person: `/me/…` on the command line, under a credential with which a person signs in.

use std::fs;
use std::path::PathBuf;

use assert_cmd::assert::Assert;
use sandbox::graph::Match;
use sandbox::identity::User;
use sandbox::world::{Setup, WORK_QUEUE, World};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::command_line::{run, stderr, stdout};
use crate::stage::{setup, staged_with};

/// Mail folders, by delta query, and calendars, as a list.
const ROWS: [(&str, &str, &str); 2] = [
    ("myFolders", "/me/mailFolders/delta", "Mail.ReadBasic"),
    ("myCalendars", "/me/calendars", "Calendars.Read"),
];

/// A deployment that reads mail folders and calendars as a person, and two persons who have some.
struct Office {
    world: World,
    root: TempDir,
    home: TempDir,
    ada: User,
    eva: User,
}

impl Office {
    async fn new() -> Self {
        let root = staged_with(&[]);
        for (name, path, permission) in ROWS {
            let mode = if path.ends_with("delta") { "delta" } else { "list" };
            let mut row = json!({"path": path, "mode": mode, "service": "outlook", "permission": permission});
            if mode == "delta" {
                row["select"] = json!(["displayName", "id"]);
                row["updates"] = json!("partial");
            }
            let folder = root.path().join(format!("sync_{name}"));
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("resource.json"), row.to_string()).unwrap();
        }
        let world = World::start(Setup { users: 3, root: root.path().to_owned(), ..setup() }).await.unwrap();
        world.identity.set_delegated(&["User.Read", "Mail.ReadBasic", "Calendars.Read"]);
        let [ada, eva, ..] = &world.identity.users()[..] else { panic!("there are three users") };
        let (ada, eva) = (ada.clone(), eva.clone());
        world.graph.tenant(|tenant| {
            for (user, count) in [(&ada, 7), (&eva, 4)] {
                for collection in ["mailFolders", "calendars"] {
                    (0..count).for_each(|_| drop(tenant.create_under(collection, &[&user.object_id])));
                }
            }
        });
        for (name, ..) in ROWS {
            world.cosmos.add_container(name, "/_mirror/parent").await.unwrap();
        }
        Self { world, root, home: tempfile::tempdir().unwrap(), ada, eva }
    }

    fn assertion(&self) -> PathBuf {
        self.home.path().join("assertion")
    }

    /// This person's token for our API is in the file that `on-behalf-of` reads.
    async fn sign_in(&self, user: &User) {
        let token = self.world.entra.visitor().token_for_api(&user.user_principal_name).await.unwrap();
        fs::write(self.assertion(), token).unwrap();
    }

    fn settings(&self, credential: &str) -> Vec<(String, String)> {
        let path = |path: PathBuf| path.display().to_string();
        let own = [
            ("FUNCTIONS_APP_ROOT_PATH", path(self.root.path().to_owned())),
            ("GRAPH_CREDENTIAL", credential.to_owned()),
            ("GRAPH_USER_ASSERTION_FILE", path(self.assertion())),
        ];
        let own = own.map(|(name, value)| (name.to_owned(), value));
        [self.world.settings_with_key(), self.world.entra.env(), own.to_vec()].concat()
    }

    /// Runs a command as whoever signed in last.
    async fn run(&self, line: &str) -> Assert {
        run(&self.settings("on-behalf-of"), line).await
    }

    async fn run_as(&self, user: &User, line: &str) -> String {
        self.sign_in(user).await;
        stdout(&self.run(line).await.code(0))
    }

    /// A person's documents of a container, the ids of those that live first.
    async fn documents(&self, container: &str, user: &User) -> (Vec<String>, Vec<Value>) {
        let all = self.world.cosmos.documents(container).await;
        let own = all.into_iter().filter(|one| one["_mirror"]["parent"] == json!(user.object_id));
        let own: Vec<_> = own.collect();
        let living = own.iter().filter(|one| one["_mirror"].get("removed").is_none());
        let mut ids: Vec<_> = living.map(|one| one["id"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        (ids, own)
    }

    fn there(&self, collection: &str, user: &User) -> Vec<String> {
        let mut ids = self.world.graph.tenant(|tenant| tenant.ids_under(collection, &[&user.object_id]));
        ids.sort();
        ids
    }

    /// The copy of a person equals what is theirs, and nobody else has documents.
    async fn ensure_equal(&self, users: &[&User]) {
        for (container, collection) in [("myFolders", "mailFolders"), ("myCalendars", "calendars")] {
            let mut count = 0;
            for user in users {
                let (ids, own) = self.documents(container, user).await;
                assert_eq!(ids, self.there(collection, user), "{container}");
                count += own.len();
            }
            assert_eq!(self.world.cosmos.documents(container).await.len(), count, "{container}");
        }
    }
}

#[tokio::test]
async fn what_is_read_as_a_person_is_that_persons_only_and_two_persons_do_not_touch_each_other() {
    let office = Office::new().await;
    let (ada, eva) = (&office.ada, &office.eva);
    let said = office.run_as(ada, "sync myFolders myCalendars").await;
    assert!(said.contains("complete; 7 upserted, 0 removed"), "{said}");
    office.ensure_equal(&[ada]).await;
    let said = office.run_as(eva, "sync myFolders myCalendars").await;
    assert!(said.contains("complete; 4 upserted, 0 removed"), "{said}");
    office.ensure_equal(&[ada, eva]).await;

    // What Ada deletes goes from her copy, by delta and by a list, and Eva's copy is not even read.
    office.world.graph.tenant(|tenant| {
        for collection in ["mailFolders", "calendars"] {
            let ids = tenant.ids_under(collection, &[&ada.object_id]);
            ids.iter().take(2).for_each(|id| assert!(tenant.purge(collection, id)));
        }
    });
    let before = office.documents("myFolders", eva).await;
    office.run_as(ada, "sync myFolders myCalendars").await;
    office.ensure_equal(&[ada, eva]).await;
    assert_eq!(office.documents("myFolders", eva).await, before);

    // A new enumeration sweeps what it does not show, below this person only.
    office.world.graph.tenant(|tenant| {
        let ids = tenant.ids_under("mailFolders", &[&ada.object_id]);
        assert!(tenant.purge("mailFolders", &ids[0]));
    });
    let said = office.run_as(ada, "checkpoint reset myFolders").await;
    assert!(said.contains("myFolders"), "{said}");
    office.run_as(ada, "sync myFolders").await;
    office.ensure_equal(&[ada, eva]).await;
    assert_eq!(office.documents("myFolders", eva).await, before);
    for user in [ada, eva] {
        let verified = office.run_as(user, "verify myFolders").await;
        assert!(verified.contains("0 differences"), "{verified}");
    }
    let paths: Vec<_> = office.world.graph.requests().into_iter().map(|request| request.path).collect();
    assert!(paths.iter().any(|path| path.starts_with("/v1.0/me/mailFolders/delta")), "{paths:?}");
}

#[tokio::test]
async fn every_command_looks_at_the_feed_of_the_person_who_is_signed_in() {
    let office = Office::new().await;
    let (ada, eva) = (&office.ada, &office.eva);
    let foretold = office.run_as(ada, "sync myFolders --dry-run").await;
    assert!(foretold.contains("7"), "{foretold}");
    assert!(office.world.cosmos.documents("myFolders").await.is_empty());
    office.run_as(ada, "sync myFolders").await;
    let shown: Value = serde_json::from_str(&office.run_as(ada, "checkpoint show myFolders").await).unwrap();
    assert!(shown["generation"].is_number(), "{shown}");
    office.sign_in(eva).await;
    let said = stderr(&office.run("checkpoint show myFolders").await.code(1));
    assert!(said.contains("nothing was copied yet"), "{said}");

    // A difference is found and mended.
    let id = office.there("mailFolders", ada)[0].clone();
    office.world.cosmos.delete("myFolders", &ada.object_id, &id).await.unwrap();
    let mended = office.run_as(ada, "verify myFolders --repair").await;
    assert!(mended.contains("1 differences mended, 0 left"), "{mended}");
    let one = office.run_as(ada, &format!("refresh myFolders {id}")).await;
    assert!(one.contains("1 unchanged"), "{one}");

    // A person who is erased takes their feeds along.
    office.run_as(eva, "sync myFolders").await;
    office.run_as(ada, &format!("erase users {} --yes", ada.object_id)).await;
    assert_eq!(office.documents("myFolders", ada).await.1, Vec::<Value>::new());
    let (left, _) = office.documents("myFolders", eva).await;
    assert_eq!(left, office.there("mailFolders", eva));
    let feeds = office.world.cosmos.documents("mirror").await;
    assert!(!feeds.iter().any(|one| one["feed"] == json!(format!("myFolders/{}", ada.object_id))));
}

#[tokio::test]
async fn an_application_is_refused_in_words_before_anything_is_written() {
    let office = Office::new().await;
    let why = "`myFolders` is read as a person (/me/mailFolders/delta), and the credential is an application's: set \
               GRAPH_CREDENTIAL to device-code";
    let settings = office.settings("client-secret");
    for line in ["sync myFolders", "sync myFolders --dry-run", "verify myFolders", "refresh myFolders x"] {
        let said = stderr(&run(&settings, line).await.code(1));
        assert!(said.contains(why), "{line}: {said}");
    }
    let reply = office.world.call("POST", "/api/refresh/myFolders", "").await.unwrap();
    assert_eq!(
        (reply.status, reply.body["detail"].as_str().unwrap().contains(why)),
        (400, true),
        "{}",
        reply.body
    );
    assert!(office.world.cosmos.documents("mirror").await.is_empty());
    assert!(office.world.graph.requests().is_empty());

    // The others are not disturbed.
    office.world.turn().await.unwrap();
    office.world.ensure_equal().await.unwrap();
    let status = office.world.call("GET", "/api/status", "").await.unwrap();
    let status = status.body.as_array().unwrap();
    let own = status.iter().find(|one| one["resource"] == "myFolders").unwrap();
    assert_eq!((&own["state"], &own["lastError"]), (&json!("start"), &Value::Null));
    let examined = stdout(&run(&settings, "doctor").await);
    let line = examined.lines().find(|line| line.contains("myFolders") && line.contains("as the person"));
    assert!(line.is_some() && !examined.contains("does not answer as it should"), "{examined}");

    office.world.host.enqueue(WORK_QUEUE, r#"{"feed":"myFolders"}"#);
    office
        .world
        .host
        .enqueue(WORK_QUEUE, &json!({"feed": "myFolders", "parent": office.ada.object_id}).to_string());
    for _ in 0..2 {
        office.world.host.deliver_one(WORK_QUEUE).await.unwrap();
        let failed = crate::stage::logged(&office.world, "invocation_failed").pop().unwrap();
        assert!(failed.contains(why), "{failed}");
    }
    let feeds = office.world.cosmos.documents("mirror").await;
    assert!(feeds.iter().all(|one| !one["feed"].as_str().unwrap().starts_with("myFolders")), "{feeds:?}");
}

#[tokio::test]
async fn another_person_who_signs_in_meanwhile_does_not_get_into_the_copy() {
    let office = Office::new().await;
    office.sign_in(&office.ada).await;
    let mut hold = office.world.graph.hold(Match::any());
    let settings = office.settings("on-behalf-of");
    let running = tokio::spawn(async move { run(&settings, "sync myFolders").await });
    hold.arrived().await;
    office.sign_in(&office.eva).await;
    office
        .world
        .graph
        .demand_claims(Some(json!({"access_token": {"nbf": {"essential": true, "value": "1"}}})));
    hold.release();
    let said = stderr(&running.await.unwrap().code(1));
    assert!(said.contains("another person has signed in meanwhile"), "{said}");
    assert!(office.world.cosmos.documents("myFolders").await.is_empty());
}

#[tokio::test]
async fn a_permission_that_the_person_lacks_is_named_as_a_delegated_one() {
    let office = Office::new().await;
    office.world.identity.set_delegated(&["User.Read"]);
    office.sign_in(&office.ada).await;
    let said = stderr(&office.run("sync myFolders").await.code(1));
    assert!(said.contains("lacks the delegated permission Mail.ReadBasic, which reads myFolders"), "{said}");
    assert!(!said.contains("appRoleAssignments"), "{said}");
}

#[tokio::test]
async fn a_row_that_is_read_as_a_person_has_a_name_of_its_own_and_neither_parents_nor_links() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, row: Value| {
        let function = folder.path().join(format!("sync_{name}"));
        fs::create_dir_all(&function).unwrap();
        fs::write(function.join("resource.json"), row.to_string()).unwrap();
    };
    let root = [("FUNCTIONS_APP_ROOT_PATH".to_owned(), folder.path().display().to_string())];
    write("messages", json!({"path": "/me/messages", "mode": "list", "permission": "Mail.Read"}));
    let said = stderr(&run(&root, "resources").await.code(78));
    assert!(
        said.contains("\"messages\" is not allowed; allowed: for a feed that is read as a person"),
        "{said}"
    );
    write("messages", json!({"path": "/users/{users}/x", "mode": "list", "permission": "Mail.Read"}));
    write(
        "mine",
        json!({
            "path": "/me/{users}/delta", "mode": "delta", "select": ["id"], "permission": "Mail.Read",
            "links": [{"property": "manager", "many": false, "to": ["users"]}],
            "subscription": {"resource": "/me/x", "changeTypes": ["updated"], "maxMinutes": 60},
        }),
    );
    write("below", json!({"path": "/users/{profile}/x", "mode": "list", "permission": "Mail.Read"}));
    write("profile", json!({"path": "/me", "mode": "list", "single": true, "permission": "User.Read"}));
    let said = stderr(&run(&root, "resources").await.code(78));
    for fault in
        ["path: \"/me/{users}/delta\" has a parent", "links: is not allowed", "subscription: is not allowed"]
    {
        assert!(said.contains(fault), "{fault}: {said}");
    }
    fs::remove_dir_all(folder.path().join("sync_mine")).unwrap();
    let said = stderr(&run(&root, "resources").await.code(78));
    assert!(
        said.contains("\"profile\" is not allowed; allowed: a resource that no person has a feed of"),
        "{said}"
    );
    fs::remove_dir_all(folder.path().join("sync_below")).unwrap();
    let line = format!("resources --deployment {}", folder.path().display());
    let needs: Value = serde_json::from_str(&stdout(&run(&[], &line).await.code(0))).unwrap();
    assert_eq!(
        (&needs["resources"], needs["appRoles"].as_array().unwrap().len()),
        (&json!(["messages"]), 1),
        "{needs}"
    );
    let shown = stdout(&run(&root, "resources profile").await.code(0));
    assert!(
        shown.contains("User.Read, a delegated permission") && shown.contains("/_mirror/parent"),
        "{shown}"
    );
}
