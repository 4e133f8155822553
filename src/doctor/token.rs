//! Judges which credential answered, and what its token says; pure. The token itself is not here.

use super::verdict::{Check, Identity, Service, Subject, Verdict};
use crate::app::{AppError, tenant};
use crate::credentials::{Claims, SIGN_IN_FIRST};

/// The command with which a person signs in.
pub const SIGN_IN: &str = "graph-mirror get /me";

/// What came of asking a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Its name, as in `GRAPH_CREDENTIAL`; of `auto`, the one that answered, if one did.
    pub credential: &'static str,
    /// The credentials that `auto` asked before, and why they did not answer.
    pub passed: Vec<(&'static str, String)>,
    /// What the token says, or why there is none.
    pub claims: Result<Claims, String>,
}

/// Judges the token for a service; `stated` is `AZURE_TENANT_ID`.
pub fn judge(service: Service, asked: &Asked, stated: Option<&str>) -> Verdict {
    let Asked { credential, passed, claims } = asked;
    let verdict = match claims {
        Err(why) => {
            let (what, next) = halves(why);
            let what = format!("{} has no access token by {credential}: {what}", service.name());
            let verdict = Verdict::finding(Check::Token, what, next);
            // The doctor itself asks nobody to sign in: it would wait for a person.
            if next == SIGN_IN_FIRST { verdict.by(SIGN_IN) } else { verdict }
        }
        Ok(claims) => {
            let identity = identity(credential, claims);
            let verdict = match tenant(stated, claims.tid.as_deref()) {
                Ok(_) => Verdict::ok(Check::Token, said(&identity, passed)),
                Err(error @ AppError::AnotherTenant { .. }) => Verdict::finding(
                    Check::Token,
                    error.to_string(),
                    "set AZURE_TENANT_ID to the tenant of the identity, or use an identity of the stated tenant",
                ),
                Err(error) => Verdict::finding(
                    Check::Token,
                    format!("the token for {} names no tenant", service.name()),
                    error.to_string(),
                ),
            };
            Verdict { identity: Some(identity), ..verdict }
        }
    };
    verdict.about(Subject::Service(service))
}

/// The token for Cosmos where no token is asked for, or where it is the same credential that already failed.
pub fn skipped(service: Service, why: &str) -> Verdict {
    Verdict::skipped(Check::Token, why).about(Subject::Service(service))
}

/// An error of a credential ends with its next step.
fn halves(why: &str) -> (&str, &str) {
    why.rsplit_once("; ").unwrap_or((why, "check the settings of the credential"))
}

fn identity(credential: &'static str, claims: &Claims) -> Identity {
    Identity {
        credential,
        tenant_id: claims.tid.clone(),
        client_id: claims.client_id().map(str::to_owned),
        principal_id: claims.oid.clone(),
        roles: claims.roles.clone(),
        scopes: claims.scopes().into_iter().map(str::to_owned).collect(),
    }
}

fn said(identity: &Identity, passed: &[(&'static str, String)]) -> String {
    let or_unknown = |id: &Option<String>| id.clone().unwrap_or_else(|| "unknown".into());
    let permissions = match (identity.roles.as_slice(), identity.scopes.as_slice()) {
        ([], []) => String::new(),
        (roles, []) => format!(", with {}", roles.join(", ")),
        (_, scopes) => format!(", for a person, with {}", scopes.join(", ")),
    };
    let passed: Vec<_> = passed.iter().map(|(name, why)| format!("; not {name}: {why}")).collect();
    format!(
        "{} answers, as app {} (principal {}) of tenant {}{permissions}{}",
        identity.credential,
        or_unknown(&identity.client_id),
        or_unknown(&identity.principal_id),
        or_unknown(&identity.tenant_id),
        passed.concat(),
    )
}

#[cfg(test)]
mod tests {
    use super::super::verdict::State;
    use super::*;

    const TENANT: &str = "11111111-2222-4333-8444-555555555555";

    fn asked(claims: Result<Claims, String>) -> Asked {
        Asked { credential: "client-secret", passed: Vec::new(), claims }
    }

    #[test]
    fn why_there_is_no_token_is_told_with_the_next_step() {
        let why =
            "the identity server answered status 401, AADSTS7000215; set AZURE_CLIENT_SECRET".to_owned();
        let verdict = judge(Service::Graph, &asked(Err(why)), None);
        assert_eq!(verdict.state, State::Finding);
        assert!(
            verdict
                .what
                .ends_with("by client-secret: the identity server answered status 401, AADSTS7000215")
        );
        assert_eq!(verdict.next.as_deref(), Some("set AZURE_CLIENT_SECRET"));
    }

    #[test]
    fn a_person_who_is_not_signed_in_is_sent_to_a_command_that_asks() {
        let why = format!("nobody is signed in; {SIGN_IN_FIRST}");
        let verdict = judge(Service::Graph, &asked(Err(why)), None);
        assert_eq!(verdict.command.as_deref(), Some(SIGN_IN));
        assert!(verdict.what.ends_with("nobody is signed in"), "{}", verdict.what);
    }

    #[test]
    fn a_token_of_another_tenant_is_a_finding() {
        let claims = Claims { tid: Some(TENANT.into()), ..Claims::default() };
        let judged = |stated| judge(Service::Graph, &asked(Ok(claims.clone())), stated).state;
        assert_eq!(judged(Some(TENANT)), State::Ok);
        assert_eq!(judged(Some("contoso.onmicrosoft.com")), State::Ok);
        assert_eq!(judged(None), State::Ok);
        assert_eq!(judged(Some("22222222-2222-4333-8444-555555555555")), State::Finding);
        assert_eq!(judge(Service::Graph, &asked(Ok(Claims::default())), None).state, State::Finding);
    }
}
