//! What a person is told while signing in. The library prints nothing itself: its user says where this goes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Something for the person who signs in. `Display` is a sentence for a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prompt {
    /// Open this address anywhere, and enter the code.
    DeviceCode {
        /// The address of the page.
        address: String,
        /// The code to enter there.
        code: String,
        /// How long the code is good.
        life: Duration,
    },
    /// Sign in with the browser on this machine.
    Browser {
        /// The address that the browser was told to open.
        address: String,
        /// Whether a browser was started.
        is_opened: bool,
        /// How long the answer is waited for.
        life: Duration,
    },
    /// Why a person is asked.
    Note(String),
}

impl fmt::Display for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = |life: &Duration| life.as_secs().div_ceil(60);
        match self {
            Self::DeviceCode { address, code, life } => write!(
                f,
                "To sign in, open {address} in a browser and enter the code {code} (within {} min).",
                minutes(life)
            ),
            Self::Browser { address, is_opened: true, life } => write!(
                f,
                "To sign in, use the browser window that was opened (within {} min). If there is none, open this \
                 address on this machine:\n{address}",
                minutes(life)
            ),
            Self::Browser { address, is_opened: false, life } => write!(
                f,
                "To sign in, open this address in a browser on this machine (within {} min):\n{address}",
                minutes(life)
            ),
            Self::Note(sentence) => f.write_str(sentence),
        }
    }
}

type Sink = dyn Fn(&Prompt) + Send + Sync;

/// Where prompts go; by default nowhere, and then nobody is asked to sign in.
#[derive(Clone, Default)]
pub struct Show(Option<Arc<Sink>>);

impl Show {
    /// Prompts go to `show`, which must not block for long.
    pub fn new(show: impl Fn(&Prompt) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(show)))
    }

    pub(super) fn tell(&self, prompt: &Prompt) {
        if let Some(show) = &self.0 {
            show(prompt);
        }
    }

    /// Whether anybody sees the prompts.
    pub(super) fn is_seen(&self) -> bool {
        self.0.is_some()
    }
}

impl fmt::Debug for Show {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Show")
    }
}

/// Foreign text that can be shown on a terminal: no control characters, and of a bounded length.
pub(super) fn printable(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(2000).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_has_the_address_the_code_and_the_time() {
        let life = Duration::from_secs(899);
        let prompt =
            Prompt::DeviceCode { address: "https://login.example/device".into(), code: "ABC".into(), life };
        assert_eq!(
            prompt.to_string(),
            "To sign in, open https://login.example/device in a browser and enter the code ABC (within 15 min)."
        );
        let address = "https://login.example/authorize".to_owned();
        let opened = Prompt::Browser { address: address.clone(), is_opened: true, life };
        let closed = Prompt::Browser { address: address.clone(), is_opened: false, life };
        for prompt in [opened, closed] {
            assert!(prompt.to_string().ends_with(&format!("\n{address}")), "{prompt}");
        }
    }

    #[test]
    fn foreign_text_cannot_steer_a_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\r\nc"), "a[2Jbc");
    }
}
