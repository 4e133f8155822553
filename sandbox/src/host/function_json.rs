//! `<name>/function.json`, read as the host reads it (`HostFunctionMetadataProvider`,
//! `FunctionDescriptorProvider`).
//!
//! Where the host would leave one broken function out and go on, this stand-in refuses to start: a test must
//! not pass because a function was silently missing. It also refuses what no shipped function uses: exponential
//! back-off, the level `admin`, `dataType`, and `%SETTING%` in a schedule or a queue name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::disabled::is_disabled;
use super::schedule::Schedule;
use super::time_span;

/// One deployed function.
#[derive(Debug, Clone)]
pub(super) struct Function {
    pub name: String,
    /// The name of the trigger's binding: the key under `Data`.
    pub binding: String,
    pub trigger: Trigger,
    pub outputs: Vec<Output>,
    pub retry: Option<Retry>,
    pub disabled: bool,
}

impl Function {
    pub fn uses_queues(&self) -> bool {
        let writes = self.outputs.iter().any(|output| matches!(output.target, Target::Queue(_)));
        writes || matches!(self.trigger, Trigger::Queue { .. })
    }
}

#[derive(Debug, Clone)]
pub(super) enum Trigger {
    Timer { monitor: bool, schedule: Schedule },
    Queue { queue: String },
    Http { route: String, methods: Vec<String>, level: Level },
}

/// Who may call an HTTP function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Anonymous,
    Function,
}

#[derive(Debug, Clone)]
pub(super) struct Output {
    pub name: String,
    pub target: Target,
}

#[derive(Debug, Clone)]
pub(super) enum Target {
    Queue(String),
    Http,
}

/// A retry policy: so many attempts more, which follow each other at once here, since no test waits for 30 seconds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Retry {
    /// `-1`: for ever.
    pub max: i64,
}

impl Retry {
    pub fn parse(json: &Value) -> Result<Self> {
        ensure!(json["strategy"] == "fixedDelay", "retry.strategy must be fixedDelay for this stand-in");
        let delay = json["delayInterval"].as_str().context("retry.delayInterval is required")?;
        time_span::parse(delay)?.context("retry.delayInterval is negative")?;
        let max = json["maxRetryCount"].as_i64().context("retry.maxRetryCount is required")?;
        Ok(Self { max })
    }
}

/// Reads every function directly under the root; a folder without `function.json` is none.
pub(super) fn read_all(root: &Path, settings: &[(String, String)]) -> Result<BTreeMap<String, Function>> {
    let mut functions = BTreeMap::new();
    for entry in fs::read_dir(root).with_context(|| format!("reading {}", root.display()))? {
        let path = entry?.path().join("function.json");
        let Some(name) = path.parent().and_then(Path::file_name).and_then(|name| name.to_str()) else {
            continue;
        };
        if !path.is_file() {
            continue;
        }
        let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let json = serde_json::from_str(&text).with_context(|| format!("parsing {}", path.display()))?;
        let function = parse(name, &json, settings).with_context(|| format!("function {name}"))?;
        functions.insert(function.name.clone(), function);
    }
    Ok(functions)
}

fn parse(name: &str, json: &Value, settings: &[(String, String)]) -> Result<Function> {
    ensure!(is_function_name(name), "not a valid function name");
    let bindings =
        json["bindings"].as_array().filter(|bindings| !bindings.is_empty()).context("bindings is empty")?;
    let mut names = BTreeSet::new();
    for binding in bindings {
        let name = binding["name"].as_str().context("a binding has no name")?;
        ensure!(names.insert(name.to_lowercase()), "two bindings are named {name}");
    }
    let is_trigger = |binding: &&Value| kind(binding).to_lowercase().ends_with("trigger");
    let triggers: Vec<&Value> = bindings.iter().filter(is_trigger).collect();
    let [trigger] = triggers[..] else { bail!("{} triggers; a function has exactly one", triggers.len()) };
    let outputs = bindings.iter().filter(|binding| !is_trigger(binding));
    let trigger_kind = parse_trigger(name, trigger)?;
    let is_timer = matches!(trigger_kind, Trigger::Timer { .. });
    ensure!(
        is_timer || json.get("retry").is_none(),
        "a retry policy is for timers; the host will stop to honour it here"
    );
    Ok(Function {
        name: name.to_owned(),
        binding: trigger["name"].as_str().unwrap_or_default().to_owned(),
        trigger: trigger_kind,
        outputs: outputs.map(parse_output).collect::<Result<_>>()?,
        retry: json.get("retry").map(Retry::parse).transpose()?,
        disabled: json["disabled"] == true || is_disabled(name, settings),
    })
}

fn parse_trigger(name: &str, json: &Value) -> Result<Trigger> {
    ensure!(json["direction"].as_str().unwrap_or("in") == "in", "a trigger's direction is \"in\"");
    match kind(json) {
        "timerTrigger" => {
            let text = json["schedule"].as_str().context("schedule is required")?;
            let schedule = Schedule::parse(text)?;
            Ok(Trigger::Timer { monitor: json["useMonitor"] != false, schedule })
        }
        "queueTrigger" => Ok(Trigger::Queue { queue: queue_name(json)? }),
        "httpTrigger" => Ok(Trigger::Http {
            route: json["route"].as_str().unwrap_or(name).trim_start_matches('/').to_owned(),
            methods: match json["methods"].as_array() {
                Some(methods) => methods.iter().filter_map(Value::as_str).map(str::to_uppercase).collect(),
                None => Vec::new(),
            },
            level: match json["authLevel"].as_str().unwrap_or("function").to_lowercase().as_str() {
                "anonymous" => Level::Anonymous,
                "function" => Level::Function,
                other => bail!("authLevel {other:?} is not supported by this stand-in"),
            },
        }),
        other => bail!("{other} is not supported by this stand-in (timer, queue and http are)"),
    }
}

