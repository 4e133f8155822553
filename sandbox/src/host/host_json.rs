//! `host.json`, read as the host reads it, except that what this stand-in does not do is refused instead of
//! ignored.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::time_span;

/// The parts of `host.json` that decide how a custom handler is started and called.
#[derive(Debug, Clone)]
pub(super) struct HostJson {
    pub executable: PathBuf,
    pub arguments: Vec<String>,
    pub working_directory: PathBuf,
    /// `None`: unlimited.
    pub function_timeout: Option<Duration>,
    /// How long the handler may take to answer `GET /` (`HttpWorkerOptions`, 30 s unless set).
    pub initialization_timeout: Duration,
    pub queues: Queues,
    pub route_prefix: String,
    /// The allow-list, when there is one.
    pub functions: Option<Vec<String>>,
    /// Queue triggers and outputs come with it; timers and HTTP are built in.
    pub has_bundle: bool,
    /// The app-wide retry policy, as it stands in the file.
    pub retry: Option<Value>,
}

/// `extensions.queues` (`QueuesOptions`).
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Queues {
    pub batch_size: u32,
    pub new_batch_threshold: Option<u32>,
    pub max_dequeue_count: u32,
    #[serde(deserialize_with = "span")]
    pub visibility_timeout: Duration,
    #[serde(deserialize_with = "span")]
    pub max_polling_interval: Duration,
    pub message_encoding: String,
}

impl Default for Queues {
    fn default() -> Self {
        Self {
            batch_size: 16,
            new_batch_threshold: None,
            max_dequeue_count: 5,
            visibility_timeout: Duration::ZERO,
            max_polling_interval: Duration::from_secs(60),
            message_encoding: "base64".to_owned(),
        }
    }
}

fn span<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let span = time_span::parse(&text).map_err(serde::de::Error::custom)?;
    span.ok_or_else(|| serde::de::Error::custom("a negative time span"))
}

impl HostJson {
    /// Reads `<root>/host.json` and resolves the executable under the root.
    pub fn read(root: &Path) -> Result<Self> {
        let path = root.join("host.json");
        let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let json = serde_json::from_str(&text).with_context(|| format!("parsing {}", path.display()))?;
        Self::parse(root, &json).with_context(|| format!("in {}", path.display()))
    }

    fn parse(root: &Path, json: &Value) -> Result<Self> {
        ensure!(json["version"] == "2.0", "version must be \"2.0\"");
        let handler = &json["customHandler"];
        for flag in ["enableForwardingHttpRequest", "enableProxyingHttpRequest"] {
            ensure!(
                handler[flag] != true,
                "{flag} is not supported by this stand-in: HTTP comes as an envelope"
            );
        }
        let description = &handler["description"];
        let queues: Queues = section(&json["extensions"]["queues"]).context("extensions.queues")?;
        ensure!(
            (1..=32).contains(&queues.batch_size),
            "extensions.queues.batchSize must be between 1 and 32"
        );
        ensure!(
            queues.message_encoding == "base64",
            "only messageEncoding base64 is supported by this stand-in"
        );
        Ok(Self {
            executable: executable(root, description)?,
            arguments: section(&description["arguments"]).context("arguments")?,
            working_directory: root.join(description["workingDirectory"].as_str().unwrap_or_default()),
            function_timeout: timeout(&json["functionTimeout"], Duration::from_secs(30 * 60))?,
            initialization_timeout: timeout(&handler["initializationTimeout"], Duration::from_secs(30))?
                .unwrap_or(Duration::MAX),
            queues,
            route_prefix: json["extensions"]["http"]["routePrefix"].as_str().unwrap_or("api").to_owned(),
            functions: section(&json["functions"]).context("functions")?,
            has_bundle: json["extensionBundle"]["id"].is_string(),
            retry: json.get("retry").cloned(),
        })
    }
}

/// A section that may be missing.
fn section<T: Default + serde::de::DeserializeOwned>(json: &Value) -> Result<T> {
    if json.is_null() { Ok(T::default()) } else { Ok(T::deserialize(json)?) }
}

fn timeout(json: &Value, default: Duration) -> Result<Option<Duration>> {
    match json {
        Value::Null => Ok(Some(default)),
        Value::String(text) => time_span::parse(text),
        other => bail!("{other} is not a time span"),
    }
}

/// The host would start what it finds, or leave a missing exec bit to the kernel; here a missing bit is an
/// error at once, because it is the most common mistake of a hand-made zip.
fn executable(root: &Path, description: &Value) -> Result<PathBuf> {
    let name = description["defaultExecutablePath"].as_str().unwrap_or_default();
    ensure!(!name.is_empty(), "customHandler.description.defaultExecutablePath is required");
    let path = root.join(description["workerDirectory"].as_str().unwrap_or_default()).join(name);
    let metadata = fs::metadata(&path).with_context(|| format!("the executable {}", path.display()))?;
    ensure!(metadata.is_file(), "{} is not a file", path.display());
    ensure!(metadata.permissions().mode() & 0o111 != 0, "{} is not executable", path.display());
    Ok(path)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn root(mode: u32) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("handler");
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        root
    }

    fn minimal() -> Value {
        json!({"version": "2.0", "customHandler": {"description": {"defaultExecutablePath": "handler"}}})
    }

    #[test]
    fn a_missing_setting_has_the_default_of_the_host() {
        let root = root(0o755);
        let host = HostJson::parse(root.path(), &minimal()).unwrap();
        assert_eq!(host.function_timeout, Some(Duration::from_secs(1800)));
        assert_eq!(host.initialization_timeout, Duration::from_secs(30));
        assert_eq!((host.queues.batch_size, host.queues.max_dequeue_count), (16, 5));
        assert_eq!(host.route_prefix, "api");
    }

    #[test]
    fn settings_of_host_json_are_read() {
        let root = root(0o755);
        let mut json = minimal();
        json["functionTimeout"] = json!("00:10:00");
        json["extensions"] =
            json!({"queues": {"visibilityTimeout": "00:00:30", "batchSize": 4, "newBatchThreshold": 2}});
        let host = HostJson::parse(root.path(), &json).unwrap();
        assert_eq!(host.function_timeout, Some(Duration::from_secs(600)));
        assert_eq!(host.queues.visibility_timeout, Duration::from_secs(30));
        assert_eq!((host.queues.batch_size, host.queues.new_batch_threshold), (4, Some(2)));
    }

    #[test]
    fn a_lost_exec_bit_is_an_error() {
        let root = root(0o644);
        let error = HostJson::parse(root.path(), &minimal()).unwrap_err();
        assert!(error.to_string().contains("not executable"), "{error}");
    }

    #[test]
    fn another_version_or_no_executable_is_an_error() {
        let root = root(0o755);
        assert!(HostJson::parse(root.path(), &json!({"version": "1.0"})).is_err());
        assert!(HostJson::parse(root.path(), &json!({"version": "2.0"})).is_err());
    }
}
