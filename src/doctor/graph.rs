//! Judges how Microsoft Graph answers, and whether the permissions of the mirrored resources are granted; pure.

use super::token;
use super::verdict::{Check, Service, Subject, Verdict};
use crate::catalogue::{Permission, Resource};
use crate::credentials::Claims;
use crate::graph::{GraphError, Probe};

/// What came of asking Graph for one object of a resource.
#[derive(Debug)]
pub struct Asked {
    /// The resource.
    pub resource: &'static Resource,
    /// Graph's answer; none where a resource cannot be read without a parent.
    pub answer: Option<Result<Probe, GraphError>>,
}

/// Judges whether Graph answers and takes the token.
pub fn judge(asked: &[Asked]) -> Verdict {
    const CHECK: Check = Check::Graph;
    let verdict = asked.iter().filter_map(|one| Some((one.resource, one.answer.as_ref()?))).map(|(resource, answer)| match answer {
        Err(GraphError::NoToken(_)) => Verdict::skipped(CHECK, "there is no access token for Microsoft Graph"),
        Err(error) => Verdict::finding(
            CHECK,
            error.to_string(),
            "check GRAPH_ENDPOINT and AZURE_CLOUD, and the way there: name resolution, firewall, proxy",
        ),
        Ok(Probe { status: 401, refusal, .. }) => Verdict::finding(
            CHECK,
            format!("Microsoft Graph refuses the access token ({})", refusal_text(refusal)),
            "have GRAPH_ENDPOINT, GRAPH_SCOPES and AZURE_CLOUD name the same cloud, or leave all three unset",
        ),
        Ok(Probe { status: 200..=299 | 403 | 429, .. }) => Verdict::ok(CHECK, "Microsoft Graph answers"),
        Ok(Probe { refusal, .. }) => Verdict::finding(
            CHECK,
            format!("Microsoft Graph does not answer as it should for {} ({})", resource.name, refusal_text(refusal)),
            "try again; if this stays, see https://admin.microsoft.com/servicestatus, and have the request-id ready",
        ),
    });
    // One way to Graph: the first finding says it for all.
    verdict
        .max_by_key(|verdict| verdict.next.is_some())
        .unwrap_or_else(|| Verdict::skipped(CHECK, "no mirrored resource can be read without a parent"))
}

/// Judges the permission of a resource by the token; `graph` is where the app roles of this cloud are granted, and `acts` says
/// whether an app registration acts for callers.
pub fn permission(asked: &Asked, token: &token::Asked, graph: &str, acts: bool) -> Verdict {
    let needed = &asked.resource.permission;
    let subject = Subject::Resource(&asked.resource.name);
    if asked.resource.on_behalf_of && token.credential == "managed-identity" && !acts {
        let what = format!(
            "refresh reads {} as its caller, and a managed identity alone cannot exchange the caller's token",
            asked.resource.name
        );
        let next = "set API_CLIENT_ID to an app registration that trusts the identity, or GRAPH_CREDENTIAL to \
                    client-certificate, client-secret or workload-identity";
        return Verdict::finding(Check::Permission, what, next).about(subject);
    }
    if asked.resource.is_delegated() {
        let why = "it is read as the person who signs in or calls, with their permissions";
        return Verdict::skipped(Check::Permission, why).about(subject);
    }
    let Ok(claims) = &token.claims else {
        return Verdict::skipped(Check::Permission, "there is no access token for Microsoft Graph")
            .about(subject);
    };
    let scopes = claims.scopes();
    let granted: Vec<_> = claims.roles.iter().map(String::as_str).chain(scopes.iter().copied()).collect();
    let refused =
        asked.answer.as_ref().and_then(|answer| answer.as_ref().ok()).filter(|probe| probe.status == 403);
    let verdict = match (needed.satisfied_by(&granted), refused) {
        (Some(name), Some(probe)) => Verdict::finding(
            Check::Permission,
            format!(
                "{} refuses to show {} ({}), although the token has {name}",
                Service::Graph.name(),
                asked.resource.name,
                refusal_text(&probe.refusal)
            ),
            "see whether Conditional Access or an app management policy blocks the app; the sign-in log of its \
             service principal names the policy",
        ),
        (Some(name), None) if name == needed.name => {
            Verdict::ok(Check::Permission, format!("{name} is granted"))
        }
        (Some(name), None) => Verdict::ok(
            Check::Permission,
            format!("{name} is granted, which is wider than needed; {} would do", needed.name),
        ),
        (None, None) if granted.is_empty() => without_roles(asked, needed),
        (None, _) if !scopes.is_empty() => not_consented(needed, token.credential, claims),
        (None, _) => not_granted(needed, claims, graph),
    };
    verdict.about(subject)
}

