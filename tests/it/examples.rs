//! The programs of `examples/`, as they are, against the same Graph.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::SystemTime;

use sandbox::world::{Setup, World};

use crate::command_line::text;
use crate::stage::with_secret;

/// The built example. `cargo test` builds all of them beside the product; `cargo test --test it` builds none, so that
/// what is missing, or older than the product or its source, is built here.
fn example(name: &str) -> PathBuf {
    static BUILDS: Mutex<()> = Mutex::new(());
    let product = Path::new(env!("CARGO_BIN_EXE_graph-mirror"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name).with_extension("rs");
    let built = product.with_file_name("examples").join(name).with_extension(std::env::consts::EXE_EXTENSION);
    let _one_at_a_time = BUILDS.lock().unwrap();
    if written(&built) < written(product).max(written(&source)) {
        build(product);
    }
    built
}

fn written(file: &Path) -> SystemTime {
    file.metadata().and_then(|about| about.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Builds all examples into the folder of the product, in its profile.
fn build(product: &Path) {
    let folder = product.parent().unwrap();
    let profile = match folder.file_name().unwrap().to_str().unwrap() {
        "debug" => "dev",
        other => other,
    };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args([
        "build",
        "--locked",
        "-p",
        "graph-mirror",
        "--examples",
    ]);
    command.args(["--profile", profile, "--target-dir"]).arg(folder.parent().unwrap());
    assert!(command.status().unwrap().success(), "the examples cannot be built");
}

/// Runs an example with the settings for Graph; its output, and whether it succeeded.
async fn run(world: &World, name: &str, arguments: &[&str]) -> (String, String, bool) {
    let mut command = Command::new(example(name));
    let settings = world.settings().iter().filter(|(name, _)| !name.starts_with("COSMOS_"));
    command.env_clear().envs(settings.map(|(name, value)| (name, value)));
    command.args(arguments).stdin(Stdio::null());
    let ran = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    (text(&ran.stdout), text(&ran.stderr), ran.status.success())
}

#[tokio::test]
async fn an_application_lists_users_with_a_client_secret() {
    let world = World::start(with_secret()).await.unwrap();
    let (printed, said, succeeded) = run(&world, "client_secret", &[]).await;
    assert!(succeeded, "{said}");
    let mut expected: Vec<String> = world.graph.tenant(|tenant| {
        let names = tenant
            .collection("users")
            .living()
            .map(|(_, user)| user["userPrincipalName"].as_str().unwrap().to_owned());
        names.collect()
    });
    let mut found: Vec<_> = printed.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_client_reads_one_object_a_list_and_handles_an_error() {
    let world = World::start(Setup { groups: 7, ..with_secret() }).await.unwrap();
    let name = world.graph.tenant(|tenant| {
        let (_, user) = tenant.collection("users").living().next().unwrap();
        user["userPrincipalName"].as_str().unwrap().to_owned()
    });
    let (printed, said, succeeded) = run(&world, "graph_client", &[&name]).await;
    assert!(succeeded && printed.starts_with(&format!("{name} is ")), "{printed} {said}");
    assert!(printed.ends_with("\n7 groups\n"), "{printed}");
    let (printed, said, succeeded) = run(&world, "graph_client", &["nobody@contoso.example"]).await;
    assert!(
        succeeded && printed.starts_with("there is no user nobody@contoso.example\n"),
        "{printed} {said}"
    );
    world.identity.set_roles(&["Mail.Read"]);
    world.identity.revoke_all();
    let (_, said, succeeded) = run(&world, "graph_client", &[&name]).await;
    assert!(!succeeded && said.contains("Microsoft Graph refuses access (status 403"), "{said}");
}

#[tokio::test]
async fn a_person_signs_in_with_a_code_and_is_me_from_then_on() {
    let world = World::start(with_secret()).await.unwrap();
    let (entra, kept) = (world.entra.clone(), tempfile::tempdir().unwrap());
    let user = world.identity.users().remove(0);
    let with_settings = |program: &Path| {
        let mut command = Command::new(program);
        command.env_clear().envs(entra.env_of(&entra.public_client_id()));
        command.env("GRAPH_ENDPOINT", world.graph.endpoint()).env("XDG_STATE_HOME", kept.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let mut child = with_settings(&example("device_code")).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let code = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let code = line.split("enter the code ").nth(1).unwrap_or_else(|| panic!("no code: {line}"));
        (code.split_whitespace().next().unwrap().to_owned(), said)
    });
    // Whoever reads stderr stays, so that the example can say more.
    let (code, _said) = code.await.unwrap();
    entra.switches().approve_device(&code, &user.user_principal_name).unwrap();
    let ran = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    assert!(ran.status.success(), "{:?}", ran.status);
    assert!(
        text(&ran.stdout).starts_with(&format!("{}\t", user.user_principal_name)),
        "{}",
        text(&ran.stdout)
    );

    let mut me = with_settings(Path::new(env!("CARGO_BIN_EXE_graph-mirror")));
    me.env("GRAPH_CREDENTIAL", "device-code").env("GRAPH_SCOPES", "User.Read Calendars.ReadWrite.Shared");
    me.args(["get", "me", "--select", "id"]);
    let ran = tokio::task::spawn_blocking(move || me.output().unwrap()).await.unwrap();
    let (printed, said) = (text(&ran.stdout), text(&ran.stderr));
    assert!(ran.status.success() && printed.contains(&user.object_id), "{printed} {said}");
    assert!(!said.contains("enter the code"), "the sign-in was kept: {said}");
}
