//! What a check came to, as it is told: plain values.

use serde::Serialize;

/// A check; `docs/doctor.md` has a row for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Check {
    /// The settings, all of them.
    Settings,
    /// Which credential answers for a service, and what its token says.
    Token,
    /// Microsoft Graph answers, and takes the token.
    Graph,
    /// The permission that a resource needs.
    Permission,
    /// The Cosmos DB account answers, and the database is there.
    Cosmos,
    /// A container is there as the copy needs it.
    Container,
    /// The identity may read and write documents.
    Role,
    /// The storage that the Functions host keeps its queue in.
    Queue,
    /// The public address of `notifications` answers a handshake.
    Notifications,
    /// The clocks agree.
    Clock,
    /// How near the limits of a service are.
    Throttling,
}

impl Check {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 11] = [
        Self::Settings,
        Self::Token,
        Self::Graph,
        Self::Permission,
        Self::Cosmos,
        Self::Container,
        Self::Role,
        Self::Queue,
        Self::Notifications,
        Self::Clock,
        Self::Throttling,
    ];

    /// Its name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Token => "token",
            Self::Graph => "graph",
            Self::Permission => "permission",
            Self::Cosmos => "cosmos",
            Self::Container => "container",
            Self::Role => "role",
            Self::Queue => "queue",
            Self::Notifications => "notifications",
            Self::Clock => "clock",
            Self::Throttling => "throttling",
        }
    }
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// As it should be.
    Ok,
    /// Something is to be mended.
    Finding,
    /// Not looked at; `what` says why.
    Skipped,
}

/// A service that is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Service {
    /// Microsoft Graph.
    Graph,
    /// Azure Cosmos DB.
    Cosmos,
    /// Microsoft Entra ID.
    Entra,
}

impl Service {
    /// What it is called in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::Graph => "Microsoft Graph",
            Self::Cosmos => "Azure Cosmos DB",
            Self::Entra => "Microsoft Entra ID",
        }
    }
}

/// What a check is about, where there are several of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Subject {
    /// A service.
    Service(Service),
    /// A mirrored resource.
    Resource(&'static str),
    /// A container.
    Container(&'static str),
}

/// Who a token says that we are. Ids of a tenant, an app and a principal, and names of permissions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// Name of the credential, as in `GRAPH_CREDENTIAL`.
    pub credential: &'static str,
    /// The tenant.
    pub tenant_id: Option<String>,
    /// The app.
    pub client_id: Option<String>,
    /// The service principal, or the person who signed in.
    pub principal_id: Option<String>,
    /// Application permissions.
    pub roles: Vec<String>,
    /// Delegated permissions.
    pub scopes: Vec<String>,
}

/// What a check came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// The check.
    pub check: Check,
    /// What it is about.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// How it ended.
    pub state: State,
    /// What was found, or why it was skipped.
    pub what: String,
    /// What to do about a finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The command that does it, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// What the token says, where the check is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
}

impl Verdict {
    /// All is as it should be.
    pub(super) fn ok(check: Check, what: impl Into<String>) -> Self {
        Self::new(check, State::Ok, what.into())
    }

    /// Something is to be mended, so.
    pub(super) fn finding(check: Check, what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { next: Some(next.into()), ..Self::new(check, State::Finding, what.into()) }
    }

    /// It was not looked at, for this reason.
    pub(super) fn skipped(check: Check, why: impl Into<String>) -> Self {
        Self::new(check, State::Skipped, why.into())
    }

    /// About this one.
    pub(super) fn about(self, subject: Subject) -> Self {
        Self { subject: Some(subject), ..self }
    }

    /// With the command that mends it.
    pub(super) fn by(self, command: impl Into<String>) -> Self {
        Self { command: Some(command.into()), ..self }
    }

    fn new(check: Check, state: State, what: String) -> Self {
        Self { check, subject: None, state, what, next: None, command: None, identity: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_one_flat_object() {
        let verdict = Verdict::finding(Check::Container, "it is missing", "create it")
            .about(Subject::Container("users"))
            .by("az");
        let json = serde_json::to_string(&verdict).unwrap();
        assert_eq!(
            json,
            r#"{"check":"container","container":"users","state":"finding","what":"it is missing","next":"create it","command":"az"}"#
        );
        let json =
            serde_json::to_value(Verdict::ok(Check::Token, "").about(Subject::Service(Service::Graph)));
        assert_eq!(json.unwrap()["service"], "graph");
        for check in Check::ALL {
            assert_eq!(serde_json::to_value(check).unwrap(), check.name());
        }
    }
}
