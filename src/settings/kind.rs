//! The names of `GRAPH_CREDENTIAL` and `COSMOS_CREDENTIAL`, and what follows from a name alone: whose client id it
//! takes, and whether it needs a person.

use super::lookup::Reader;

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
}

/// What a client id names: an id of the one means nothing to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    ManagedIdentity,
    Registration,
}

/// The names, in the order in which they are listed. `auto` is resolved before.
const NAMES: [(&str, Kind); 2] =
    [("managed-identity", Kind::ManagedIdentity), ("client-secret", Kind::ClientSecret)];

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
            Self::ManagedIdentity => Owner::ManagedIdentity,
            Self::ClientSecret => Owner::Registration,
        }
    }

    /// Whether it acts for a person, who signed in or will: for Graph only, and not in `serve`.
    pub fn is_delegated(self) -> bool {
        match self {
            Self::ManagedIdentity | Self::ClientSecret => false,
        }
    }

    /// What `auto` is.
    pub fn auto(reader: &mut Reader<'_>) -> Self {
        if reader.text("AZURE_CLIENT_SECRET").is_some() { Self::ClientSecret } else { Self::ManagedIdentity }
    }

    /// The kind that is stated for a service; none when none is, or a wrong one, which is then a problem.
    pub fn stated(reader: &mut Reader<'_>, service: Service, mode: Mode) -> Option<Self> {
        let setting = service.setting();
        let name = reader.text(setting)?;
        if name == "auto" {
            return Some(Self::auto(reader));
        }
        let fits = |kind: Self| service == Service::Graph || !kind.is_delegated();
        let Some((_, kind)) = NAMES.into_iter().find(|(known, _)| *known == name) else {
            let known = NAMES.into_iter().filter(|(_, kind)| fits(*kind)).map(|(known, _)| known);
            let known = ["auto"].into_iter().chain(known).collect::<Vec<_>>().join(", ");
            reader.problem(setting, format!("`{name}` is none of {known}"));
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
