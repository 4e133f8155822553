//! Why Graph answers 403, in words with the next step; pure.
//!
//! Promises: a permission that the token has is never blamed. What the token has, its claims say.

use std::fmt;

use super::Reader;
use crate::catalogue::Permission;
use crate::graph::Refusal;

/// What a 403 is about where the token has the permission, by the codes of Graph, which are compared one by one.
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
/// Where the code says nothing.
const UNKNOWN: &str = "see whether Conditional Access or an app management policy blocks the app; the sign-in log of its \
                       service principal names the policy";

/// A 403, and what is known of our token.
#[derive(Debug)]
pub struct Forbidden {
    refusal: Refusal,
    permission: &'static Permission,
    /// The permission of the token that would do, if it has one.
    granted: Option<&'static str>,
    principal_id: Option<String>,
}

impl Forbidden {
    /// Graph's refusal of something that needs this permission, to this reader.
    pub(super) fn new(refusal: Refusal, permission: &'static Permission, reader: &Reader) -> Self {
        let granted: Vec<_> = reader.granted.iter().map(String::as_str).collect();
        let granted = permission.satisfied_by(&granted);
        Self { refusal, permission, granted, principal_id: reader.principal_id.clone() }
    }

    /// What Graph said.
    pub fn refusal(&self) -> &Refusal {
        &self.refusal
    }
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&words(&self.refusal, self.permission, self.granted, self.principal_id.as_deref()))
    }
}

/// What is told of a 403; `granted` is the permission of the token that would do, if it has one.
fn words(
    refusal: &Refusal,
    permission: &Permission,
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
        None => missing(refusal, permission, principal_id),
    }
}

fn missing(refusal: &Refusal, permission: &Permission, principal_id: Option<&str>) -> String {
    let principal = principal_id.unwrap_or(Permission::NO_PRINCIPAL);
    let grant = permission.grant(Permission::GLOBAL, principal_id);
    format!(
        "Microsoft Graph refuses access ({refusal}): the identity {principal} lacks the application permission {}. \
         Grant it with: {grant} (in a national cloud with its Graph host; a fresh grant can take \
         a while to show in the tokens of a managed identity)",
        permission.name
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    fn said(code: &str, granted: Option<&str>) -> String {
        let refusal = Refusal { status: 403, code: code.into(), request_id: "r".into(), says: None };
        words(&refusal, &catalogue::rows()[0].permission, granted, Some("p"))
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
            assert!(said(code, None).contains("lacks the application permission"), "{code}");
        }
    }
}
