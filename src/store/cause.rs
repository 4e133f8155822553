//! What a refusal of Cosmos DB is about, and what to do: a table from status, sub-status and sentence; pure.
//!
//! Promises: a cause is named only where the answer says it; what is not in the table is told by its numbers alone, and
//! nothing of a sentence is repeated. Sources:
//! <https://learn.microsoft.com/azure/cosmos-db/nosql/troubleshoot-forbidden>,
//! <https://learn.microsoft.com/azure/cosmos-db/nosql/troubleshoot-unauthorized>,
//! <https://learn.microsoft.com/rest/api/cosmos-db/http-status-codes-for-cosmosdb>.

use std::ops::RangeInclusive;

/// What callers branch on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The token or the key is not accepted.
    Unauthorized,
    /// The identity lacks the data-plane role.
    Role,
    /// The network rules refuse where the request came from.
    Network,
    /// It passes by itself.
    Passing,
    /// Cosmos will never take the document.
    Document,
    /// Somebody has to change something.
    Denied,
}

/// A cause, and the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cause {
    pub kind: Kind,
    /// What it is about; empty where only the numbers say something.
    pub what: &'static str,
    /// What to do.
    pub next: &'static str,
}

/// One row: a status, sub-statuses (any where there are none), and a part of the sentence in lower case.
struct Row {
    status: u16,
    subs: Option<RangeInclusive<u32>>,
    says: &'static str,
    cause: Cause,
}

const fn row(
    status: u16,
    subs: Option<RangeInclusive<u32>>,
    says: &'static str,
    kind: Kind,
    what: &'static str,
    next: &'static str,
) -> Row {
    Row { status, subs, says, cause: Cause { kind, what, next } }
}

const NEW_KEY: &str = "set COSMOS_KEY to a key of the account that is not read-only";
const NO_KEY: &str = "unset COSMOS_KEY, so that the identity is used";
const CLOCK: &str = "set the clock of this machine by a time server";
const WAIT: &str = "the next turn tries again";
const LET_IN: &str = "`graph-mirror doctor` has the command that lets it in";

/// The first row that fits counts.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    row(401, None, "local authorization is disabled", Kind::Unauthorized, "the account takes no keys", NO_KEY),
    row(401, None, "not valid at the current time", Kind::Unauthorized, "the clocks of this machine and of the account differ", CLOCK),
    row(401, None, "wrong key", Kind::Unauthorized, "the key is none of the account's, or may only read", NEW_KEY),
    row(401, None, "mac signature", Kind::Unauthorized, "the key is none of the account's, or may only read", NEW_KEY),
    row(401, Some(5006..=5006), "", Kind::Unauthorized, "the token has expired", WAIT),
    row(401, None, "expired", Kind::Unauthorized, "the token has expired", WAIT),
    row(401, None, "accepts tokens intended for", Kind::Unauthorized, "the token is for another service or cloud", "check AZURE_CLOUD and COSMOS_ENDPOINT"),
    row(401, None, "audience", Kind::Unauthorized, "the token is for another service or cloud", "check AZURE_CLOUD and COSMOS_ENDPOINT"),
    row(401, None, "issuer", Kind::Unauthorized, "the token is of another tenant than the account", "check AZURE_TENANT_ID"),
    row(401, None, "", Kind::Unauthorized, "", ""),
    row(403, None, "local authorization is disabled", Kind::Unauthorized, "the account takes no keys", NO_KEY),
    row(403, None, "token has expired", Kind::Unauthorized, "the token has expired", WAIT),
    row(403, Some(1014..=1014), "", Kind::Document, "the logical partition is full", ""),
    row(403, Some(1028..=1028), "", Kind::Denied, "the account, or its container, has reached its storage limit", "raise the limit or the throughput, or delete documents"),
    row(403, Some(3..=3), "", Kind::Passing, "the region takes no writes: the account is failing over", WAIT),
    row(403, Some(1008..=1008), "", Kind::Passing, "the account is moving, or is gone", "see that it is there; the next turn tries again"),
    row(403, Some(5300..=5304), "", Kind::Role, "", ""),
    row(403, None, "rbac permissions", Kind::Role, "", ""),
    row(403, Some(5307..=5313), "", Kind::Network, "a network security perimeter refuses this address", LET_IN),
    row(403, None, "firewall", Kind::Network, "the firewall of the account refuses this address", LET_IN),
    row(403, None, "public internet", Kind::Network, "the firewall of the account refuses this address", LET_IN),
    row(403, None, "virtual network", Kind::Network, "the account does not take this virtual network", LET_IN),
    row(403, None, "", Kind::Denied, "", "look the numbers up in the documentation of Azure Cosmos DB"),
    row(409, None, "", Kind::Document, "a unique key of the container has this value already", "the containers of a copy must have no unique keys"),
    row(503, Some(20311..=20311), "", Kind::Passing, "the region takes no writes: the account is failing over", WAIT),
    row(503, Some(20312..=20312), "", Kind::Passing, "the account is moving, or is gone", "see that it is there; the next turn tries again"),
];

