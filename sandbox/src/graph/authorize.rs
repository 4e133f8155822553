//! Authorization: a good bearer token of our [`Identity`](crate::identity::Identity), with a role or a scope that is
//! enough.

use super::{answer::Answer, challenge, inner::Inner, kind::Kind, request::Record};
use crate::{
    identity::{Claims, Refusal},
    script::lock,
};

/// 401 without a good token or the claims that are demanded, 403 without a role or, in a delegated token, a scope of
/// those that may.
pub(super) fn authorize(
    inner: &Inner,
    record: &Record,
    readers: &[&str],
    bearer: Option<&str>,
) -> Result<Claims, Answer> {
    let denied = |message: &str| {
        Err(Answer::error(401, "InvalidAuthenticationToken", message)
            .with("www-authenticate", challenge::CHALLENGE))
    };
    let Some(bearer) = bearer else { return denied("Access token is empty.") };
    let verdict = inner.audiences.iter().map(|audience| inner.identity.check(bearer, audience));
    let verdict =
        verdict.reduce(|one, other| if one.is_ok() || other == Err(Refusal::Audience) { one } else { other });
    if let (Some(Ok(claims)), Some(demanded)) = (&verdict, &*lock(&inner.demanded))
        && !challenge::is_met(demanded, &claims.asked)
    {
        return Err(challenge::answer(demanded));
    }
    match verdict {
        Some(Ok(claims)) if is_foreign(inner, record, &claims) => {
            let message = "Access is denied. Check credentials and try again.";
            Err(Answer::error(403, "ErrorAccessDenied", message))
        }
        Some(Ok(claims))
            if claims
                .roles
                .iter()
                .chain(&claims.scopes)
                .any(|granted| readers.contains(&granted.as_str())) =>
        {
            Ok(claims)
        }
        Some(Ok(claims)) if is_own(record, &claims) && reads_own(readers, &claims) => Ok(claims),
        // Graph says so before it looks at permissions.
        Some(Ok(claims)) if record.kind == Kind::Me && claims.user.is_none() => Ok(claims),
        Some(Ok(_)) => Err(Answer::error(
            403,
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
        )),
        Some(Err(Refusal::Expired)) => denied("Lifetime validation failed, the token is expired."),
        Some(Err(Refusal::Unknown)) => denied("IDX14100: JWT is not well formed."),
        Some(Err(Refusal::Audience)) | None => denied("Access token validation failure. Invalid audience."),
    }
}

/// The user below whom a request reads.
fn below(record: &Record) -> Option<&str> {
    record.named.first().filter(|(collection, _)| *collection == "users").map(|(_, id)| id.as_str())
}

/// Whether it is the signed-in user who is asked for.
fn is_own(record: &Record, claims: &Claims) -> bool {
    claims.user.is_some() && (record.kind == Kind::Me || below(record) == claims.user.as_deref())
}

/// Whether it is the mailbox of somebody else, who has shared nothing.
fn is_foreign(inner: &Inner, record: &Record, claims: &Claims) -> bool {
    let is_other = |id: &str| inner.identity.users().iter().any(|user| user.object_id == id);
    let other = below(record).filter(|id| claims.user.as_deref().is_some_and(|user| user != *id));
    record.service() == Some("outlook") && other.is_some_and(is_other)
}

/// What is a user's own needs a delegated permission that is not `.All`:
/// <https://learn.microsoft.com/graph/permissions-overview#delegated-permissions>.
fn reads_own(readers: &[&str], claims: &Claims) -> bool {
    let own = |reader: &&str| {
        reader.strip_suffix(".All").is_some_and(|own| claims.scopes.iter().any(|it| it == own))
    };
    readers.iter().any(own)
}
