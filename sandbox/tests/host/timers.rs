//! Timers: retries, the variants of `TimerInfo`, no overlap.

use std::time::Duration;

use sandbox::host::{Fire, Host, Occasion, Options};
use serde_json::json;

use crate::app::{App, requests};

#[tokio::test]
async fn retries_keep_the_id_and_count_up() {
    let app = App::new().act("tick", json!({"failures": 2}));
    let host = app.start().await;
    let firing = host.fire("tick", Fire::default()).await.unwrap();
    assert!(firing.succeeded());
    let statuses: Vec<_> = firing.attempts.iter().map(|attempt| attempt.status).collect();
    assert_eq!(statuses, [Some(500), Some(500), Some(200)]);

    let requests = requests(&host, "tick", 3).await;
    let ids: Vec<_> =
        requests.iter().map(|request| &request["headers"]["x-azure-functions-invocationid"]).collect();
    assert!(ids.iter().all(|id| *id == ids[0] && **id == firing.last().id.to_string()), "{ids:?}");
    for (count, request) in requests.iter().enumerate() {
        let context = &request["body"]["Metadata"]["RetryContext"];
        assert_eq!((&context["RetryCount"], &context["MaxRetryCount"]), (&json!(count), &json!(3)));
        assert_eq!(context["Exception"].is_null(), count == 0);
    }
}

#[tokio::test]
async fn a_policy_ends_and_so_does_a_limit() {
    let app = App::new().act("tick", json!({"status": 503}));
    let host = app.start().await;
    let all = host.fire("tick", Fire::default()).await.unwrap();
    assert_eq!((all.attempts.len(), all.succeeded()), (4, false));
    let one = host.fire("tick", Fire { attempts: Some(1), ..Fire::default() }).await.unwrap();
    assert_eq!(one.attempts.len(), 1);
    assert_ne!(one.last().id, all.last().id);
}

#[tokio::test]
async fn every_variant_of_timer_info_can_be_sent() {
    let app = App::new();
    let host = app.start().await;
    let occasions = [
        Occasion::Normal,
        Occasion::FirstRun,
        Occasion::FirstRunWithOffset,
        Occasion::PastDue,
        Occasion::Unmonitored,
    ];
    for occasion in occasions {
        assert!(host.fire("tick", Fire { occasion, ..Fire::default() }).await.unwrap().succeeded());
    }
    let requests = requests(&host, "tick", 5).await;
    let last = |index: usize| requests[index]["body"]["Data"]["timer"]["ScheduleStatus"]["Last"].clone();
    assert!(last(0).as_str().unwrap().starts_with("20"));
    assert_eq!(last(1), "0001-01-01T00:00:00");
    assert_eq!(last(2), "0001-01-01T00:00:00+00:00");
    assert_eq!(requests[3]["body"]["Data"]["timer"]["IsPastDue"], true);
    assert!(requests[4]["body"]["Data"]["timer"]["ScheduleStatus"].is_null());
}

#[tokio::test]
async fn one_timer_never_runs_twice_at_once() {
    let app = App::new().act("tick", json!({"hang": true}));
    let host = Host::start(Options { function_timeout: Some(Duration::from_millis(300)), ..app.options() })
        .await
        .unwrap();
    let once = Fire { attempts: Some(1), ..Fire::default() };
    let (first, second) = tokio::join!(host.fire("tick", once), async {
        requests(&host, "tick", 1).await;
        host.fire("tick", once).await
    });
    // The second only began when the first had been killed, so each was the only one its process saw.
    assert!(!first.unwrap().succeeded() && !second.unwrap().succeeded());
    assert_eq!(host.process().generation().await.unwrap(), 3);
}

#[tokio::test]
async fn what_is_no_timer_or_is_disabled_does_not_fire() {
    let app = App::new();
    let mut options = app.options();
    options.env.push(("AzureWebJobs_tick_Disabled".into(), "1".into()));
    let host = Host::start(options).await.unwrap();
    for (name, why) in
        [("tick", "disabled"), ("consume", "no timer trigger"), ("nothing", "no function nothing")]
    {
        let error = host.fire(name, Fire::default()).await.unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
}