/// The cause of an answer; none where its status is not in the table.
pub(super) fn of(status: u16, sub: Option<u32>, sentence: &str) -> Option<Cause> {
    let sentence = sentence.to_lowercase();
    let fits = |row: &&Row| {
        let is_sub = row.subs.as_ref().is_none_or(|subs| sub.is_some_and(|sub| subs.contains(&sub)));
        row.status == status && is_sub && sentence.contains(row.says)
    };
    ROWS.iter().find(fits).map(|row| row.cause)
}

/// The principal that a sentence names in brackets, if that is a GUID.
pub(super) fn principal(sentence: &str) -> Option<String> {
    let (_, after) = sentence.split_once("principal [")?;
    let (id, _) = after.split_once(']')?;
    (crate::json::shown_id(id) == id).then(|| id.to_owned())
}

impl Cause {
    /// What an answer said in numbers, with the cause where there is one.
    pub(super) fn sentence(&self, said: &str) -> String {
        [self.what, self.next]
            .iter()
            .filter(|words| !words.is_empty())
            .fold(said.to_owned(), |told, words| format!("{told}; {words}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRONG_KEY: &str = "The input authorization token can't serve the request. The wrong key is being used or the expected payload is not built as per the protocol.";
    const FIREWALL: &str = "Request originated from IP 203.0.113.9 through public internet. This is blocked by your Cosmos DB account firewall settings.";
    const NO_ROLE: &str = "Request blocked by Auth sandbox : Request is blocked because principal [bbbbbbbb-cccc-4ddd-8eee-ffffffffffff] does not have required RBAC permissions to perform action";

    /// Each row of the table is found by an answer of its kind.
    #[test]
    fn one_status_and_sub_status_has_one_meaning() {
        for (status, sub, sentence, kind, word) in [
            (
                401,
                Some(0),
                "Local Authorization is disabled. Use an AAD token to authorize all requests.",
                Kind::Unauthorized,
                "unset COSMOS_KEY",
            ),
            (
                401,
                None,
                "The authorization token is not valid at the current time. Please create another token and retry",
                Kind::Unauthorized,
                "clock",
            ),
            (401, None, WRONG_KEY, Kind::Unauthorized, "COSMOS_KEY"),
            (
                401,
                None,
                "The MAC signature found in the HTTP request is not the same as the computed signature.",
                Kind::Unauthorized,
                "COSMOS_KEY",
            ),
            (401, Some(5006), "", Kind::Unauthorized, "has expired"),
            (401, None, "Lifetime validation failed: the token expired", Kind::Unauthorized, "has expired"),
            (
                401,
                None,
                "Request blocked by Auth : Provided AAD token is intended for [https://cosmos.azure.com]. This database \
                 account accepts tokens intended for [https://hush.documents.azure.us/, https://cosmos.azure.us].",
                Kind::Unauthorized,
                "AZURE_CLOUD",
            ),
            (401, None, "AAD token audience validation failed", Kind::Unauthorized, "AZURE_CLOUD"),
            (401, None, "The issuer of the token is not trusted", Kind::Unauthorized, "AZURE_TENANT_ID"),
            (401, Some(9), "hush", Kind::Unauthorized, ""),
            (403, Some(5202), "Local Authorization is disabled.", Kind::Unauthorized, "unset COSMOS_KEY"),
            (403, None, "The authorization token has expired.", Kind::Unauthorized, "has expired"),
            (403, Some(1014), "", Kind::Document, "partition is full"),
            (403, Some(1028), "", Kind::Denied, "storage limit"),
            (403, Some(3), "", Kind::Passing, "failing over"),
            (403, Some(1008), "", Kind::Passing, "moving"),
            (403, Some(5302), "", Kind::Role, ""),
            (403, Some(0), NO_ROLE, Kind::Role, ""),
            (403, Some(5310), "", Kind::Network, "perimeter"),
            (403, None, FIREWALL, Kind::Network, "doctor"),
            (403, Some(0), "through public internet", Kind::Network, "doctor"),
            (403, None, "The virtual network is not allowed", Kind::Network, "virtual network"),
            (403, Some(9), "hush", Kind::Denied, "documentation"),
            (409, Some(0), "", Kind::Document, "unique key"),
            (503, Some(20311), "", Kind::Passing, "failing over"),
            (503, Some(20312), "", Kind::Passing, "moving"),
        ] {
            let cause = of(status, sub, sentence).unwrap();
            let told = cause.sentence("said");
            assert!(
                cause.kind == kind && told.contains(word) && !told.contains("hush"),
                "{status}/{sub:?} {sentence}: {told}"
            );
        }
        assert_eq!(of(500, None, FIREWALL), None);
    }

    #[test]
    fn a_principal_is_a_guid_in_brackets() {
        assert_eq!(principal(NO_ROLE).as_deref(), Some("bbbbbbbb-cccc-4ddd-8eee-ffffffffffff"));
        assert_eq!(principal("principal [ada@contoso.com] does not"), None);
        assert_eq!(principal(""), None);
    }
}
