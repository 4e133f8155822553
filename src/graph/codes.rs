//! The codes in an error body of Graph: <https://learn.microsoft.com/graph/errors>. Pure.
//!
//! Promises: a code is found wherever services put it, whatever stands beside it, and only known words and numbers
//! come out, in our own spelling: a body may carry anything. Leaves out on purpose: what a code means.

use serde_json::value::RawValue;

use crate::json::{self, Members};

/// Instead of a code that is not in [`KNOWN`].
const UNKNOWN: &str = "…";
/// Codes of one answer at most, and how deep they may lie.
const MOST: usize = 8;
const DEEPEST: usize = 8;
/// What an error, or a part of one, may lie in.
const NESTED: [&str; 5] = ["error", "odata.error", "innerError", "details", "errors"];

/// Codes that Graph, and the services behind it, are known to answer.
#[rustfmt::skip]
const KNOWN: &[&str] = &[
    "AccessDenied", "AccountNotFound", "ActivityLimitReached", "ApplicationThrottled",
    "Authentication_ExpiredToken", "Authentication_MissingOrMalformed",
    "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "Authentication_RequestFromUnsupportedUserRole",
    "Authentication_Unauthorized", "AuthenticationError", "Authorization_IdentityDisabled",
    "Authorization_IdentityNotFound", "Authorization_RequestDenied", "BadArgument", "BadGateway", "BadRequest",
    "cannotSnapshotTree", "CompactToken", "Conflict", "Directory_BindingRedirection",
    "Directory_BindingRedirectionInternalServerError", "Directory_CompanyNotFound",
    "Directory_ConcurrencyViolation", "Directory_ExpiredPageToken", "Directory_ObjectNotFound",
    "Directory_ObjectQuotaExceeded", "Directory_QuotaExceeded", "Directory_ReplicaUnavailable",
    "Directory_ResultSizeLimitExceeded", "DirectoryPageTokenNotFoundException", "ErrorAccessDenied",
    "ErrorCorruptData", "ErrorExceededConnectionCount", "ErrorExceededFindCountLimit", "ErrorFolderNotFound",
    "ErrorGroupsAccessDenied", "ErrorInsufficientPermissionsInAccessToken", "ErrorInternalServerError",
    "ErrorInternalServerTransientError", "ErrorInvalidGroup", "ErrorInvalidIdMalformed", "ErrorInvalidLicense",
    "ErrorInvalidMailboxItemId", "ErrorInvalidParameter", "ErrorInvalidRequest", "ErrorInvalidSyncStateData",
    "ErrorInvalidUrlQuery", "ErrorInvalidUrlQueryFilter", "ErrorInvalidUser", "ErrorItemNotFound",
    "ErrorMailboxMoveInProgress", "ErrorMailboxStoreUnavailable", "ErrorNonExistentMailbox",
    "ErrorQuotaExceeded", "ErrorResourceNotFound", "ErrorServerBusy", "ErrorTimeoutExpired",
    "ErrorTooManyObjectsOpened", "ExtensionError", "Forbidden", "GatewayTimeout", "GeneralException", "Gone",
    "Headers_DataContractVersionMissing", "InternalServerError", "InvalidAuthenticationToken",
    "InvalidAuthenticationTokenAudience", "InvalidAuthenticationTokenExpired", "InvalidFilter", "InvalidRange",
    "InvalidRequest", "InvalidVersion", "ItemNotFound", "LengthRequired", "LockedResource",
    "MailboxConcurrency", "MailboxInfoStale", "MailboxNotEnabledForRESTAPI", "MailboxNotSupportedForRESTAPI",
    "MalwareDetected", "MethodNotAllowed", "MissingClaimType", "NameAlreadyExists", "NonPremiumTenant",
    "NotAcceptable", "NotAllowed", "NotFound", "NotImplemented", "NotSupported", "ObjectNotFound",
    "OrganizationFromTenantGuidNotFound", "ParseUri", "PreconditionFailed", "QuotaLimitReached",
    "Request_BadRequest", "Request_DataContractVersionMissing", "Request_InvalidDataContractVersion",
    "Request_InvalidRequestUrl", "Request_MultipleObjectsWithSameKeyValue", "Request_ResourceNotFound",
    "Request_ThrottledPermanently", "Request_ThrottledTemporarily", "Request_UnsupportedQuery",
    "RequestBroker--ParseUri", "RequestTimeout", "ResourceModified", "ResourceNotFound",
    "ResyncApplyDifferences", "ResyncChangesApplyDifferences", "ResyncChangesUploadDifferences",
    "ResyncRequired", "ResyncUploadDifferences", "Service_InternalServerError", "Service_ServiceUnavailable",
    "ServiceNotAvailable", "ServiceUnavailable", "SubscriptionNotFound", "SyncStateInvalid",
    "SyncStateNotFound", "TenantNotFound", "Timeout", "TooManyRequests", "Unauthenticated", "Unauthorized",
    "UnknownError", "UnsupportedMediaType", "ValidationError",
];

