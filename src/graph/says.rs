//! What Graph says in words, as far as it may be told on; pure.
//!
//! A message may carry anything: a name, an address, a token. So a message is shown only where its code and its words are
//! in the table, in our words, with nothing of it but the name of a property.

use crate::json::{Members, shown_name};

/// Codes, a part of the message in lower case, and what is told.
type Row = (&'static [&'static str], &'static str, &'static str);

/// The first row that fits counts; codes are compared without case.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    (&["badrequest", "request_badrequest", "invalidrequest"], "could not find a property named", "it knows no property"),
    (&["badrequest", "request_badrequest", "request_unsupportedquery", "invalidrequest"], "is not supported by the query option", "it cannot select or filter by the property"),
    (&["validationerror", "invalidrequest", "badrequest"], "subscription validation request timed out", "the notification URL did not answer its validation request in time; it has to answer within 10 s, from the internet"),
    (&["validationerror", "invalidrequest", "badrequest"], "subscription validation request failed", "the notification URL did not answer its validation request as it has to; see that it can be reached from the internet, without a sign-in, and that NOTIFICATION_URL is right"),
    (&["validationerror", "invalidrequest", "badrequest"], "expirationdatetime", "the life of the subscription is longer than the resource allows"),
    (&["forbidden", "extensionerror", "quotalimitreached", "accessdenied", "toomanyrequests"], "quota", "a quota of subscriptions is reached; delete some that nobody needs: `graph-mirror subscriptions list`"),
    (&["forbidden", "extensionerror", "quotalimitreached", "accessdenied"], "limit of", "a quota of subscriptions is reached; delete some that nobody needs: `graph-mirror subscriptions list`"),
    (&["forbidden", "extensionerror", "quotalimitreached", "accessdenied"], "maximum number of", "a quota of subscriptions is reached; delete some that nobody needs: `graph-mirror subscriptions list`"),
    (&["authentication_requestfromnonpremiumtenantorb2ctenant", "nonpremiumtenant"], "", "the tenant has no licence for this: Microsoft Entra ID P1 or P2"),
];

/// What an error body says, if it may be told.
pub(super) fn says(body: &[u8]) -> Option<String> {
    let body = Members::first_in(body)?;
    let error = body.object("error").unwrap_or(body);
    let (code, message) =
        (error.text("code")?.to_ascii_lowercase(), error.text("message").unwrap_or_default());
    let folded = message.to_lowercase();
    let (_, phrase, told) =
        ROWS.iter().find(|(codes, phrase, _)| codes.contains(&code.as_str()) && folded.contains(phrase))?;
    match named(&message, &folded, phrase).map(shown_name).filter(|_| told.ends_with("property")) {
        Some(name) => Some(format!("{told} `{name}`")),
        None => Some((*told).to_owned()),
    }
}

/// The name in quotes next to a phrase, behind it or in front of it.
fn named<'a>(message: &'a str, folded: &str, phrase: &str) -> Option<&'a str> {
    let start = folded.find(phrase)?;
    match phrase.starts_with("is ") {
        true => message.get(..start)?.rsplit('\'').nth(1),
        false => message.get(start + phrase.len()..)?.split('\'').nth(1),
    }
}

/// The property that is named in what [`says`] tells.
pub(super) fn property(told: &str) -> Option<&str> {
    told.split_once("property `")?.1.split('`').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(code: &str, message: &str) -> Option<String> {
        says(serde_json::json!({"error": {"code": code, "message": message}}).to_string().as_bytes())
    }

    #[test]
    fn only_known_messages_are_told_and_in_our_words() {
        for (code, message, word) in [
            (
                "Request_BadRequest",
                "Could not find a property named 'nickName' on type 'microsoft.graph.user'.",
                "property `nickName`",
            ),
            ("BadRequest", "Could not find a property named 'hush@hush' on type 'x'.", "(not a name)"),
            (
                "Request_UnsupportedQuery",
                "Property 'aboutMe' is not supported by the query option '$select' hush",
                "it cannot select or filter by the property `aboutMe`",
            ),
            ("ValidationError", "Subscription validation request failed. hush", "NOTIFICATION_URL"),
            ("InvalidRequest", "Subscription validation request timed out. hush", "within 10 s"),
            (
                "InvalidRequest",
                "ExpirationDateTime may only be 41760 minutes hush",
                "longer than the resource allows",
            ),
            ("Forbidden", "Operation: Create; hush: the subscription quota is exceeded", "quota"),
            ("ExtensionError", "hush has reached its limit of '1000' MSGraph subscriptions", "quota"),
            ("Forbidden", "The maximum number of subscriptions for hush", "quota"),
            ("Authentication_RequestFromNonPremiumTenantOrB2CTenant", "hush", "licence"),
        ] {
            let said = said(code, message).unwrap_or_else(|| panic!("{message}"));
            assert!(said.contains(word) && !said.contains("hush"), "{said}");
        }
        let of = |message| said("BadRequest", message).as_deref().and_then(property).map(str::to_owned);
        assert_eq!(of("Could not find a property named 'a1' on type 'b'").as_deref(), Some("a1"));
        assert_eq!(of("is not supported by the query option"), None);
        assert_eq!(said("Forbidden", "hush"), None);
        assert_eq!(said("hush", "Subscription validation request failed."), None);
        assert_eq!(says(b"<html>"), None);
    }
}