fn parse_output(json: &Value) -> Result<Output> {
    ensure!(json.get("dataType").is_none(), "dataType is not supported by this stand-in");
    ensure!(json["direction"] == "out", "binding {} is neither a trigger nor an output", json["name"]);
    let target = match kind(json) {
        "queue" => Target::Queue(queue_name(json)?),
        "http" => Target::Http,
        other => bail!("output {other} is not supported by this stand-in (queue and http are)"),
    };
    let name = json["name"].as_str().unwrap_or_default().to_owned();
    Ok(Output { name, target })
}

fn kind(binding: &Value) -> &str {
    binding["type"].as_str().unwrap_or_default()
}

/// `^[a-z][a-z0-9_\-]{0,127}$`, any case, and not `host`.
fn is_function_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.len() <= 128
        && name.bytes().all(plain)
        && !name.eq_ignore_ascii_case("host")
}

/// The storage service's rule: 3 to 63 of a-z, 0-9 and single hyphens inside.
fn queue_name(json: &Value) -> Result<String> {
    let name = json["queueName"].as_str().context("queueName is required")?.to_owned();
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let hyphens = !name.starts_with('-') && !name.ends_with('-') && !name.contains("--");
    ensure!(plain && hyphens && (3..=63).contains(&name.len()), "{name:?} is not a valid queue name");
    Ok(name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings() -> Vec<(String, String)> {
        vec![("AzureWebJobs_off_Disabled".into(), "true".into())]
    }

    fn timer(schedule: &str) -> Value {
        json!({
            "bindings": [
                {"type": "timerTrigger", "name": "timer", "direction": "in", "schedule": schedule},
                {"type": "queue", "name": "work", "direction": "out", "queueName": "graph-mirror-work"},
            ],
            "retry": {"strategy": "fixedDelay", "maxRetryCount": 3, "delayInterval": "00:00:30"},
        })
    }

    #[test]
    fn a_timer_function_is_read() {
        let function = parse("sync_users", &timer("0 */5 * * * *"), &settings()).unwrap();
        assert_eq!(function.binding, "timer");
        assert!(matches!(function.trigger, Trigger::Timer { monitor: true, .. }));
        assert!(matches!(&function.outputs[0].target, Target::Queue(queue) if queue == "graph-mirror-work"));
        assert_eq!(function.retry, Some(Retry { max: 3 }));
        assert!(!function.disabled);
    }

    #[test]
    fn a_bad_name_or_schedule_is_an_error() {
        assert!(parse("1st", &timer("0 * * * * *"), &[]).is_err());
        assert!(parse("host", &timer("0 * * * * *"), &[]).is_err());
        assert!(parse("a", &timer("often"), &[]).is_err());
    }

    #[test]
    fn one_trigger_and_unique_names() {
        let mut twice = timer("0 * * * * *");
        twice["bindings"][1]["name"] = json!("Timer");
        assert!(parse("a", &twice, &[]).is_err());
        let none = json!({"bindings": [{"type": "http", "name": "res", "direction": "out"}]});
        assert!(parse("a", &none, &[]).is_err());
        assert!(parse("a", &json!({"bindings": []}), &[]).is_err());
    }

    #[test]
    fn an_http_function_has_the_hosts_defaults() {
        let json = json!({"bindings": [{"type": "httpTrigger", "name": "req", "direction": "in"}]});
        let function = parse("status", &json, &[]).unwrap();
        let Trigger::Http { route, methods, level } = function.trigger else { panic!("not http") };
        assert_eq!((route.as_str(), methods.len(), level), ("status", 0, Level::Function));
    }

    #[test]
    fn a_setting_disables_a_function() {
        assert!(parse("off", &timer("0 * * * * *"), &settings()).unwrap().disabled);
    }

    #[test]
    fn what_no_shipped_function_uses_is_refused_by_name() {
        let with = |change: fn(&mut Value)| {
            let mut json = timer("0 * * * * *");
            change(&mut json);
            format!("{:#}", parse("a", &json, &[]).unwrap_err())
        };
        assert!(with(|json| json["retry"]["strategy"] = json!("exponentialBackoff")).contains("strategy"));
        assert!(with(|json| json["bindings"][1]["dataType"] = json!("binary")).contains("dataType"));
        assert!(with(|json| json["bindings"][1]["queueName"] = json!("%QUEUE%")).contains("queue name"));
        assert!(with(|json| json["bindings"][0]["schedule"] = json!("%SCHEDULE%")).contains("%SCHEDULE%"));
        let http =
            |level: &str| json!({"bindings": [{"type": "httpTrigger", "name": "req", "authLevel": level}]});
        let refused = parse("a", &http("admin"), &[]).unwrap_err();
        assert!(refused.to_string().contains("admin"), "{refused}");
        assert!(parse("a", &http("anonymous"), &[]).is_ok());
    }
}
