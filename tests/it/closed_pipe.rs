//! A reader that goes away: `graph-mirror … | head` ends quietly, whatever the command.

use std::process::{Command, Output, Stdio};

use crate::command_line::text;
use crate::stage::copied;

/// Runs the binary with a stdout that nobody reads.
async fn unread(settings: &[(String, String)], line: &str) -> Output {
    let (settings, line) = (settings.to_vec(), line.to_owned());
    let ran = tokio::task::spawn_blocking(move || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(env!("CARGO_BIN_EXE_graph-mirror"));
        command.env_clear().envs(settings).args(line.split_whitespace());
        command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped());
        command.spawn().unwrap().wait_with_output().unwrap()
    });
    ran.await.unwrap()
}

#[tokio::test]
async fn every_command_ends_quietly_when_its_reader_is_gone() {
    let world = copied().await;
    for line in [
        "resources",
        "resources --output json",
        "status",
        "status --output json",
        "checkpoint show users",
        "sync users",
        "verify users --output json",
        "subscriptions list",
    ] {
        let ended = unread(world.settings(), line).await;
        let said = text(&ended.stderr);
        assert_eq!(ended.status.code(), Some(141), "{line}: {said}");
        assert!(!said.contains("panic") && !said.to_lowercase().contains("pipe"), "{line}: {said}");
    }
    world.ensure_equal().await.unwrap();
}
