//! Programs of a developer's machine in a folder for the PATH: `az`, `azd`, and `xdg-open` for a browser.
//!
//! Each is a few lines of Bash that ask the sandbox over a loopback port and need no other program. The real `az` is a script
//! too, and waits for a child that does the work; so do these. What the first two print:
//! <https://learn.microsoft.com/cli/azure/account#az-account-get-access-token>,
//! <https://learn.microsoft.com/azure/developer/azure-developer-cli/reference#azd-auth-token>. Left out: all their other
//! commands, which fail.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context as _, Result};
use serde_json::json;
use tempfile::TempDir;
use time::{OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::AbortHandle,
};

use super::{Entra, Failed, Identity, Kind};
use crate::{loopback::Cut, script::lock};

/// A program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tool {
    /// The Azure CLI.
    Az,
    /// The Azure Developer CLI.
    Azd,
    /// What opens an address in the browser.
    Browser,
}

/// In which state a program is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// A user is signed in.
    #[default]
    SignedIn,
    /// Nobody is.
    SignedOut,
    /// A user is signed in, and the program takes so long.
    Slow(Duration),
}

#[derive(Default)]
struct State {
    modes: BTreeMap<Tool, Mode>,
    calls: Vec<(Tool, Vec<String>)>,
    ended: Vec<Tool>,
    user: Option<String>,
}

struct Inner {
    folder: TempDir,
    state: Mutex<State>,
    entra: Entra,
    identity: Identity,
}

/// The folder with the programs. Clones are handles to the same one.
#[derive(Clone)]
pub struct Tools {
    inner: Arc<Inner>,
    #[expect(dead_code, reason = "held for its Drop")]
    task: Arc<Task>,
}

struct Task(AbortHandle);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What a program says, and with which exit code it ends.
struct Said(u8, String);

impl Tool {
    const ALL: [Self; 3] = [Self::Az, Self::Azd, Self::Browser];

    fn name(self) -> &'static str {
        match self {
            Self::Az => "az",
            Self::Azd => "azd",
            Self::Browser => "xdg-open",
        }
    }
}

impl Tools {
    /// Writes the programs. Both CLIs are signed in, and there is nobody before the browser.
    ///
    /// # Errors
    /// When they cannot be written.
    pub async fn start(identity: &Identity, entra: &Entra) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("a port for the programs")?;
        let port = listener.local_addr()?.port();
        let folder = tempfile::tempdir()?;
        for tool in Tool::ALL {
            let path = folder.path().join(tool.name());
            std::fs::write(&path, script(tool, port))?;
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755))?;
        }
        let (identity, entra, state) = (identity.clone(), entra.clone(), Mutex::default());
        let inner = Arc::new(Inner { folder, state, entra, identity });
        let serving = Arc::clone(&inner);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let inner = Arc::clone(&serving);
                tokio::spawn(async move {
                    // A program that was killed does not read what it is told.
                    let _killed = inner.serve(stream).await;
                });
            }
        });
        Ok(Self { inner, task: Arc::new(Task(task.abort_handle())) })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.inner.folder.path()
    }

    /// The setting with which a process finds these programs, and no others.
    pub fn env(&self) -> [(&'static str, OsString); 1] {
        [("PATH", self.folder().as_os_str().to_owned())]
    }

    /// From now on, the program is in this state.
    pub fn set(&self, tool: Tool, mode: Mode) {
        lock(&self.inner.state).modes.insert(tool, mode);
    }

    /// From now on, this user sits before the browser and signs in at every page; or nobody, with none.
    pub fn sit_down(&self, username: Option<&str>) {
        lock(&self.inner.state).user = username.map(String::from);
    }

    /// How often the program was ended together with its child, before it was done.
    pub fn ended(&self, tool: Tool) -> usize {
        lock(&self.inner.state).ended.iter().filter(|ended| **ended == tool).count()
    }

    /// What the program was called with so far.
    pub fn calls(&self, tool: Tool) -> Vec<Vec<String>> {
        let state = lock(&self.inner.state);
        state.calls.iter().filter(|(called, _)| *called == tool).map(|(_, words)| words.clone()).collect()
    }
}

/// The program. Bash itself can open a port, and a substitution is a child of it.
fn script(tool: Tool, port: u16) -> String {
    format!(
        "#!/bin/bash\n\
         exec 3<>/dev/tcp/127.0.0.1/{port} || exit 1\n\
         printf '%s\\n' {} \"$#\" \"$@\" >&3\n\
         code=$(IFS= read -r code <&3; printf '%s' \"$code\")\n\
         [ \"$code\" = 0 ] || exec 1>&2\n\
         while IFS= read -r line; do printf '%s\\n' \"$line\"; done <&3\n\
         exit \"${{code:-1}}\"\n",
        tool.name()
    )
}