/// The token names no permission, and Graph did not refuse: what it answered decides.
fn without_roles(asked: &Asked, needed: &Permission) -> Verdict {
    match &asked.answer {
        Some(Ok(Probe { status: 200..=299, .. })) => Verdict::ok(
            Check::Permission,
            format!("the token names no permission, but Microsoft Graph shows {}", asked.resource.name),
        ),
        _ => {
            let why = format!(
                "the token names no permission, and Microsoft Graph gave no answer about {}",
                needed.name
            );
            Verdict::skipped(Check::Permission, why)
        }
    }
}

/// The token is for a person, and lacks a delegated permission.
fn not_consented(needed: &Permission, credential: &str, claims: &Claims) -> Verdict {
    let name = &needed.name;
    let finding = |next: String| {
        let what = format!("the delegated permission {name} is not in the token of {credential}");
        Verdict::finding(Check::Permission, what, next)
    };
    match credential {
        "azure-cli" | "azure-developer-cli" => finding(format!(
            "the delegated permissions of this tool are its own: name another credential in GRAPH_CREDENTIAL, and have \
             {name} granted to its app"
        )),
        "on-behalf-of" => finding(format!("have {name} added to the app, and consented to:")).by(format!(
            "az ad app permission admin-consent --id {}",
            claims.client_id().unwrap_or("<client id>")
        )),
        _ => finding(format!("add {name} to GRAPH_SCOPES, and sign in again:"))
            .by(format!("graph-mirror logout && {}", token::SIGN_IN)),
    }
}

/// The token is for an application, and lacks a role.
fn not_granted(needed: &Permission, claims: &Claims, graph: &str) -> Verdict {
    let name = &needed.name;
    Verdict::finding(
        Check::Permission,
        format!("the application permission {name} is not granted"),
        format!(
            "grant it{}; it can take a while to show in the tokens of a managed identity:",
            needed.others()
        ),
    )
    .by(needed.grant(graph, claims.oid.as_deref()))
}