/// All error codes of a body, outermost first, joined by `/`; empty when there are none.
pub fn codes(body: &[u8]) -> String {
    let mut found = Vec::new();
    if let Some(body) = Members::first_in(body) {
        collect(&body, &mut found, 0);
    }
    found.join("/")
}

/// The codes that stand in a node, then those of the nodes in it.
fn collect(node: &Members<'_>, found: &mut Vec<String>, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    ["code", "errorCode"].iter().flat_map(|name| node.called(name)).for_each(|value| add(value, found));
    for value in NESTED.iter().flat_map(|name| node.called(name)) {
        match (Members::of(value.get()), json::list(value)) {
            (Some(inner), _) => collect(&inner, found, depth + 1),
            (None, Some(all)) => {
                let inner = all.into_iter().filter_map(|one| Members::of(one.get()));
                inner.take(MOST).for_each(|inner| collect(&inner, found, depth + 1));
            }
            // The form of OAuth: `"error": "invalid_token"`.
            (None, None) => add(value, found),
        }
    }
    // What a service behind Graph answered may be a text in the message.
    if let Some(message) = node.text("message").filter(|message| message.contains('{'))
        && let Some(inner) = Members::first_in(message.as_bytes())
    {
        // Who asks for the outermost code must not take this one for it.
        if found.is_empty() {
            found.push(UNKNOWN.to_owned());
        }
        collect(&inner, found, depth + 1);
    }
}

fn add(value: &RawValue, found: &mut Vec<String>) {
    let code = match (json::text(value), json::number(value)) {
        (_, Some(number)) if (0..1_000_000).contains(&number) => number.to_string(),
        (Some(text), _) if !text.trim().is_empty() => word(text.trim()).unwrap_or(UNKNOWN).to_owned(),
        _ => return,
    };
    if found.len() < MOST && found.last() != Some(&code) {
        found.push(code);
    }
}

fn word(text: &str) -> Option<&'static str> {
    KNOWN.iter().find(|known| known.eq_ignore_ascii_case(text)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_wherever_services_put_them() {
        for (body, said) in [
            (
                r#"{"error":{"code":"Forbidden","message":"hush","innerError":{"code":"ErrorAccessDenied","innererror":{"date":"x"}}}}"#,
                "Forbidden/ErrorAccessDenied",
            ),
            (
                r#"{"error":{"code":"Gone","innerError":{"code":"resyncRequired"},"innererror":{"date":7}}}"#,
                "Gone/ResyncRequired",
            ),
            (r#"{"error":{"code":"Gone","code":"Gone","message":{"lang":"en"}}}"#, "Gone"),
            (r#"{"error":{"code":429,"message":null}}"#, "429"),
            (r#"{"error":{"code":"429"}}"#, "429"),
            (r#"{"error":{"Code":"syncStateNotFound"}}"#, "SyncStateNotFound"),
            (r#"{"error":{"code":["odd"],"details":[7,{"code":"NotFound","target":"hush"}]}}"#, "NotFound"),
            (
                r#"{"odata.error":{"code":"Request_ResourceNotFound","message":{"value":"hush"}}}"#,
                "Request_ResourceNotFound",
            ),
            (r#"{"code":"BadRequest"}"#, "BadRequest"),
            (
                r#"{"error":{"code":"UnknownError","message":"{\"error\":{\"code\":\"ErrorItemNotFound\"}}"}}"#,
                "UnknownError/ErrorItemNotFound",
            ),
            ("\u{feff}{\"error\":{\"code\":\"Gone\"}}", "Gone"),
            ("some words, and then {\"error\":{\"code\":\"Gone\"}} and more", "Gone"),
            (r#"{"error":{"message":"\ud800","code":"Gone","n":1e400}}"#, "Gone"),
            (r#"{"error":"invalid_token hush"}"#, "…"),
            (r#"{"error":{"code":"ada@contoso.com"}}"#, "…"),
            (r#"{"error":{"code":""}}"#, ""),
            (r#"{"error":null}"#, ""),
            ("<html>hush</html>", ""),
            ("", ""),
        ] {
            assert_eq!(codes(body.as_bytes()), said, "{body}");
        }
    }

    #[test]
    fn an_answer_without_end_is_read_to_an_end() {
        let deep = format!("{}{}", r#"{"error":"#.repeat(3000), "}".repeat(3000));
        assert_eq!(codes(deep.as_bytes()), "");
        let many =
            format!(r#"{{"error":{{"details":[{}]}}}}"#, [r#"{"code":"Gone"},{"code":"x"}"#; 50].join(","));
        assert!(codes(many.as_bytes()).split('/').count() <= MOST);
    }

    #[test]
    fn no_code_is_there_twice() {
        let folded: Vec<_> = KNOWN.iter().map(|code| code.to_ascii_lowercase()).collect();
        assert!(folded.iter().all(|code| folded.iter().filter(|other| *other == code).count() == 1));
    }
}
