//! A staged folder made for one test.

use std::fs;
use std::os::unix::fs::symlink;

use sandbox::host::{Host, Options, Stream};
use serde_json::{Value, json};

/// A staged folder with the scripted handler in it. It goes when this goes, and with it any restart.
pub struct App {
    pub root: tempfile::TempDir,
    script: Value,
}

pub const QUEUE: &str = "graph-mirror-work";

impl App {
    /// With a timer `tick` (three retries), a queue function `consume` and two HTTP functions.
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        symlink(env!("CARGO_BIN_EXE_echo_handler"), root.path().join("graph-mirror")).unwrap();
        let app = Self { root, script: json!({}) };
        app.write(
            "host.json",
            &json!({
                "version": "2.0",
                "functionTimeout": "00:00:30",
                "extensionBundle": {"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.*, 5.0.0)"},
                "customHandler": {"description": {"defaultExecutablePath": "graph-mirror"}},
                "extensions": {"queues": {"batchSize": 4, "newBatchThreshold": 2, "maxDequeueCount": 3, "visibilityTimeout": "00:00:30"}},
            }),
        );
        let out = json!({"type": "queue", "name": "work", "direction": "out", "queueName": QUEUE});
        let timer =
            json!({"type": "timerTrigger", "name": "timer", "direction": "in", "schedule": "0 */5 * * * *"});
        let retry = json!({"strategy": "fixedDelay", "maxRetryCount": 3, "delayInterval": "00:00:30"});
        app.write("tick/function.json", &json!({"bindings": [timer, out], "retry": retry}));
        let queue = json!({"type": "queueTrigger", "name": "item", "direction": "in", "queueName": QUEUE});
        app.write("consume/function.json", &json!({"bindings": [queue, out]}));
        let res = json!({"type": "http", "name": "res", "direction": "out"});
        let keyed = json!({"type": "httpTrigger", "name": "req", "direction": "in", "methods": ["post"], "route": "refresh/{resource}/{id?}"});
        app.write("refresh/function.json", &json!({"bindings": [keyed, res]}));
        let open = json!({"type": "httpTrigger", "name": "req", "direction": "in", "authLevel": "anonymous"});
        app.write("notifications/function.json", &json!({"bindings": [open, res]}));
        app
    }

    pub fn write(&self, path: &str, json: &Value) {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, json.to_string()).unwrap();
    }

    /// What the handler does for one function.
    pub fn act(mut self, function: &str, act: Value) -> Self {
        self.script[function] = act;
        self
    }

    pub fn options(&self) -> Options {
        Options {
            root: self.root.path().to_owned(),
            env: vec![
                ("SCRIPT".into(), self.script.to_string()),
                ("AzureWebJobs_notifications_Disabled".into(), "false".into()),
            ],
            ..Options::default()
        }
    }

    pub async fn start(&self) -> Host {
        Host::start(self.options()).await.unwrap()
    }
}

/// What the handler says it was sent for a function.
pub async fn requests(host: &Host, function: &str, count: usize) -> Vec<Value> {
    for _ in 0..500 {
        let lines = host.logs().into_iter().filter(|line| line.stream == Stream::Stdout);
        let requests: Vec<Value> = lines.filter_map(|line| serde_json::from_str(&line.text).ok()).collect();
        let requests: Vec<Value> =
            requests.into_iter().filter(|request| request["function"] == function).collect();
        if requests.len() >= count {
            return requests;
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    panic!("the handler did not get {count} requests for {function}")
}
