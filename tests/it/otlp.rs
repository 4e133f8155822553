//! Traces and metrics reach a collector (feature `otlp`).

use std::time::Duration;

use sandbox::host::Framing;
use sandbox::otlp::{Collector, Exported, Span};
use sandbox::world::{Setup, WORK_QUEUE, World};

use crate::stage::{logged, setup};

/// A world whose handler exports several times a second.
async fn exporting(collector: &Collector, setup: Setup) -> World {
    let setup = setup
        .set("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint())
        .set("OTEL_BSP_SCHEDULE_DELAY", "50")
        .set("OTEL_METRIC_EXPORT_INTERVAL", "50");
    World::start(setup).await.unwrap()
}

async fn until(collector: &Collector, what: &str, is_there: impl Fn(&Exported) -> bool) -> Exported {
    for _ in 0..600 {
        let exported = collector.exported();
        if is_there(&exported) {
            return exported;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{what}: {:?}", collector.exported())
}

fn named<'a>(exported: &'a Exported, name: &str) -> Vec<&'a Span> {
    exported.spans.iter().filter(|span| span.name == name).collect()
}

#[tokio::test]
async fn spans_and_metrics_reach_the_collector_in_the_trace_of_the_caller() {
    let collector = Collector::start().await.unwrap();
    let few = Setup { page_size: 10, ..setup() }.set("SYNC_BUDGET_SECONDS", "0");
    let world = exporting(&collector, few).await;
    let headers = [
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("content-type", "application/json"),
    ];
    let timer = include_str!("../golden/timer.json");
    let answer = world.host.invoke_raw("/sync_users", &headers, timer, Framing::ContentLength).await.unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    let work = answer["Outputs"]["work"][0].as_str().unwrap();
    world.host.enqueue(WORK_QUEUE, work);
    world.host.pump(WORK_QUEUE).await.unwrap();
    let exported = until(&collector, "five invocations", |all| named(all, "invocation").len() == 5).await;
    assert_eq!(exported.unreadable, 0);
    let ours = exported.spans.iter().all(|span| span.trace_id == "0af7651916cd43dd8448eb211c80319c");
    assert!(ours, "one trace, through the queue: {:?}", exported.spans);
    let first = named(&exported, "invocation")[0];
    assert_eq!(first.parent_id, "b7ad6b7169203331");
    let second = named(&exported, "invocation")[1];
    assert_eq!(second.parent_id, first.span_id, "the work item continues the invocation that queued it");
    let turn = named(&exported, "turn").into_iter().find(|turn| turn.parent_id == first.span_id).unwrap();
    for page in ["graph_page", "cosmos_page"] {
        assert!(named(&exported, page).iter().any(|span| span.parent_id == turn.span_id), "{page}");
    }
    let metrics =
        until(&collector, "metrics", |all| all.metrics.iter().any(|name| name == "graph_mirror.lag")).await;
    for name in ["graph_mirror.turns", "graph_mirror.objects", "graph_mirror.request_charge"] {
        assert!(metrics.metrics.iter().any(|known| known == name), "{name}");
    }
    let texts = |text: &str| metrics.texts.iter().any(|known| known == text);
    assert!(texts("graph-mirror") && texts("continued") && texts("users"));
    for secret in ["skiptoken", "deltatoken", "Bearer", "127.0.0.1"] {
        assert!(!metrics.texts.iter().any(|text| text.contains(secret)), "{secret}");
    }
}

#[tokio::test]
async fn a_collector_that_refuses_is_told_once_and_disturbs_no_turn() {
    let collector = Collector::start().await.unwrap();
    collector.answer(503);
    let world = exporting(&collector, setup()).await;
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    for _ in 0..600 {
        if !logged(&world, "otlp_failed").is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let told = logged(&world, "otlp_failed");
    assert!(
        (1..=2).contains(&told.len()) && told[0].contains("status 503"),
        "once for each signal: {told:?}"
    );
    assert!(!told[0].contains("127.0.0.1"), "{told:?}");
}
