//! How an invocation is sent, and what came of it: values.

use serde_json::Value;
use uuid::Uuid;

/// How the body of an envelope is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Framing {
    /// `Transfer-Encoding: chunked`, as in Azure.
    #[default]
    Chunked,
    /// `Content-Length`, as under `func start`.
    ContentLength,
}

/// One attempt to run a function.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The invocation id. All attempts of one firing share it.
    pub id: Uuid,
    /// The function.
    pub function: String,
    /// The status that the handler answered; `None` if it did not.
    pub status: Option<u16>,
    /// What the host made of the answer.
    pub verdict: Verdict,
}

impl Attempt {
    /// Whether the host takes it as a success.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        matches!(self.verdict, Verdict::Succeeded { .. })
    }
}

/// What the host makes of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// A 2xx with a JSON object, and all outputs written.
    Succeeded {
        /// `Outputs` as it came; null when there was none.
        outputs: Value,
        /// `Logs`.
        logs: Vec<String>,
    },
    /// Anything that the host takes as a failure. The body, the logs and the outputs are discarded.
    Failed {
        /// For people.
        reason: String,
    },
    /// A 2xx with an empty or null body: the real host would wait until the function timeout and then kill
    /// the handler.
    WouldHang {
        /// For people.
        reason: String,
    },
}
