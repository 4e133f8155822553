//! The handler's stdout and stderr, line by line (`WorkerProcess.ParseErrorMessageAndLog`).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Child;
use tokio::task::JoinHandle;

/// Where a line was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// The host logs these lines as Information.
    Stdout,
    /// The host logs these lines as Error, or as Warning if they contain "warn".
    Stderr,
}

/// One line of the handler's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Where it was written.
    pub stream: Stream,
    /// The line, without its end.
    pub text: String,
}

/// All lines of all processes. Within a stream in the order of writing; between the streams as they were
/// read.
#[derive(Debug, Default, Clone)]
pub(super) struct Logs(Arc<Mutex<Vec<LogLine>>>);

impl Logs {
    pub fn all(&self) -> Vec<LogLine> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Empties them.
    pub fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The last three lines of stderr, which is what the host reports of a crash.
    pub fn last_errors(&self) -> String {
        let lines = self.all();
        let errors: Vec<&str> = lines
            .iter()
            .filter(|line| line.stream == Stream::Stderr)
            .map(|line| line.text.as_str())
            .collect();
        errors[errors.len().saturating_sub(3)..].join(" | ")
    }

    /// Reads both streams of a process in the background.
    pub fn follow(&self, child: &mut Child) -> Readers {
        let stdout =
            child.stdout.take().map(|output| tokio::spawn(self.clone().read(output, Stream::Stdout)));
        let stderr =
            child.stderr.take().map(|output| tokio::spawn(self.clone().read(output, Stream::Stderr)));
        Readers([stdout, stderr])
    }

    async fn read(self, output: impl AsyncRead + Unpin, stream: Stream) {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        while matches!(output.read_until(b'\n', &mut line).await, Ok(length) if length > 0) {
            let text = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned();
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(LogLine { stream, text });
            line.clear();
        }
    }
}

/// The two readers of one process.
pub(super) struct Readers([Option<JoinHandle<()>>; 2]);

impl Readers {
    /// Waits until everything that a dead process wrote has been read. Bounded, since a grandchild may hold
    /// the pipes.
    pub async fn finish(self) {
        for reader in self.0.into_iter().flatten() {
            let _ = tokio::time::timeout(Duration::from_secs(1), reader).await;
        }
    }
}
