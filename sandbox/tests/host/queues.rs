//! Queues: outputs land in them, deliveries repeat until they succeed or are poison.

use sandbox::host::{Fire, Host, Message, Options, Verdict};
use serde_json::json;

use crate::app::{App, QUEUE, requests};

fn texts(messages: &[Message]) -> Vec<String> {
    messages.iter().filter_map(Message::text).collect()
}

#[tokio::test]
async fn outputs_become_messages_and_messages_runs() {
    let app =
        App::new().act("tick", json!({"body": r#"{"Outputs":{"work":["{\"feed\":\"users\"}","two"]}}"#}));
    let host = app.start().await;
    assert!(host.fire("tick", Fire::default()).await.unwrap().succeeded());
    assert_eq!(texts(&host.messages(QUEUE)), [r#"{"feed":"users"}"#, "two"]);

    let attempts = host.pump(QUEUE).await.unwrap();
    assert!(attempts.len() == 2 && attempts.iter().all(|attempt| attempt.succeeded()));
    assert!(host.messages(QUEUE).is_empty());
    let requests = requests(&host, "consume", 2).await;
    assert_eq!(requests[0]["body"]["Data"]["item"], r#""{\"feed\":\"users\"}""#);
    assert_eq!(requests[0]["body"]["Metadata"]["feed"], r#""users""#);
    assert_eq!(requests[1]["body"]["Metadata"]["DequeueCount"], "1");
}

#[tokio::test]
async fn a_failed_message_is_delivered_again_and_then_poison() {
    let app = App::new().act("consume", json!({"status": 500}));
    let host = app.start().await;
    host.enqueue(QUEUE, "bad");
    for count in 1..=3 {
        assert_eq!(host.messages(QUEUE)[0].dequeue_count, count - 1);
        let attempts = host.pump(QUEUE).await.unwrap();
        assert_eq!(attempts.len(), 1);
        assert!(matches!(attempts[0].verdict, Verdict::Failed { .. }));
    }
    assert!(host.messages(QUEUE).is_empty());
    assert_eq!(texts(&host.poison(QUEUE)), ["bad"]);
    assert!(host.pump(QUEUE).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_body_that_is_not_base64_is_poison_at_once() {
    let host = App::new().start().await;
    host.enqueue_raw(QUEUE, "{not base64}");
    assert!(host.pump(QUEUE).await.unwrap().is_empty());
    assert_eq!(host.poison(QUEUE).len(), 1);
}

#[tokio::test]
async fn a_message_outlives_the_handler() {
    let app = App::new().act("consume", json!({"hang": true}));
    let host = app.start().await;
    host.enqueue(QUEUE, "one");
    let (attempts, killed) = tokio::join!(host.pump(QUEUE), async {
        requests(&host, "consume", 1).await;
        host.process().kill().await
    });
    killed.unwrap();
    assert!(attempts.unwrap().iter().all(|attempt| attempt.status.is_none()));
    assert_eq!(host.messages(QUEUE)[0].dequeue_count, 1);
}

#[tokio::test]
async fn messages_are_delivered_side_by_side_when_asked() {
    let host = App::new().start().await;
    assert_eq!(host.queue_width(), 6);
    for number in 0..20 {
        host.enqueue(QUEUE, &number.to_string());
    }
    assert_eq!(host.pump_wide(QUEUE, host.queue_width()).await.unwrap().len(), 20);
    assert!(host.deliver_one(QUEUE).await.unwrap().is_none());
}

#[tokio::test]
async fn two_instances_share_one_storage_account() {
    let app = App::new();
    let first = app.start().await;
    let queues = first.queues();
    let second = Host::start(Options { queues, ..app.options() }).await.unwrap();
    first.enqueue(QUEUE, "one");
    assert_eq!(second.pump(QUEUE).await.unwrap().len(), 1);
    assert!(first.messages(QUEUE).is_empty());
}

#[tokio::test]
async fn a_message_whose_hosts_die_is_poison_before_it_runs_once_more() {
    let app = App::new().act("consume", json!({"hang": true}));
    let queues = app.start().await.queues();
    let first = Host::start(Options { queues: queues.clone(), ..app.options() }).await.unwrap();
    first.enqueue(QUEUE, "one");
    for count in 1..=3 {
        let host = Host::start(Options { queues: queues.clone(), ..app.options() }).await.unwrap();
        let (_, ()) = tokio::join!(host.pump(QUEUE), async {
            requests(&host, "consume", 1).await;
            host.shutdown().await;
        });
        assert_eq!(first.messages(QUEUE)[0].dequeue_count, count);
    }
    assert!(first.pump(QUEUE).await.unwrap().is_empty(), "nothing ran");
    assert_eq!(texts(&first.poison(QUEUE)), ["one"]);
}
