//! `cargo demo --keep --fast`: a world that lives, as another process sees it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use reqwest::{Client, Method};
use serde_json::{Value, json};

/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running demo, killed if the test fails before its end.
struct Demo {
    process: Child,
    kept: Value,
    lines: Receiver<String>,
    client: Client,
}

impl Demo {
    /// Starts it, and returns when its story is told and its world lives.
    fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_demo"))
            .args(["--users", "100", "--keep", "--fast", "--json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let said = BufReader::new(process.stderr.take().unwrap());
        std::thread::spawn(move || {
            said.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line)))
        });
        let mut summary = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut summary).unwrap();
        let summary: Value =
            serde_json::from_str(&summary).unwrap_or_else(|error| panic!("{error}: {summary}"));
        assert_eq!(summary["ok"], true, "{summary}");
        let client = Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        Self { process, kept: summary["kept"].clone(), lines, client }
    }

    fn env(&self, name: &str) -> &str {
        self.kept["environment"][name].as_str().unwrap_or_else(|| panic!("no {name} in {}", self.kept))
    }

    /// Waits until something is said that fits.
    fn said(&self, fits: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + PATIENCE;
        let left = || until.saturating_duration_since(Instant::now());
        let mut line = self.lines.recv_timeout(left()).expect("it says something in time");
        while !fits(&line) {
            line = self.lines.recv_timeout(left()).expect("it says what is waited for in time");
        }
        line
    }

    /// Does something to the tenant by hand.
    async fn by_hand(&self, method: Method, path: &str, body: &str) -> Value {
        let request =
            self.client.request(method, format!("{}{path}", self.env("WORLD"))).body(body.to_owned());
        request.send().await.unwrap().error_for_status().unwrap().text().await.unwrap().parse().unwrap()
    }

    /// A user as the copy has it, read as any app with a token reads it.
    async fn copied(&self, id: &str) -> Value {
        let identity = format!(
            "{}?resource=https://cosmos.azure.com&api-version=2019-08-01",
            self.env("IDENTITY_ENDPOINT")
        );
        let token = self.client.get(identity).header("x-identity-header", self.env("IDENTITY_HEADER"));
        let token: Value = token.send().await.unwrap().text().await.unwrap().parse().unwrap();
        let token = format!("type%3Daad%26ver%3D1.0%26sig%3D{}", token["access_token"].as_str().unwrap());
        let address = format!("{}dbs/graph/colls/users/docs/{id}", self.env("COSMOS_ENDPOINT"));
        let request =
            self.client.get(address).header("authorization", token).header("x-ms-version", "2020-07-15");
        let request = request.header("x-ms-documentdb-partitionkey", json!([id]).to_string());
        request.send().await.unwrap().text().await.unwrap().parse().unwrap()
    }

    /// Waits until a user's copy fits.
    async fn wait(&self, id: &str, fits: impl Fn(&Value) -> bool) {
        let until = Instant::now() + PATIENCE;
        let mut copied = self.copied(id).await;
        while !fits(&copied) {
            assert!(Instant::now() < until, "the copy is still {copied}");
            tokio::time::sleep(Duration::from_millis(100)).await;
            copied = self.copied(id).await;
        }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn the_world_changes_by_itself_and_by_hand_and_the_copy_follows() {
    let mut demo = Demo::start();
    demo.said(|line| line.starts_with("· tenant: "));
    demo.said(|line| line.contains("users: complete; ") && !line.contains(" 0 upserted"));

    demo.by_hand(Method::POST, "/pause", "").await;
    let changed = demo.by_hand(Method::PATCH, "/users/any", r#"{"jobTitle":"Changed by hand"}"#).await;
    assert_eq!(changed["did"], "changed");
    let id = changed["id"].as_str().unwrap();
    demo.wait(id, |copy| copy["jobTitle"] == "Changed by hand").await;
    demo.by_hand(Method::DELETE, &format!("/users/{id}"), "").await;
    demo.wait(id, |copy| copy["_mirror"]["removed"].is_object()).await;
    demo.by_hand(Method::POST, &format!("/users/{id}/restore"), "").await;
    demo.wait(id, |copy| copy["jobTitle"] == "Changed by hand").await;

    let page = demo.client.get(demo.env("STATUS_PAGE")).header("accept", "text/html").send().await.unwrap();
    assert!(page.text().await.unwrap().contains("<h2 id=\"users\">users</h2>"));
    let nobody = format!("{}/users/nobody", demo.env("WORLD"));
    assert_eq!(demo.client.delete(nobody).send().await.unwrap().status(), 404);
    assert_eq!(demo.kept["credentials"]["device-code"]["GRAPH_CREDENTIAL"], "device-code");

    let pid = rustix::process::Pid::from_raw(demo.process.id().cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    demo.said(|line| line == "The world is gone.");
    assert_eq!(demo.process.wait().unwrap().code(), Some(0));
}
