//! What the token for Graph shows: E-1, E-3, E-4 and A-3. The tenant of the copy, E-5, is asked in `cosmos`.

use super::ground::Ground;
use super::ledger::{Ledger, counted};
use crate::credentials::is_unreadable;
use crate::doctor::{Identity, State};

/// The credentials that Entra takes client credentials of.
const REGISTERED: [&str; 3] = ["client-secret", "client-certificate", "workload-identity"];
const MANAGED: &str = "managed-identity";

/// Judges what the doctor was given.
pub(super) fn judge(ground: &Ground, ledger: &Ledger) {
    let Some(token) = ground.token() else { return };
    let credential = token.identity.as_ref().map_or(ground.credential, |identity| identity.credential);
    let issuer = match credential {
        MANAGED => Some("E-1"),
        name if REGISTERED.contains(&name) => Some("E-3"),
        _ => None,
    };
    for (id, other) in [("E-1", "a managed identity"), ("E-3", "an app registration")] {
        if issuer != Some(id) {
            ledger.not_testable(id, format!("the credential is {credential}, not {other}"));
        }
    }
    let Some(identity) = &token.identity else {
        let why = "there is no token; `graph-mirror doctor` has the remedy";
        match issuer {
            Some(id) if is_unreadable(&token.what) => {
                ledger.refuted(
                    id,
                    format!("{credential}: the answer has no token, or no end of it, that can be read"),
                );
            }
            Some(id) => ledger.not_testable(id, why),
            None => {}
        }
        return ledger.none_testable(&["E-4", "A-3"], why);
    };
    if let Some(id) = issuer {
        ledger.confirmed(id, format!("{credential}: a token with its end"));
    }
    claims(identity, ledger);
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

fn claims(identity: &Identity, ledger: &Ledger) {
    let has_permissions = !identity.roles.is_empty() || !identity.scopes.is_empty();
    let needed = [
        ("`tid`", identity.tenant_id.is_some()),
        ("`appid`", identity.client_id.is_some()),
        ("`roles` or `scp`", has_permissions),
    ];
    let missing: Vec<_> = needed.iter().filter(|(_, there)| !there).map(|(name, _)| *name).collect();
    match missing[..] {
        [] => {
            ledger.confirmed("E-4", "the token for Microsoft Graph has `tid`, `appid`, and `roles` or `scp`")
        }
        _ => ledger.refuted("E-4", format!("the token for Microsoft Graph has no {}", missing.join(", no "))),
    }
}