fn refusal_text(refusal: &Option<crate::graph::Refusal>) -> String {
    refusal.as_ref().map_or_else(|| "no details".into(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::super::verdict::State;
    use super::*;
    use crate::catalogue;
    use crate::graph::{Load, Refusal};

    fn users() -> &'static Resource {
        catalogue::resources().iter().find(|resource| resource.name == "users").unwrap()
    }

    fn asked(status: u16) -> Asked {
        let refusal = Refusal { status, code: "Denied".into(), request_id: "r".into(), says: None };
        let refusal = (status >= 300).then_some(refusal);
        Asked { resource: users(), answer: Some(Ok(Probe { status, refusal, load: Load::default() })) }
    }

    fn claims(roles: &[&str]) -> Claims {
        let roles = roles.iter().map(ToString::to_string).collect();
        Claims { oid: Some("the-principal".into()), roles, ..Claims::default() }
    }

    fn token(credential: &'static str, claims: Claims) -> token::Asked {
        token::Asked { credential, passed: Vec::new(), claims: Ok(claims) }
    }

    fn judged(status: u16, roles: &[&str]) -> Verdict {
        permission(&asked(status), &token("client-secret", claims(roles)), Permission::GLOBAL, false)
    }

    #[test]
    fn a_person_lacks_a_delegated_permission_and_the_remedy_fits_the_credential() {
        let scp = Some("User.Read Mail.Read".to_owned());
        for (credential, next, command) in [
            ("device-code", "add User.Read.All to GRAPH_SCOPES", "logout && graph-mirror get /me"),
            ("on-behalf-of", "have User.Read.All added to the app", "admin-consent --id the-app"),
            ("azure-cli", "name another credential in GRAPH_CREDENTIAL", ""),
        ] {
            let claims = Claims { scp: scp.clone(), appid: Some("the-app".into()), ..Claims::default() };
            let verdict = permission(&asked(403), &token(credential, claims), Permission::GLOBAL, false);
            let what = format!("the delegated permission User.Read.All is not in the token of {credential}");
            assert_eq!((verdict.state, &verdict.what), (State::Finding, &what));
            assert!(verdict.next.as_deref().unwrap().contains(next), "{:?}", verdict.next);
            assert!(verdict.command.unwrap_or_default().ends_with(command), "{credential}");
        }
    }

    #[test]
    fn a_feed_that_is_read_as_a_person_needs_no_permission_of_the_app_but_a_registration() {
        let judged = |on_behalf_of, credential, acts| {
            let row = Resource { path: "/me/mine".into(), on_behalf_of, ..Resource::clone(users()) };
            let asked = Asked { resource: Box::leak(Box::new(row)), answer: None };
            permission(&asked, &token(credential, claims(&[])), Permission::GLOBAL, acts)
        };
        assert_eq!(judged(false, "managed-identity", false).state, State::Skipped);
        assert_eq!(judged(true, "managed-identity", true).state, State::Skipped);
        assert_eq!(judged(true, "client-secret", true).state, State::Skipped);
        let finding = judged(true, "managed-identity", false);
        assert_eq!(finding.state, State::Finding);
        assert!(finding.next.unwrap().contains("workload-identity"));
    }

    #[test]
    fn a_missing_permission_comes_with_the_command_that_grants_it() {
        for (status, roles) in [(403, &["Mail.Read"] as &[_]), (200, &["Mail.Read"]), (403, &[])] {
            let verdict = judged(status, roles);
            assert_eq!(verdict.state, State::Finding, "{status} {roles:?}");
            assert_eq!(verdict.what, "the application permission User.Read.All is not granted");
            let command = verdict.command.unwrap();
            let role = "'appRoleId':'df021288-bdef-4463-88db-98f22de89214'";
            assert!(command.contains(role) && command.contains("'principalId':'the-principal'"), "{command}");
        }
    }

    #[test]
    fn a_token_that_names_no_permission_is_judged_by_the_answer() {
        assert_eq!(judged(200, &[]).state, State::Ok);
        assert_eq!(judged(503, &[]).state, State::Skipped);
        let none = token::Asked { claims: Err("none".into()), ..token("client-secret", claims(&[])) };
        assert_eq!(permission(&asked(403), &none, Permission::GLOBAL, false).state, State::Skipped);
    }

    #[test]
    fn a_granted_permission_that_graph_refuses_is_another_fault() {
        let verdict = judged(403, &["Directory.Read.All"]);
        assert!(verdict.what.contains("although the token has Directory.Read.All"), "{}", verdict.what);
        let wider = judged(200, &["Directory.Read.All"]);
        assert!(wider.state == State::Ok && wider.what.contains("User.Read.All would do"), "{}", wider.what);
    }

    #[test]
    fn a_refused_token_and_no_answer_are_findings_of_their_own() {
        let unreachable =
            Asked { answer: Some(Err(GraphError::Unreachable("no connection".into()))), ..asked(200) };
        assert_eq!(judge(&[asked(200), asked(403), asked(429)]).state, State::Ok);
        assert_eq!(judge(&[asked(200), unreachable]).state, State::Finding);
        assert!(judge(&[asked(401)]).what.contains("refuses the access token"));
        let none = Asked { answer: Some(Err(GraphError::NoToken("none".into()))), ..asked(200) };
        assert_eq!(judge(&[none]).state, State::Skipped);
    }
}
