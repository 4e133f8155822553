//! `device-code`: the person enters a code elsewhere.

use std::time::{Duration, Instant};

use sandbox::identity::Fault;

use super::{BOUND, ME, Terminal, failed, mode};
use crate::command_line::text;

#[tokio::test]
async fn a_device_code_signs_in_once_and_logout_ends_that() {
    let at = Terminal::new("device-code").await;
    at.signed_in().await;
    let file = at.file();
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));

    let before = at.world.entra.requests().len();
    let again = at.run(ME).await;
    at.is_me(&again);
    assert_eq!(at.world.entra.requests().len(), before, "the kept token serves");
    assert!(!text(&again.stderr).contains("To sign in"));
    failed(&at.run("sync users").await, 0, &[]);
    assert_eq!(at.world.entra.requests().len(), before, "it serves every command");

    at.end_token();
    at.is_me(&at.run(ME).await);
    assert_eq!(at.last_request().get("grant_type"), Some("refresh_token"));

    let out = at.run("logout --output json").await;
    assert_eq!(text(&out.stdout).trim(), r#"{"outcome":"complete","removed":1}"#);
    assert!(at.kept().is_empty());
}

#[tokio::test]
async fn a_device_that_is_declined_or_left_alone_fails_with_the_next_step() {
    let at = Terminal::new("device-code").await;
    let declined =
        at.with_device(async |at, code| at.world.entra.switches().decline_device(code).unwrap()).await;
    failed(&declined, 1, &["the sign-in was declined (", "run the command again to sign in"]);
    let late = at.with_device(async |at, _| at.world.entra.switches().expire_devices()).await;
    failed(&late, 1, &["nobody entered the code in time (expired_token", "run the command again"]);
}

#[tokio::test]
async fn a_device_that_polls_too_fast_for_entra_slows_down_and_signs_in() {
    let at = Terminal::new("device-code").await;
    let slowed = std::cell::Cell::new(None);
    let ran = at
        .with_device(async |at, code| {
            // The device was told to wait for one second.
            at.world.entra.switches().set_device_interval(Duration::from_secs(3));
            let begun = Instant::now();
            while at.last_request().error.as_deref() != Some("slow_down") {
                assert!(begun.elapsed() < BOUND, "{:?}", at.world.entra.requests());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            slowed.set(Some(Instant::now()));
            at.world.entra.switches().approve_device(code, &at.user()).unwrap();
        })
        .await;
    at.is_me(&ran);
    assert!(slowed.get().unwrap().elapsed() > Duration::from_secs(3), "five more seconds, says RFC 8628");
    let errors: Vec<_> = at.world.entra.requests().into_iter().skip(1).map(|request| request.error).collect();
    assert_eq!(errors, [Some("authorization_pending".to_owned()), Some("slow_down".to_owned()), None]);
}

#[tokio::test]
async fn a_server_that_is_down_or_silent_ends_a_sign_in_in_time() {
    for fault in [Some(Fault::Hang), None] {
        let at = Terminal::new("device-code").await;
        match fault {
            Some(fault) => at.world.identity.fail(usize::MAX, fault),
            None => at.world.entra.stop(),
        }
        let begun = Instant::now();
        let ran = at.run(ME).await;
        assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
        failed(&ran, 1, &["identity server", "AZURE_AUTHORITY_HOST"]);
    }
}
