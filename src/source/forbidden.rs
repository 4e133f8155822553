//! Explains why Graph answers 403, and names the next step. Pure.
//!
//! Promises: the message never blames a permission that the token has, according to its claims.

use std::fmt;

use super::Reader;
use crate::catalogue::Permission;
use crate::graph::Refusal;

/// Causes of a 403 despite the right permission, by Graph's error code; codes are compared exactly.
#[rustfmt::skip]
const CAUSES: &[(&str, &str)] = &[
    ("Authentication_RequestFromNonPremiumTenantOrB2CTenant", "the tenant lacks the licence that this needs"),
    ("NonPremiumTenant", "the tenant lacks the licence that this needs"),
    ("ErrorInvalidLicense", "the tenant or the mailbox lacks the licence that this needs"),
    ("Authentication_RequestFromUnsupportedUserRole", "the person's role in the directory may not do this"),
    ("Authorization_IdentityDisabled", "the service principal of the app is disabled in this tenant: enable it"),
    ("Authorization_IdentityNotFound", "the app has no service principal in this tenant: consent to it there"),
    ("ErrorAccessDenied", "an application access policy, or RBAC for Applications, keeps the app from this mailbox"),
    ("ErrorInsufficientPermissionsInAccessToken", "an application access policy, or RBAC for Applications, keeps the app from this mailbox"),
    ("MailboxNotEnabledForRESTAPI", "the mailbox is not one of Exchange Online, or has no licence"),
    ("ExtensionError", "the service behind Microsoft Graph refuses it, for a policy or a quota of its own"),
    ("Authorization_RequestDenied", "the directory keeps it from this app: look for hidden membership (`Member.Read.Hidden`), restricted administrative units and app management policies"),
];
/// The advice for an error code that is not listed.
const UNKNOWN: &str = "see whether Conditional Access or an app management policy blocks the app; the sign-in log of its \
                       service principal names the policy";

/// A 403 of Graph, and what is known of our token.
#[derive(Debug)]
pub struct Forbidden {
    refusal: Refusal,
    resource: String,
    permission: Permission,
    /// The sufficient permission that the token has, if any.
    granted: Option<String>,
    principal_id: Option<String>,
    /// A person is signed in, who reads what is theirs.
    is_of_person: bool,
}

impl Forbidden {
    /// Describes Graph's refusal of a request of this reader: what was asked for, and the permission that it needs.
    pub(super) fn new(refusal: Refusal, needed: (&str, &Permission), reader: &Reader) -> Self {
        let (resource, permission) = (needed.0.to_owned(), needed.1.clone());
        let granted: Vec<_> = reader.granted.iter().map(String::as_str).collect();
        let granted = permission.satisfied_by(&granted).map(str::to_owned);
        let is_of_person = reader.person.is_some();
        Self {
            refusal,
            resource,
            permission,
            granted,
            principal_id: reader.principal_id.clone(),
            is_of_person,
        }
    }

    /// Whether a person is signed in.
    pub fn is_of_person(&self) -> bool {
        self.is_of_person
    }

    /// The refusal as Graph sent it.
    pub fn refusal(&self) -> &Refusal {
        &self.refusal
    }
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_of_person && self.granted.is_none() {
            return f.write_str(&not_consented(&self.refusal, (&self.resource, &self.permission)));
        }
        f.write_str(&words(
            &self.refusal,
            (&self.resource, &self.permission),
            self.granted.as_deref(),
            self.principal_id.as_deref(),
        ))
    }
}

/// The message for a 403; `granted` is the sufficient permission that the token has, if any.
fn words(
    refusal: &Refusal,
    needed: (&str, &Permission),
    granted: Option<&str>,
    principal_id: Option<&str>,
) -> String {
    let cause = refusal.code.split('/').find_map(|code| CAUSES.iter().find(|(known, _)| *known == code));
    let cause = cause.map(|(_, cause)| *cause);
    match granted {
        Some(name) => format!(
            "Microsoft Graph refuses access ({refusal}), although the token has {name}: {}",
            cause.unwrap_or(UNKNOWN)
        ),
        None => missing(refusal, needed, principal_id),
    }
}

/// The token is a person's, and lacks the delegated permission.
fn not_consented(refusal: &Refusal, (resource, permission): (&str, &Permission)) -> String {
    format!(
        "Microsoft Graph refuses access ({refusal}): the token of the person who is signed in lacks the delegated permission \
         {}, which reads {resource}{}. Add it to the app registration and have it consented to (az ad app permission \
         admin-consent --id <client id>); where GRAPH_SCOPES names permissions, name it there, and sign in again",
        permission.name,
        permission.others()
    )
}

fn missing(
    refusal: &Refusal,
    (resource, permission): (&str, &Permission),
    principal_id: Option<&str>,
) -> String {
    let principal = principal_id.unwrap_or(Permission::NO_PRINCIPAL);
    let grant = permission.grant(Permission::GLOBAL, principal_id);
    format!(
        "Microsoft Graph refuses access ({refusal}): the identity {principal} lacks the application permission {}, \
         the least one that reads {resource}{}. Grant it with: {grant} (in a national cloud with its Graph host; a fresh grant can take \
         a while to show in the tokens of a managed identity)",
        permission.name,
        permission.others()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    fn said(code: &str, granted: Option<&str>) -> String {
        let refusal = Refusal { status: 403, code: code.into(), request_id: "r".into(), says: None };
        let users = catalogue::resources().iter().find(|resource| resource.name == "users").unwrap();
        words(&refusal, ("users", &users.permission), granted, Some("p"))
    }

    #[test]
    fn a_permission_that_the_token_has_is_not_blamed() {
        for (code, cause) in CAUSES {
            let said = said(&format!("Forbidden/{code}"), Some("User.Read.All"));
            assert!(said.contains(cause) && said.contains("although the token has User.Read.All"), "{said}");
            assert!(!said.contains("lacks the application permission"), "{said}");
        }
        assert!(said("…", Some("User.Read.All")).contains("Conditional Access"));
        for code in ["Authorization_RequestDenied", "…", ""] {
            let least = "lacks the application permission User.Read.All, the least one that reads users \
                         (Directory.Read.All, Directory.ReadWrite.All or User.ReadWrite.All would do too)";
            assert!(said(code, None).contains(least), "{code}: {}", said(code, None));
        }
    }
}
