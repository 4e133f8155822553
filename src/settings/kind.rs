//! The names of `GRAPH_CREDENTIAL` and `COSMOS_CREDENTIAL`, and what follows from a name alone: whose client id it
//! takes, and whether it needs a person.

use super::lookup::Reader;

/// A client id, and the setting that names it, or would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub id: Option<String>,
    pub setting: &'static str,
}

/// For what the settings are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// `serve`: nobody is there to sign in.
    Serve,
    /// A command: a person may be there.
    Command,
}

/// The service that a credential is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    Graph,
    Cosmos,
}

/// One kind of credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    ManagedIdentity,
    ClientSecret,
    ClientCertificate,
    WorkloadIdentity,
    AzureCli,
    AzureDeveloperCli,
    /// What only trying can decide.
    Auto,
    DeviceCode,
    InteractiveBrowser,
    AuthorizationCode,
    OnBehalfOf,
}

/// What a client id names: an id of the one means nothing to the other. An account of a tool takes none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    ManagedIdentity,
    Registration,
    Account,
}

/// The names of single credentials, in the order in which they are listed.
const NAMES: [(&str, Kind); 10] = [
    ("managed-identity", Kind::ManagedIdentity),
    ("client-secret", Kind::ClientSecret),
    ("client-certificate", Kind::ClientCertificate),
    ("workload-identity", Kind::WorkloadIdentity),
    ("azure-cli", Kind::AzureCli),
    ("azure-developer-cli", Kind::AzureDeveloperCli),
    ("device-code", Kind::DeviceCode),
    ("interactive-browser", Kind::InteractiveBrowser),
    ("authorization-code", Kind::AuthorizationCode),
    ("on-behalf-of", Kind::OnBehalfOf),
];

/// What proves that the app is an app registration: the variable that is set where it is there. The first one counts.
const ENVIRONMENT: [(&str, Kind); 3] = [
    ("AZURE_CLIENT_SECRET", Kind::ClientSecret),
    ("AZURE_CLIENT_CERTIFICATE_PATH", Kind::ClientCertificate),
    ("AZURE_FEDERATED_TOKEN_FILE", Kind::WorkloadIdentity),
];

impl Service {
    pub fn setting(self) -> &'static str {
        match self {
            Self::Graph => "GRAPH_CREDENTIAL",
            Self::Cosmos => "COSMOS_CREDENTIAL",
        }
    }
}

impl Kind {
    /// Whose the client id is that it takes.
    pub fn owner(self) -> Owner {
        match self {
            Self::ManagedIdentity | Self::Auto => Owner::ManagedIdentity,
            Self::ClientSecret
            | Self::ClientCertificate
            | Self::WorkloadIdentity
            | Self::DeviceCode
            | Self::InteractiveBrowser
            | Self::AuthorizationCode
            | Self::OnBehalfOf => Owner::Registration,
            Self::AzureCli | Self::AzureDeveloperCli => Owner::Account,
        }
    }

    /// Whether it acts for a person, who signed in or will: for Graph only, and not in `serve`.
    pub fn is_delegated(self) -> bool {
        match self {
            Self::ManagedIdentity
            | Self::ClientSecret
            | Self::ClientCertificate
            | Self::WorkloadIdentity
            | Self::AzureCli
            | Self::AzureDeveloperCli
            | Self::Auto => false,
            Self::DeviceCode | Self::InteractiveBrowser | Self::AuthorizationCode | Self::OnBehalfOf => true,
        }
    }

    /// What `auto` is: what the variables say, else for `serve` the managed identity, and for a command the chain of
    /// all that could be.
    pub fn auto(reader: &mut Reader<'_>, mode: Mode) -> Self {
        Self::environment(reader).unwrap_or(match mode {
            Mode::Serve => Self::ManagedIdentity,
            Mode::Command => Self::Auto,
        })
    }

    /// What the variables say.
    fn environment(reader: &mut Reader<'_>) -> Option<Self> {
        ENVIRONMENT.into_iter().find(|(variable, _)| reader.text(variable).is_some()).map(|(_, kind)| kind)
    }

    /// The kind that is stated for a service; none when none is, or a wrong one, which is then a problem.
    pub fn stated(reader: &mut Reader<'_>, service: Service, mode: Mode) -> Option<Self> {
        let setting = service.setting();
        let name = reader.text(setting)?;
        if name == "auto" {
            return Some(Self::auto(reader, mode));
        }
        if name == "environment" {
            let found = Self::environment(reader);
            if found.is_none() {
                let variables = ENVIRONMENT.map(|(variable, _)| variable).join(", ");
                reader.problem(setting, format!("`environment` needs one of {variables}, and none is set"));
            }
            return found;
        }
        let fits = |kind: Self| service == Service::Graph || !kind.is_delegated();
        let Some((_, kind)) = NAMES.into_iter().find(|(known, _)| *known == name) else {
            let known = NAMES.into_iter().filter(|(_, kind)| fits(*kind)).map(|(known, _)| known);
            let known = ["auto", "environment"].into_iter().chain(known).collect::<Vec<_>>().join(", ");
            reader.problem(setting, format!("is none of {known}"));
            return None;
        };
        if !fits(kind) {
            reader.problem(
                setting,
                format!("`{name}` acts for a person, and Cosmos DB is opened as an application"),
            );
            return None;
        }
        if kind.is_delegated() && mode == Mode::Serve {
            let what = format!(
                "`{name}` needs a person, and nobody signs in to `serve`; name an application credential, or use it \
                 with the other commands"
            );
            reader.problem(setting, what);
        }
        Some(kind)
    }
}
