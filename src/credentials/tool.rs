//! What the command-line tools of a developer's machine have in common: they are given some time, ended when it is
//! over, and what they print on failure is read, not repeated, since it may hold anything.
//!
//! Promises: on Unix, a tool ends together with the programs that it started; the Azure CLI is a script that starts
//! Python. Leaves out on purpose: the same on Windows, where only the shell is ended, and Ctrl-C, which a tool in a process
//! group of its own does not get.

use std::ffi::OsStr;
use std::future::Future;
use std::io;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::AccessToken;
use azure_identity::Executor;
#[cfg(unix)]
use rustix::process::{Pid, Signal, kill_process_group};
#[cfg(unix)]
use tokio::process::Child;
use tokio::process::Command;

use super::answer;
use super::problem::Problem;

/// Longest wait for a tool, as for an identity server: it starts an interpreter and may refresh its own token.
const LONGEST: Duration = Duration::from_secs(8);

/// A tool that prints tokens.
pub(super) struct Tool {
    pub name: &'static str,
    pub command: &'static str,
    /// How a person signs in to it.
    pub sign_in: &'static str,
    /// What shows a person why it fails.
    pub probe: &'static str,
}

impl Tool {
    /// The token that `asked` gets of the tool, or why there is none.
    pub async fn token(
        &self,
        asked: impl Future<Output = azure_core::Result<AccessToken>>,
    ) -> azure_core::Result<AccessToken> {
        match tokio::time::timeout(LONGEST, asked).await {
            Ok(Ok(token)) => Ok(token),
            Ok(Err(error)) => Err(Problem(self.words(&error)).into()),
            Err(_) => Err(Problem(format!(
                "{} did not answer within {} s; run `{}` to see why",
                self.name,
                LONGEST.as_secs(),
                self.probe
            ))
            .into()),
        }
    }

    fn words(&self, error: &azure_core::Error) -> String {
        let Self { name, command, sign_in, probe } = self;
        let printed = error.to_string();
        let code = printed
            .split("AADSTS")
            .nth(1)
            .map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
        match code.filter(|code| !code.is_empty()) {
            _ if printed.contains("not found on PATH") => {
                format!("{name} (`{command}`) is not on the PATH; install it, or name another credential")
            }
            Some(code) => format!("{name} was refused a token (AADSTS{code}); sign in anew: `{sign_in}`"),
            None if printed.contains(sign_in) || printed.contains("not logged in") => {
                format!("nobody is signed in to {name}; run `{sign_in}`")
            }
            None if printed.contains("expires_on field not found") => {
                format!("{name} is too old to say when a token ends; bring it up to 2.54 or later")
            }
            None => format!("{name} failed; run `{probe}` to see why"),
        }
    }
}

/// Runs a tool, and ends it when nobody waits for it any more.
pub(super) fn executor() -> Arc<dyn Executor> {
    Arc::new(Ending)
}

#[derive(Debug)]
struct Ending;

#[async_trait::async_trait]
impl Executor for Ending {
    async fn run(&self, program: &OsStr, args: &[&OsStr]) -> io::Result<Output> {
        let mut command = Command::new(program);
        command.args(args).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(unix)]
        command.process_group(0);
        let child = command.spawn()?;
        #[cfg(unix)]
        let group = Group::of(&child);
        let mut output = child.wait_with_output().await?;
        #[cfg(unix)]
        group.has_ended();
        if let Some(known) = answer::of_tool(&output.stdout).filter(|_| output.status.success()) {
            output.stdout = known;
        }
        Ok(output)
    }
}

/// The process group of a tool: all of it is ended on drop, unless the tool has ended by itself.
#[cfg(unix)]
struct Group(Option<Pid>);

#[cfg(unix)]
impl Group {
    /// That of a child that leads one.
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)))
    }

    fn has_ended(mut self) {
        self.0 = None;
    }
}

#[cfg(unix)]
impl Drop for Group {
    fn drop(&mut self) {
        // It may have ended in this moment, and then there is nothing to end.
        let _ = self.0.map(|leader| kill_process_group(leader, Signal::KILL));
    }
}

#[cfg(test)]
mod tests {
    use azure_core::error::ErrorKind;

    use super::*;

    const AZ: Tool = Tool { name: "the Azure CLI", command: "az", sign_in: "az login", probe: "az …" };

    #[test]
    fn what_a_tool_prints_becomes_the_next_step_and_is_not_repeated() {
        for (printed, words) in [
            ("az not found on PATH", "is not on the PATH; install it"),
            (
                "ERROR: Please run 'az login' to setup account. hush",
                "nobody is signed in to the Azure CLI; run `az login`",
            ),
            ("AADSTS700082: The refresh token has expired hush", "(AADSTS700082); sign in anew: `az login`"),
            ("Traceback hush", "the Azure CLI failed; run `az …` to see why"),
        ] {
            let error = azure_core::Error::with_message(ErrorKind::Credential, printed);
            let words_of = AZ.words(&error);
            assert!(words_of.contains(words) && !words_of.contains("hush"), "{words_of}");
        }
    }
}