impl Inner {
    async fn serve(&self, stream: TcpStream) -> Result<()> {
        let mut stream = BufReader::new(stream);
        let mut lines = (&mut stream).lines();
        let name = lines.next_line().await?.unwrap_or_default();
        let tool = Tool::ALL.into_iter().find(|tool| tool.name() == name).context("a program of ours")?;
        let count: usize = lines.next_line().await?.unwrap_or_default().parse()?;
        let mut words = Vec::new();
        for _ in 0..count {
            words.push(lines.next_line().await?.context("a word of the call")?);
        }
        let said = {
            // The other side says no more. Its end is that of the program and of its child, which both hold the socket.
            let ended = lines.next_line();
            tokio::select! {
                biased;
                said = self.run(tool, &words) => Some(said),
                _ = ended => None,
            }
        };
        let Some(Said(code, text)) = said else {
            lock(&self.state).ended.push(tool);
            return Ok(());
        };
        let end = if text.is_empty() { "" } else { "\n" };
        stream.get_mut().write_all(format!("{code}\n{text}{end}").as_bytes()).await?;
        Ok(stream.get_mut().shutdown().await?)
    }

    async fn run(&self, tool: Tool, words: &[String]) -> Said {
        let (mode, user) = {
            let mut state = lock(&self.state);
            state.calls.push((tool, words.to_vec()));
            (state.modes.get(&tool).copied().unwrap_or_default(), state.user.clone())
        };
        if let Mode::Slow(by) = mode {
            tokio::time::sleep(by).await;
        }
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        match (tool, &*words) {
            (Tool::Browser, [address, ..]) => {
                self.open(address, user);
                Said(0, String::new())
            }
            (Tool::Az, ["account", "get-access-token", rest @ ..]) => self.az(mode, rest).await,
            (Tool::Azd, ["auth", "token", rest @ ..]) => self.azd(mode, rest).await,
            (tool, words) => Said(2, format!("'{} {}' is not a command here.", tool.name(), words.join(" "))),
        }
    }

    /// The browser opens beside the program that asked for it.
    fn open(&self, address: &str, user: Option<String>) {
        let Some(user) = user else { return };
        let (entra, address) = (self.entra.clone(), address.to_owned());
        tokio::spawn(async move {
            // The app may be gone: a browser shows an error then.
            let _shown = entra.browser().browse(&address, &user).await;
        });
    }

    async fn az(&self, mode: Mode, words: &[&str]) -> Said {
        if mode == Mode::SignedOut {
            return Said(1, "ERROR: Please run 'az login' to setup account.".into());
        }
        let Some(resource) = resource(words) else {
            return Said(2, "ERROR: the following arguments are required: --scope or --resource".into());
        };
        if let Some(tenant) = after(words, &["--tenant", "-t"])
            && !self.is_tenant(tenant)
        {
            let said = format!(
                "ERROR: AADSTS90002: Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID \
                 and are signing into the correct cloud."
            );
            return Said(1, said);
        }
        let Some((token, expires_on)) = self.token(Kind::AzureCli, resource).await else {
            return Said(1, "ERROR: The command failed with an unexpected error.".into());
        };
        let local = format_description!("[year]-[month]-[day] [hour]:[minute]:[second].[subsecond digits:6]");
        let body = json!({
            "accessToken": token, "expiresOn": expires_on.format(local).unwrap_or_default(),
            "expires_on": expires_on.unix_timestamp(), "subscription": "00000000-0000-4000-8000-000000000001",
            "tenant": self.identity.tenant_id(), "tokenType": "Bearer",
        });
        Said(0, body.to_string())
    }

    async fn azd(&self, mode: Mode, words: &[&str]) -> Said {
        let failed = |message: &str| {
            let now = OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default();
            let body = json!({"type": "consoleMessage", "timestamp": now, "data": {"message": message}});
            Said(1, body.to_string())
        };
        if mode == Mode::SignedOut {
            return failed("\nERROR: fetching token: not logged in, run `azd auth login` to login\n");
        }
        let Some(resource) = resource(words) else { return failed("\nERROR: no scope\n") };
        if after(words, &["--tenant-id"]).is_some_and(|tenant| !self.is_tenant(tenant)) {
            return failed("\nERROR: fetching token: AADSTS90002: the tenant was not found\n");
        }
        let Some((token, expires_on)) = self.token(Kind::AzureDeveloperCli, resource).await else {
            return failed("\nERROR: fetching token: the identity server failed\n");
        };
        let expires_on = expires_on.format(&Rfc3339).unwrap_or_default();
        Said(0, json!({"token": token, "expiresOn": expires_on}).to_string())
    }

    fn is_tenant(&self, tenant: &str) -> bool {
        tenant == self.identity.tenant_id()
    }

    async fn token(&self, kind: Kind, resource: &str) -> Option<(String, OffsetDateTime)> {
        let inner = &self.identity.inner;
        match inner.asked(kind, resource, None, &Cut::default()).await {
            Some(Failed::Status(_) | Failed::Refused(..)) => return None,
            None => {}
        }
        let (token, claims) = inner.issue_of_cli(kind, resource)?;
        Some((token, OffsetDateTime::from_unix_timestamp(claims.expires_on).ok()?))
    }
}

/// The word after one of these.
fn after<'a>(words: &[&'a str], names: &[&str]) -> Option<&'a str> {
    words.iter().skip_while(|word| !names.contains(word)).nth(1).copied()
}

fn resource<'a>(words: &[&'a str]) -> Option<&'a str> {
    let scope = after(words, &["--scope"]).map(|scope| scope.strip_suffix("/.default").unwrap_or(scope));
    scope.or_else(|| after(words, &["--resource"]))
}
