//! What is sent, and what is made of the answers: the table of the contract, row by row.

use sandbox::host::{Fire, Framing, Host, Options, Verdict};
use serde_json::{Value, json};

use crate::app::{App, QUEUE, requests};

async fn verdict(act: Value) -> anyhow::Result<Verdict> {
    let app = App::new().act("tick", act);
    let firing = app.start().await.fire("tick", Fire::once()).await?;
    Ok(firing.last().verdict.clone())
}

#[tokio::test]
async fn a_2xx_with_a_json_object_succeeds() {
    let body = r#"{"Outputs":{"other":1},"Logs":["a line"]}"#;
    let verdict = verdict(json!({"status": 202, "body": body})).await.unwrap();
    assert_eq!(verdict, Verdict::Succeeded { outputs: json!({"other": 1}), logs: vec!["a line".into()] });
}

#[tokio::test]
async fn another_status_or_body_fails_the_invocation() {
    for act in [
        json!({"status": 500}),
        json!({"content_type": "text/plain"}),
        json!({"content_type": ""}),
        json!({"body": "{"}),
        json!({"body": r#"{"Logs":[1]}"#}),
        json!({"exit": 7}),
    ] {
        let verdict = verdict(act.clone()).await.unwrap();
        assert!(matches!(verdict, Verdict::Failed { .. }), "{act}: {verdict:?}");
    }
}

#[tokio::test]
async fn an_empty_or_null_body_is_an_error_that_cannot_be_overlooked() {
    for act in
        [json!({"body": ""}), json!({"body": "null"}), json!({"status": 204, "body": "", "content_type": ""})]
    {
        let error = verdict(act).await.unwrap_err();
        assert!(error.to_string().contains("the host would hang"), "{error}");
    }
}

#[tokio::test]
#[should_panic(expected = "the host would hang")]
async fn a_host_that_would_hang_is_not_healthy() {
    let app = App::new().act("consume", json!({"body": ""}));
    let host = app.start().await;
    host.enqueue(QUEUE, "one");
    assert!(host.pump(QUEUE).await.is_err());
    host.assert_healthy();
}

#[tokio::test]
async fn envelopes_are_framed_as_asked() {
    for (framing, header) in
        [(Framing::Chunked, "transfer-encoding"), (Framing::ContentLength, "content-length")]
    {
        let app = App::new();
        let host = Host::start(Options { framing, ..app.options() }).await.unwrap();
        assert!(host.fire("tick", Fire::default()).await.unwrap().succeeded());
        let request = &requests(&host, "tick", 1).await[0];
        let headers = &request["headers"];
        let framed: Vec<_> = ["transfer-encoding", "content-length"]
            .into_iter()
            .filter(|name| headers[name].is_string())
            .collect();
        assert_eq!(framed, [header]);
        assert_eq!(headers["content-type"], "application/json; charset=utf-8");
        assert_eq!(headers["user-agent"], "Azure-Functions-Host/4.1052.200");
        assert!(headers["x-azure-functions-invocationid"].is_string());
        assert_eq!(request["body"]["Metadata"]["sys"]["MethodName"], "tick");
    }
}

#[tokio::test]
async fn raw_bytes_go_through_unchanged() {
    let app =
        App::new().act("tick", json!({"status": 418, "body": "as it is", "content_type": "text/plain"}));
    let host = app.start().await;
    let answer = host
        .invoke_raw("/tick", &[("x-mine", "1")], r#"{"golden":true}"#, Framing::ContentLength)
        .await
        .unwrap();
    assert_eq!((answer.status, &answer.body[..]), (418, &b"as it is"[..]));
    let request = &requests(&host, "tick", 1).await[0];
    assert_eq!(request["body"], json!({"golden": true}));
    assert_eq!(request["headers"]["x-mine"], "1");
    assert!(host.history().is_empty());
}
