//! How a host is started.

use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use super::attempt::Framing;
use super::queue::Queues;

/// What to run, and how.
#[derive(Debug)]
pub struct Options {
    /// The staged folder.
    pub root: PathBuf,
    /// The app settings. The handler's environment is that of the host (`PATH`, and what a host in Azure has), these, and
    /// the five variables that the host adds.
    pub env: Vec<(String, String)>,
    /// How envelopes are sent.
    pub framing: Framing,
    /// Instead of `functionTimeout` in `host.json`.
    pub function_timeout: Option<Duration>,
    /// The crash with which the host gives up (the third within 30 minutes); `None` restarts for ever. A
    /// [`Process::kill`](super::Process::kill) is a crash.
    pub crash_limit: Option<u32>,
    /// The storage account; an empty one of its own unless it is shared with another host.
    pub queues: Queues,
    /// The keys of the HTTP front.
    pub keys: Keys,
    /// The listener of the HTTP front, for who needs its address before the handler starts; else a free port.
    pub front: Option<TcpListener>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            root: PathBuf::from("dist"),
            env: Vec::new(),
            framing: Framing::default(),
            function_timeout: None,
            crash_limit: Some(3),
            queues: Queues::default(),
            keys: Keys::default(),
            front: None,
        }
    }
}

/// The keys that open the HTTP front.
#[derive(Debug, Clone)]
pub struct Keys {
    /// Opens functions of the level `function`.
    pub function: String,
    /// Opens everything.
    pub master: String,
}

impl Default for Keys {
    fn default() -> Self {
        Self { function: "sandbox-function-key".to_owned(), master: "sandbox-master-key".to_owned() }
    }
}
