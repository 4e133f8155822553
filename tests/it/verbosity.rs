//! What a person at a terminal sees: as much as was asked for, in plain text, and what a command waits for.

use sandbox::graph::{Fault, Match, RetryAfter};
use sandbox::world::World;
use serde_json::json;

use crate::command_line::{run, stderr, stdout};
use crate::stage::{copied, document};

/// All commands that have a help of their own.
fn commands() -> Vec<String> {
    let help = std::process::Command::new(env!("CARGO_BIN_EXE_graph-mirror")).arg("--help").output().unwrap();
    let text = String::from_utf8(help.stdout).unwrap();
    let listed = text.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let names = listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("    "));
    names
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .filter(|name| name != "help")
        .collect()
}

#[tokio::test]
async fn quiet_says_errors_only_and_verbose_every_request() {
    let world = copied().await;
    let quiet = run(world.settings(), "sync users -q").await.code(0);
    assert!(stdout(&quiet).starts_with("users: complete"), "{}", stdout(&quiet));
    assert_eq!(stderr(&quiet), "");
    crate::stage::unsettle(&world).await;
    let verbose = run(world.settings(), "-v sync users").await.code(0);
    let said = stderr(&verbose);
    assert!(said.contains("graph_request method=GET path=/v1.0/users/delta status=200"), "{said}");
    assert!(said.contains("cosmos_request") && said.contains("page_written"), "{said}");
    for secret in ["deltatoken", "Bearer", "127.0.0.1", "?"] {
        assert!(!said.contains(secret), "{secret}: {said}");
    }
    let both = run(world.settings(), "-v -q sync users").await.code(2);
    assert!(stderr(&both).contains("cannot be used with"), "{}", stderr(&both));
    world.graph.fail(Match::any(), 1, Fault::NotJson);
    let failed = run(world.settings(), "sync users --quiet").await.code(1);
    assert!(stderr(&failed).contains("sync of users failed"), "{}", stderr(&failed));
}

#[tokio::test]
async fn a_wait_is_told_with_its_reason_and_its_length() {
    let world = copied().await;
    let later = Fault::Throttle { status: 429, retry_after: RetryAfter::Seconds("1".into()) };
    world.graph.fail(Match::any(), 1, later);
    let ran = run(world.settings(), "sync users").await.code(0);
    assert!(stderr(&ran).contains("users: waiting 1.0 s, then trying again: status 429"), "{}", stderr(&ran));
}

#[tokio::test]
async fn a_repair_says_whom_it_waits_for() {
    let world = copied().await;
    let id = world.a_user();
    let mut damaged = document(&world, &id).await;
    damaged["city"] = json!("Nowhere");
    world.cosmos.put("users", &id, &damaged).await.unwrap();
    let mut hold = world.graph.hold(Match::delta_token());
    let turn = world.start_turn();
    hold.arrived().await;
    let repair = tokio::spawn({
        let settings = world.settings().to_vec();
        async move { run(&settings, "verify users --repair").await }
    });
    // The repair has asked for a rerun by the time it waits.
    until_rerun_requested(&world).await;
    hold.release();
    assert!(turn.await.unwrap().succeeded());
    let said = stderr(&repair.await.unwrap());
    assert!(said.contains("users: waiting 2.0 s, then trying again: another turn holds the feed"), "{said}");
}

async fn until_rerun_requested(world: &World) {
    for _ in 0..600 {
        let lease = world.cosmos.document("mirror", "users", "lease").await.unwrap();
        if lease["rerunRequested"] == true {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the repair never asked");
}

#[tokio::test]
async fn nothing_is_coloured_where_there_is_no_terminal_or_no_color_is_set() {
    let world = copied().await;
    let mut settings = world.settings().to_vec();
    for colours in [None, Some(("NO_COLOR", "1"))] {
        settings.extend(colours.map(|(name, value)| (name.to_owned(), value.to_owned())));
        for line in ["--help", "sync --help", "sync nobodies", "-v sync users", "status"] {
            let ran = run(&settings, line).await;
            assert!(!stdout(&ran).contains('\u{1b}') && !stderr(&ran).contains('\u{1b}'), "{line}");
        }
    }
}

#[tokio::test]
async fn every_help_has_examples_and_exit_codes() {
    let commands = commands();
    assert!(commands.len() >= 9 && commands.contains(&"sync".to_owned()), "{commands:?}");
    for command in commands {
        let help = stdout(&run(&[], &format!("{command} --help")).await.code(0));
        let examples = help.find("\nExamples:\n  ").unwrap_or_else(|| panic!("{command}: no examples"));
        let codes = help.find("\nExit codes: 0 ").unwrap_or_else(|| panic!("{command}: no exit codes"));
        assert!(examples < codes, "{command}");
    }
}
