//! Delegated credentials: the app acts for a person.
//!
//! Entra's grants are forms, and are written here over reqwest. Promises: a token, or one sentence that names the
//! setting and the next step; no secret, code or token in it. The flows, one file each: [`device_code`],
//! [`interactive_browser`], [`authorization_code`], [`on_behalf_of`], and [`for_caller`] for callers of `refresh`. What is common to the first three is in
//! [`sign_in`].

use std::path::PathBuf;

use super::Registration;

mod ask;
mod authorization_code;
mod browser;
mod device_code;
mod explain;
mod failure;
mod for_caller;
mod granted;
mod interactive_browser;
mod keep;
mod kept;
mod lock;
mod on_behalf_of;
mod pkce;
mod private;
mod prompt;
mod proof;
mod redirect;
mod sign_in;
mod wire;

pub use authorization_code::Code;
pub use explain::SIGN_IN_FIRST;
use explain::Way;
pub use for_caller::{Api, ForCaller, NotActing};
pub use kept::KeptError;
pub use on_behalf_of::OnBehalfOf;
pub use prompt::{Prompt, Show};
pub use proof::Proof;
pub(super) use sign_in::Person;

/// A person who signs in to an app registration.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The app registration.
    pub registration: Registration,
    /// What proves that the app is the app. Used with an authorization code only: the other flows are those of a
    /// public client.
    pub proof: Proof,
    /// How they sign in.
    pub flow: Flow,
    /// The folder in which the sign-in is kept for the next run; without one, in memory.
    pub keep_in: Option<PathBuf>,
    /// Where they are shown what they have to see.
    pub show: Show,
}

/// How a person signs in.
#[derive(Debug, Clone)]
pub enum Flow {
    /// They enter a code on any device.
    DeviceCode,
    /// They use the browser on this machine.
    InteractiveBrowser,
    /// They signed in elsewhere; the code of that, unless the sign-in was kept.
    AuthorizationCode(Option<Code>),
}

impl Flow {
    /// Its name in `GRAPH_CREDENTIAL`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::DeviceCode => "device-code",
            Self::InteractiveBrowser => "interactive-browser",
            Self::AuthorizationCode(_) => "authorization-code",
        }
    }

    fn way(&self) -> Way {
        match self {
            Self::DeviceCode => Way::DeviceCode,
            Self::InteractiveBrowser => Way::InteractiveBrowser,
            Self::AuthorizationCode(_) => Way::AuthorizationCode,
        }
    }

    fn code(&self) -> Option<&Code> {
        match self {
            Self::AuthorizationCode(code) => code.as_ref(),
            _ => None,
        }
    }
}

/// Removes all kept sign-ins from a folder; how many there were.
///
/// # Errors
/// [`KeptError`].
pub async fn forget_all(folder: PathBuf) -> Result<usize, KeptError> {
    let folder = kept::Folder::new(folder);
    if !folder.is_there() {
        return Ok(0);
    }
    let _lock = lock::lock(&folder).await?;
    folder.clear()
}

#[cfg(test)]
mod tests;
