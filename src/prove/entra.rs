//! What the token for Graph shows: E-1, E-3, E-4 and A-3. The tenant of the copy, E-5, is asked in `cosmos`.

use super::ground::Ground;
use super::ledger::{Ledger, counted};
use crate::credentials::unreadable;
use crate::doctor::{Identity, State};

/// The credentials that Entra takes client credentials of.
const REGISTERED: [&str; 3] = ["client-secret", "client-certificate", "workload-identity"];
const MANAGED: &str = "managed-identity";

/// Judges what the doctor was given.
pub(super) fn judge(ground: &Ground, ledger: &Ledger) {
    let Some(token) = ground.token() else { return };
    let Some(identity) = &token.identity else {
        let why = "there is no token; `graph-mirror doctor` has the remedy";
        let asked = [&[MANAGED], &REGISTERED[..]].concat();
        if let Some(credential) = unreadable(&token.what, ground.credential, &asked)
            && let Some(id) = issuer(credential)
        {
            let what = "the answer has no token, or no end of it, that can be read";
            ledger.refuted(id, format!("{credential}: {what}"));
        }
        return ledger.none_testable(&["E-1", "E-3", "E-4", "A-3"], why);
    };
    let credential = identity.credential;
    for (id, other) in [("E-1", "a managed identity"), ("E-3", "an app registration")] {
        match issuer(credential) == Some(id) {
            true => ledger.confirmed(id, format!("{credential}: a token with its end")),
            false => ledger.not_testable(id, format!("the credential is {credential}, not {other}")),
        }
    }
    claims(identity, ground.reads_any(), ledger);
    let is_granted = !identity.roles.is_empty() && token.state == State::Ok;
    match (credential, is_granted) {
        (MANAGED, true) => {
            let roles = counted(identity.roles.len(), "application permission");
            ledger.confirmed("A-3", format!("the token of the managed identity has {roles}"));
        }
        (MANAGED, false) => {
            ledger.not_testable("A-3", "the token has no permission; `graph-mirror doctor` has the command")
        }
        _ => ledger.not_testable("A-3", format!("the credential is {credential}, not a managed identity")),
    }
}

/// The assumption about what gives a credential its tokens, if there is one.
fn issuer(credential: &str) -> Option<&'static str> {
    match credential {
        MANAGED => Some("E-1"),
        name => REGISTERED.contains(&name).then_some("E-3"),
    }
}

/// E-4; `reads`: Graph lets us read, so the token has a permission, whatever it says.
fn claims(identity: &Identity, reads: bool, ledger: &Ledger) {
    let has_permissions = !identity.roles.is_empty() || !identity.scopes.is_empty();
    let needed = [
        ("`tid`", identity.tenant_id.is_some()),
        ("`appid`", identity.client_id.is_some()),
        ("`roles` or `scp`", has_permissions || !reads),
    ];
    let missing: Vec<_> = needed.iter().filter(|(_, there)| !there).map(|(name, _)| *name).collect();
    match missing[..] {
        [] if !has_permissions => {
            ledger.not_testable("E-4", "no permission is granted; `graph-mirror doctor` has the command");
        }
        [] => {
            ledger.confirmed("E-4", "the token for Microsoft Graph has `tid`, `appid`, and `roles` or `scp`")
        }
        _ => ledger.refuted("E-4", format!("the token for Microsoft Graph has no {}", missing.join(", no "))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::ledger::Outcome;
    use super::*;

    #[test]
    fn a_token_without_a_permission_refutes_only_where_graph_lets_it_read() {
        let said = |roles: &[&str], reads| {
            let identity = Identity {
                credential: MANAGED,
                tenant_id: Some("t".into()),
                client_id: Some("c".into()),
                principal_id: None,
                roles: roles.iter().map(ToString::to_string).collect(),
                scopes: Vec::new(),
            };
            let ledger = Ledger::default();
            claims(&identity, reads, &ledger);
            ledger.proofs().into_iter().find(|proof| proof.id == "E-4").unwrap().result
        };
        assert_eq!(said(&["User.Read.All"], true), Outcome::Confirmed);
        assert_eq!(said(&[], true), Outcome::Refuted);
        assert_eq!(said(&[], false), Outcome::NotTestable);
    }
}
