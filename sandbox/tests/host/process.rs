//! The handler's process: readiness, crashes, kills, freezes, the function timeout.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use sandbox::host::{Fire, Host, Options, Verdict};
use serde_json::json;

use crate::app::{App, requests};

/// Waits until so many processes have been ready.
async fn generation(host: &Host, wanted: u32) {
    for _ in 0..2000 {
        if host.process().generation().await.unwrap() >= wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("there was no process number {wanted}");
}

#[tokio::test]
async fn a_started_handler_is_ready() {
    let host = App::new().start().await;
    assert!(host.process().start_ms() > 0.0);
    assert!(host.process().ping().await.unwrap() < Duration::from_secs(1));
    assert_eq!(host.functions(), ["consume", "notifications", "refresh", "tick"]);
    assert!(host.process().usage().peak_rss_mib > 0.0);
}

#[tokio::test]
async fn a_handler_that_cannot_start_says_why() {
    let app = App::new();
    let mut options = app.options();
    options.env.push(("EXIT_AT_START".into(), "3".into()));
    let error = Host::start(options).await.err().unwrap();
    let text = format!("{error:#}");
    assert!(text.contains("restart retry count") && text.contains("this handler cannot start"), "{text}");
}

#[tokio::test]
async fn what_the_host_could_not_load_does_not_start() {
    let app = App::new();
    app.write(
        "host.json",
        &json!({"version": "2.0", "customHandler": {"description": {"defaultExecutablePath": "graph-mirror"}}}),
    );
    let error = Host::start(app.options()).await.unwrap_err();
    assert!(error.to_string().contains("extensionBundle"), "{error:#}");

    let app = App::new();
    let timer = json!({"type": "timerTrigger", "name": "timer", "direction": "in", "schedule": "%SCHEDULE%"});
    app.write("tick/function.json", &json!({"bindings": [timer]}));
    let error = Host::start(app.options()).await.unwrap_err();
    assert!(format!("{error:#}").contains("SCHEDULE"), "{error:#}");
}

#[tokio::test]
async fn a_kill_is_a_kill_and_the_next_invocation_waits_for_the_restart() {
    let app = App::new();
    let host = Host::start(Options { crash_limit: None, ..app.options() }).await.unwrap();
    let port = host.process().port();
    for _ in 0..4 {
        assert_eq!(host.process().kill().await.unwrap().signal(), Some(9));
        assert!(host.fire("tick", Fire::once()).await.unwrap().succeeded());
    }
    assert_eq!((host.process().generation().await.unwrap(), host.process().port()), (5, port));
}

#[tokio::test]
async fn what_is_in_flight_dies_with_the_process_and_is_retried() {
    let app = App::new().act("tick", json!({"hang": true}));
    let host = app.start().await;
    let (firing, ()) =
        tokio::join!(host.fire("tick", Fire { attempts: Some(2), ..Fire::default() }), async {
            for count in 1..=2 {
                requests(&host, "tick", count).await;
                host.process().kill().await.unwrap();
            }
        });
    let firing = firing.unwrap();
    assert_eq!(firing.attempts.len(), 2);
    assert!(firing.attempts.iter().all(|attempt| attempt.status.is_none()));
}

#[tokio::test]
async fn the_third_crash_ends_the_host() {
    let app = App::new().act("tick", json!({"exit": 101}));
    let host = app.start().await;
    let firing = host.fire("tick", Fire::default()).await.unwrap();
    assert!(!firing.succeeded());
    for _ in 0..3 {
        let _ = host.fire("tick", Fire::once()).await.unwrap();
    }
    let error = host.ready().await.unwrap_err();
    assert!(error.to_string().contains("restart retry count"), "{error}");
    assert!(host.process().kill().await.is_err());
}

#[tokio::test]
async fn an_exit_with_0_is_not_restarted() {
    let app = App::new().act("tick", json!({"exit": 0}));
    let host = app.start().await;
    assert!(!host.fire("tick", Fire::once()).await.unwrap().succeeded());
    for _ in 0..2000 {
        if host.ready().await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let firing = host.fire("tick", Fire::once()).await.unwrap();
    let Verdict::Failed { reason } = &firing.last().verdict else { panic!("{firing:?}") };
    assert!(reason.contains("refused"), "{reason}");
}

#[tokio::test]
async fn an_exit_with_200_is_restarted_for_free() {
    let app = App::new().act("tick", json!({"exit": 200}));
    let host = Host::start(Options { crash_limit: Some(1), ..app.options() }).await.unwrap();
    for count in 1..=4 {
        assert!(!host.fire("tick", Fire::once()).await.unwrap().succeeded());
        generation(&host, count + 1).await;
    }
}

#[tokio::test]
async fn a_frozen_handler_goes_on_where_it_was() {
    let host = App::new().start().await;
    let pid = host.process().pid().await.unwrap();
    host.process().freeze().await.unwrap();
    let (firing, ()) = tokio::join!(host.fire("tick", Fire::once()), async {
        assert!(tokio::time::timeout(Duration::from_millis(50), host.process().ping()).await.is_err());
        host.process().thaw().await.unwrap();
    });
    assert!(firing.unwrap().succeeded());
    assert_eq!(host.process().pid().await.unwrap(), pid);
}

#[tokio::test]
async fn a_frozen_handler_can_be_killed() {
    let app = App::new();
    let host = app.start().await;
    host.process().freeze().await.unwrap();
    assert_eq!(host.process().kill().await.unwrap().signal(), Some(9));
    assert!(host.fire("tick", Fire::once()).await.unwrap().succeeded());
}

#[tokio::test]
async fn the_function_timeout_kills_the_handler_and_is_no_crash() {
    let app = App::new().act("tick", json!({"hang": true}));
    let function_timeout = Some(Duration::from_millis(200));
    let host =
        Host::start(Options { function_timeout, crash_limit: Some(1), ..app.options() }).await.unwrap();
    let firing = host.fire("tick", Fire::once()).await.unwrap();
    let Verdict::Failed { reason } = &firing.last().verdict else { panic!("{firing:?}") };
    assert!(reason.contains("Timeout"), "{reason}");
    generation(&host, 2).await;
}

#[tokio::test]
async fn a_host_that_is_shut_down_or_dropped_leaves_no_process() {
    let host = App::new().start().await;
    let pid = host.process().pid().await.unwrap();
    host.shutdown().await;
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
    assert!(host.process().usage().cpu_seconds >= 0.0 && host.process().usage().peak_rss_mib > 0.0);

    let host = App::new().start().await;
    let pid = host.process().pid().await.unwrap();
    drop(host);
    for _ in 0..2000 {
        if !std::path::Path::new(&format!("/proc/{pid}")).exists() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("the handler outlived its host");
}
