//! The stage of every story: the product, staged once, in a world of its own.

use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use sandbox::cosmos::{Match, Moment};
use sandbox::host::{Attempt, LogLine};
use sandbox::world::{Credential, Setup, WORK_QUEUE, World};
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// The staged product: the one routine that the demo and the release use too. Whatever was added to the functions of this
/// clone, the stories are about those that come with it.
pub fn staged() -> &'static Path {
    static STAGED: OnceLock<TempDir> = OnceLock::new();
    let folder = STAGED.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let plan = stage::Plan {
            source: Path::new(env!("CARGO_MANIFEST_DIR")),
            binary: Path::new(env!("CARGO_BIN_EXE_graph-mirror")),
            into: folder.path(),
        };
        stage::stage(&plan).unwrap();
        sandbox::product::without_added(folder.path()).unwrap();
        folder
    });
    folder.path()
}

/// The staged product with further resources, added as a person adds them.
pub fn staged_with(resources: &[&str]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    copy(staged(), root.path());
    for resource in resources {
        let folder = root.path().to_str().unwrap();
        let mut command = assert_cmd::Command::cargo_bin("graph-mirror").unwrap();
        command.env_clear().args(["add", resource, "--unverified", "--functions", folder]);
        if graph_mirror::app::resources().iter().any(|row| row.name == *resource && row.parents_required) {
            command.arg("--all");
        }
        command.assert().success();
    }
    root
}

/// Has the function of a staged resource choose its parents, as its `resource.json` says it.
pub fn choose(root: &Path, resource: &str, parents: &Value) {
    let file = root.join(format!("sync_{resource}/resource.json"));
    std::fs::write(file, serde_json::json!({ "parents": parents }).to_string()).unwrap();
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A setup: fifty users, pages of twenty, a lease that outlasts a busy machine, and replicas that agree at once.
pub fn setup() -> Setup {
    hasty().set("LEASE_SECONDS", "15").set("DOUBT_MINUTES", "0")
}

/// A setup for stories that wait until a lease ends, or until doubt is old enough.
pub fn hasty() -> Setup {
    Setup::new(staged())
}

/// A setup in which the handler is an app registration, with a client secret, towards both services.
pub fn with_secret() -> Setup {
    Setup { graph_as: Credential::ClientSecret, cosmos_as: Credential::ClientSecret, ..setup() }
}

/// A world as [`setup`] has it.
pub async fn world() -> World {
    World::start(setup()).await.unwrap()
}

/// A world whose copy is complete, with nothing recorded yet.
pub async fn copied() -> World {
    copied_as(setup()).await
}

/// A setup in which doubt rests for a minute: for stories that serve an object that the tenant does not have, and look
/// at its document before anybody asks Graph for it.
pub fn resting() -> Setup {
    setup().set("DOUBT_MINUTES", "1")
}

/// The same as [`copied`], set up otherwise.
pub async fn copied_as(setup: Setup) -> World {
    let world = World::start(setup).await.unwrap();
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    unsettle(&world).await;
    world.cosmos.reset_log();
    world.graph.forget_requests();
    world
}

/// The next turn of each feed takes the lease, as after a version that did not yet ask without it (rule 15).
pub async fn unsettle(world: &World) {
    for mut lease in world.cosmos.documents("mirror").await {
        if lease["id"] == "lease" && lease["holder"].is_null() {
            lease["settled"] = false.into();
            let feed = lease["feed"].as_str().unwrap().to_owned();
            world.cosmos.put("mirror", &feed, &lease).await.unwrap();
        }
    }
}

/// The messages of the work queue, delivered beside the story.
pub fn begin_pumping(world: &World) -> JoinHandle<anyhow::Result<Vec<Attempt>>> {
    let world = world.clone();
    tokio::spawn(async move { world.host.pump(WORK_QUEUE).await })
}

/// A turn of a feed that is killed when this write was carried out.
pub async fn kill_after(write: Match, world: &World, feed: &'static str) {
    let mut hold = world.cosmos.hold(write, Moment::After);
    let turn = world.start_turn_of(feed);
    hold.arrived().await;
    world.host.process().kill().await.unwrap();
    hold.release();
    assert!(!turn.await.unwrap().succeeded());
}

/// However the identity server fails, an invocation has ended by then.
pub const BOUND: Duration = Duration::from_secs(15);

/// The turn fails in time, saying all these words and no secret, and nothing was written.
pub async fn refused(world: &World, words: &[&str]) {
    let begun = Instant::now();
    assert!(!world.fire().await.unwrap().succeeded());
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
    let said = logged(world, "invocation_failed").pop().unwrap();
    for word in words {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(!said.contains(&world.entra.secret()), "{said}");
    assert_eq!(world.document_writes(), []);
}

/// Writes a checkpoint of the users as an operator would, past the product.
pub async fn put_checkpoint(world: &World, checkpoint: &Value) {
    world.cosmos.put("mirror", "users", checkpoint).await.unwrap();
}

/// The checkpoint of the users.
pub async fn checkpoint(world: &World) -> Value {
    checkpoint_of(world, "users").await
}

/// The checkpoint of a feed.
pub async fn checkpoint_of(world: &World, feed: &str) -> Value {
    world.cosmos.document("mirror", feed, "checkpoint").await.unwrap()
}

/// How often the checkpoint of the users was saved.
pub async fn saves(world: &World) -> u64 {
    let checkpoint = checkpoint(world).await;
    save_of(&checkpoint, &checkpoint["save"])
}

/// The number of a save, counted from the first one of this checkpoint.
pub fn save_of(checkpoint: &Value, save: &Value) -> u64 {
    save.as_u64().unwrap() - checkpoint["firstSave"].as_u64().unwrap()
}

/// How many generations of a feed have begun.
pub fn generations(world: &World, feed: &str) -> usize {
    let resource = format!("\"resource\":\"{feed}\"");
    logged(world, "generation").iter().filter(|line| line.contains(&resource)).count()
}

/// A document of the copy.
pub async fn document(world: &World, id: &str) -> Value {
    world.cosmos.document("users", id, id).await.unwrap_or_else(|| panic!("no document {id}"))
}

/// What the handler logged with this event name, as text.
pub fn logged(world: &World, event: &str) -> Vec<String> {
    let needle = format!("\"event\":\"{event}\"");
    let lines = world.host.logs().into_iter().map(|LogLine { text, .. }| text);
    lines.filter(|line| line.contains(&needle)).collect()
}

/// Turns of a feed until some doubt was settled.
pub async fn until_settled(world: &World, feed: &str) {
    for _ in 0..200 {
        world.turn_feed(feed).await.unwrap();
        if !logged(world, "doubt_settled").is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nothing was settled");
}

/// The error of the only failed invocation.
pub fn failure(world: &World) -> String {
    let failed = logged(world, "invocation_failed");
    assert_eq!(failed.len(), 1, "{failed:?}");
    failed.into_iter().next().unwrap()
}

/// Turns until an enumeration has shown an object that was last read by its id.
pub async fn until_shown(world: &World, feed: &str, id: &str) {
    for _ in 0..200 {
        let document = world.cosmos.document(feed, id, id).await.unwrap();
        if document["_mirror"]["source"] == "delta" {
            return;
        }
        world.settle_feed(feed).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no walk shows {id}");
}
