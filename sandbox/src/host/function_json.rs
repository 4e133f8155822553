//! `<name>/function.json`, read as the host reads it (`HostFunctionMetadataProvider`,
//! `FunctionDescriptorProvider`).
//!
//! Where the host would leave one broken function out and go on, this stand-in refuses to start: a test must
//! not pass because a function was silently missing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::app_setting::{is_disabled, resolve};
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
    Admin,
}

#[derive(Debug, Clone)]
pub(super) struct Output {
    pub name: String,
    pub target: Target,
    /// `dataType: binary`: strings are not tried as base64.
    pub binary: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Target {
    Queue(String),
    Http,
}

/// A retry policy.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Retry {
    /// `-1`: for ever.
    pub max: i64,
    pub delay: Delay,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Delay {
    Fixed(Duration),
    Exponential { least: Duration, most: Duration },
}

impl Retry {
    /// How long the host waits before retry number `retry` (1 is the first).
    pub fn delay(&self, retry: u32) -> Duration {
        match self.delay {
            Delay::Fixed(delay) => delay,
            Delay::Exponential { least, most } => least.saturating_mul(1 << (retry - 1).min(30)).min(most),
        }
    }

    pub fn parse(json: &Value) -> Result<Self> {
        let span = |key: &str| -> Result<Duration> {
            let text = json[key].as_str().with_context(|| format!("retry.{key} is required"))?;
            time_span::parse(text)?.with_context(|| format!("retry.{key} is negative"))
        };
        let delay = match json["strategy"].as_str() {
            Some("fixedDelay") => Delay::Fixed(span("delayInterval")?),
            Some("exponentialBackoff") => {
                Delay::Exponential { least: span("minimumInterval")?, most: span("maximumInterval")? }
            }
            _ => bail!("retry.strategy must be fixedDelay or exponentialBackoff"),
        };
        let max = json["maxRetryCount"].as_i64().context("retry.maxRetryCount is required")?;
        Ok(Self { max, delay })
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
    let trigger_kind = parse_trigger(name, trigger, settings)?;
    let is_timer = matches!(trigger_kind, Trigger::Timer { .. });
    ensure!(
        is_timer || json.get("retry").is_none(),
        "a retry policy is for timers; the host will stop to honour it here"
    );
    Ok(Function {
        name: name.to_owned(),
        binding: trigger["name"].as_str().unwrap_or_default().to_owned(),
        trigger: trigger_kind,
        outputs: outputs.map(|output| parse_output(output, settings)).collect::<Result<_>>()?,
        retry: json.get("retry").map(Retry::parse).transpose()?,
        disabled: json["disabled"] == true || is_disabled(name, settings),
    })
}

fn parse_trigger(name: &str, json: &Value, settings: &[(String, String)]) -> Result<Trigger> {
    ensure!(json["direction"].as_str().unwrap_or("in") == "in", "a trigger's direction is \"in\"");
    match kind(json) {
        "timerTrigger" => {
            let text = json["schedule"].as_str().context("schedule is required")?;
            let schedule = Schedule::parse(&resolve(text, settings)?)?;
            Ok(Trigger::Timer { monitor: json["useMonitor"] != false, schedule })
        }
        "queueTrigger" => Ok(Trigger::Queue { queue: queue_name(json, settings)? }),
        "httpTrigger" => Ok(Trigger::Http {
            route: json["route"].as_str().unwrap_or(name).trim_start_matches('/').to_owned(),
            methods: match json["methods"].as_array() {
                Some(methods) => methods.iter().filter_map(Value::as_str).map(str::to_uppercase).collect(),
                None => Vec::new(),
            },
            level: match json["authLevel"].as_str().unwrap_or("function").to_lowercase().as_str() {
                "anonymous" => Level::Anonymous,
                "function" => Level::Function,
                "admin" => Level::Admin,
                other => bail!("authLevel {other:?} is not known"),
            },
        }),
        other => bail!("{other} is not supported by this stand-in (timer, queue and http are)"),
    }
}

fn parse_output(json: &Value, settings: &[(String, String)]) -> Result<Output> {
    ensure!(json["direction"] == "out", "binding {} is neither a trigger nor an output", json["name"]);
    let target = match kind(json) {
        "queue" => Target::Queue(queue_name(json, settings)?),
        "http" => Target::Http,
        other => bail!("output {other} is not supported by this stand-in (queue and http are)"),
    };
    let name = json["name"].as_str().unwrap_or_default().to_owned();
    Ok(Output { name, target, binary: json["dataType"] == "binary" })
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
fn queue_name(json: &Value, settings: &[(String, String)]) -> Result<String> {
    let name = resolve(json["queueName"].as_str().context("queueName is required")?, settings)?;
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
        vec![
            ("SYNC_SCHEDULE".into(), "0 */5 * * * *".into()),
            ("AzureWebJobs_off_Disabled".into(), "true".into()),
        ]
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
        let function = parse("sync_users", &timer("%SYNC_SCHEDULE%"), &settings()).unwrap();
        assert_eq!(function.binding, "timer");
        assert!(matches!(function.trigger, Trigger::Timer { monitor: true, .. }));
        assert!(matches!(&function.outputs[0].target, Target::Queue(queue) if queue == "graph-mirror-work"));
        assert_eq!(function.retry, Some(Retry { max: 3, delay: Delay::Fixed(Duration::from_secs(30)) }));
        assert!(!function.disabled);
    }

    #[test]
    fn a_missing_setting_a_bad_name_or_schedule_is_an_error() {
        let error = parse("a", &timer("%UNSET%"), &settings()).unwrap_err();
        assert!(error.to_string().contains("UNSET"), "{error}");
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
    fn exponential_delays_grow_to_their_limit() {
        let json = json!({"strategy": "exponentialBackoff", "maxRetryCount": -1,
            "minimumInterval": "00:00:10", "maximumInterval": "00:01:00"});
        let retry = Retry::parse(&json).unwrap();
        let delays: Vec<u64> = (1..=5).map(|retry_number| retry.delay(retry_number).as_secs()).collect();
        assert_eq!(delays, [10, 20, 40, 60, 60]);
    }
}
