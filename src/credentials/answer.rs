//! What gives tokens answers in several forms; they are read member by member and made into the one that
//! azure_identity knows.
//!
//! Promises: a token is found beside whatever else is there, its end in every form that platforms have been seen to
//! write (seconds, a number or text; a date; only how long it lives), and what is needed and missing is named. Nothing
//! of an answer is quoted. Leaves out on purpose: refusals (`refusal.rs`).

use std::sync::Arc;

use azure_core::error::{Error, ErrorKind};
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{AsyncRawResponse, Context, Request};
use serde_json::json;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use super::problem::Problem;
use crate::json::{self, Members};

/// Longest life that is believed, in seconds: ten years.
const LONGEST: i64 = 315_360_000;
/// How it is told that an answer has no token, or no end of it, that can be read.
const UNREADABLE: &str = "the identity server gave no token that can be used";
/// As .NET writes a date for the United States, which older versions of App Service answer:
/// <https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference>.
const DATE: &[BorrowedFormatItem<'_>] = format_description!(
    "[month padding:none]/[day padding:none]/[year] [hour repr:12 padding:none]:[minute]:[second] [period] \
     [offset_hour sign:mandatory]:[offset_minute]"
);

/// Makes a token that was given into the form that azure_identity knows. Called once per call, so after the retries.
#[derive(Debug)]
pub(super) struct ReadTokens;

#[async_trait::async_trait]
impl Policy for ReadTokens {
    async fn send(&self, context: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        let [following, rest @ ..] = next else {
            return Err(Error::with_message(ErrorKind::Other, "nothing sends the request"));
        };
        let response = following.send(context, request, rest).await?;
        if !response.status().is_success() {
            return Ok(response);
        }
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.into_body().collect().await?;
        let answer = token_answer(&body, OffsetDateTime::now_utc())?;
        // What is no object is for azure_identity to refuse.
        let answer = answer.map_or(body, Into::into);
        Ok(AsyncRawResponse::from_bytes(status, headers, answer))
    }
}

/// An answer with a token in the form that azure_identity knows; none where it is no object.
///
/// # Errors
/// What it lacks.
pub fn token_answer(body: &[u8], now: OffsetDateTime) -> azure_core::Result<Option<String>> {
    Ok(Members::first_in(body).map(|members| known(&members, now)).transpose()?)
}

/// The answer in the form that azure_identity knows, of Entra and of a managed identity alike.
fn known(members: &Members<'_>, now: OffsetDateTime) -> Result<String, Problem> {
    let lacks = |what: &str| Problem(format!("{UNREADABLE}: its answer has no {what}; try again"));
    let token = members.text("access_token").filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| lacks("`access_token`"))?;
    let ends = ends(|name| members.find(name, written), now);
    let ends = ends.ok_or_else(|| lacks("`expires_in` or `expires_on` that can be read"))?;
    let lives = (ends - now).whole_seconds();
    let known = json!({
        "access_token": token, "token_type": "Bearer", "resource": "",
        "expires_on": ends.unix_timestamp().to_string(), "expires_in": lives, "ext_expires_in": lives,
    });
    Ok(known.to_string())
}

/// Which credential had an answer without a token, or without an end of it, that can be read, if an error of this credential
/// says so; of `auto`, it is one of those that were asked.
pub fn unreadable<'a>(error: &str, credential: &'a str, asked: &[&'a str]) -> Option<&'a str> {
    match credential {
        "auto" => asked.iter().copied().find(|name| error.contains(&format!("{name}: {UNREADABLE}"))),
        name => error.contains(UNREADABLE).then_some(name),
    }
}

/// What a command-line tool printed, in the form that azure_identity knows; none where no end can be read.
pub fn of_tool(printed: &[u8]) -> Option<Vec<u8>> {
    let members = Members::first_in(printed)?;
    let token = ["accessToken", "token"].into_iter().find_map(|name| members.text(name))?;
    // Without an offset `expiresOn` is the time of a clock on the wall.
    let dated =
        || members.find("expiresOn", |value| OffsetDateTime::parse(&json::text(value)?, &Rfc3339).ok());
    let ends = members.find("expires_on", |value| moment(&written(value)?)).or_else(dated)?;
    let known = json!({
        "accessToken": token, "token": token, "tokenType": "Bearer",
        "expires_on": ends.unix_timestamp(), "expiresOn": ends.format(&Rfc3339).ok()?,
    });
    Some(known.to_string().into_bytes())
}

/// When a token ends whose answer has these members. `expires_in` of a token that a platform kept may count from the
/// beginning of its life, and `expires_on` depends on our clock: the earlier one is the safe one.
pub(super) fn ends(of: impl Fn(&str) -> Option<String>, now: OffsetDateTime) -> Option<OffsetDateTime> {
    let lives = of("expires_in").and_then(|text| seconds(&text));
    let lives =
        lives.filter(|lives| (1..=LONGEST).contains(lives)).map(|lives| now + Duration::seconds(lives));
    let ends = of("expires_on").and_then(|text| moment(&text));
    lives.into_iter().chain(ends).min()
}

/// A string, or a number as it is written.
fn written(value: &serde_json::value::RawValue) -> Option<String> {
    let number =
        || Some(value.get().to_owned()).filter(|text| text.starts_with(|c: char| c.is_ascii_digit()));
    json::text(value).map(std::borrow::Cow::into_owned).or_else(number)
}

/// Whole seconds; a fraction is cut off.
fn seconds(text: &str) -> Option<i64> {
    let whole = text.trim().split('.').next().unwrap_or_default();
    whole.parse().ok()
}

fn moment(text: &str) -> Option<OffsetDateTime> {
    let text = text.trim();
    if let Some(seconds) = seconds(text) {
        return OffsetDateTime::from_unix_timestamp(seconds).ok().filter(|_| seconds > 0);
    }
    let utc = || Some(PrimitiveDateTime::parse(&format!("{text}Z"), &Rfc3339).ok()?.assume_utc());
    let date = OffsetDateTime::parse(text, &Rfc3339).ok();
    date.or_else(|| OffsetDateTime::parse(text, DATE).ok()).or_else(utc)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn now() -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(NOW).unwrap()
    }

    fn known_of(body: &str) -> Result<serde_json::Value, String> {
        let known = known(&Members::first_in(body.as_bytes()).unwrap(), now());
        known.map(|known| serde_json::from_str(&known).unwrap()).map_err(|problem| problem.to_string())
    }

    #[test]
    fn the_end_of_a_token_is_read_in_every_form() {
        for members in [
            r#""expires_on":"1800003600""#,
            r#""expires_on":1800003600"#,
            r#""expires_on":1800003600.5"#,
            r#""expires_on":"01/15/2027 09:00:00 AM +00:00""#,
            r#""expires_on":"1/15/2027 9:00:00 AM +00:00""#,
            r#""expires_on":"2027-01-15T09:00:00Z""#,
            r#""expires_on":"2027-01-15T09:00:00""#,
            r#""expires_on":"2027-01-15T10:00:00.5+01:00""#,
            r#""expires_in":3600"#,
            r#""expires_in":"3600""#,
            r#""expires_in":null,"Expires_In":"3600","expires_on":"soon""#,
            r#""expires_in":3600,"expires_on":"1800007200","resource":7,"token_type":null,"n":1e400"#,
        ] {
            let known = known_of(&format!("\u{feff}{{\"access_token\":\"a\",{members}}}")).unwrap();
            assert_eq!(
                (&known["access_token"], &known["expires_in"]),
                (&json!("a"), &json!(3600)),
                "{members}"
            );
            assert_eq!(known["expires_on"], "1800003600", "{members}");
        }
    }

    #[test]
    fn what_is_needed_and_missing_is_named_and_nothing_is_quoted() {
        for (body, word) in [
            (r#"{"expires_in":3600,"hush":1}"#, "`access_token`"),
            (r#"{"access_token":"","expires_in":3600}"#, "`access_token`"),
            (r#"{"access_token":"hush"}"#, "`expires_in` or `expires_on`"),
            (
                r#"{"access_token":"hush","expires_in":"hush","expires_on":-1}"#,
                "`expires_in` or `expires_on`",
            ),
        ] {
            let problem = known_of(body).unwrap_err();
            assert!(problem.contains(word) && !problem.contains("hush"), "{problem}");
        }
    }

    #[test]
    fn what_a_tool_prints_is_read_around() {
        for printed in [
            r#"{"accessToken":"a","expires_on":1800003600,"expiresOn":"2027-01-15 10:00:00.000000","tokenType":null}"#,
            r#"WARNING: hush
{"accessToken":"a","expires_on":"1800003600"}"#,
            r#"{"token":"a","expiresOn":"2027-01-15T09:00:00\u002B00:00"}"#,
        ] {
            let Some(known) = of_tool(printed.as_bytes()) else { panic!("{printed}") };
            let known: serde_json::Value = serde_json::from_slice(&known).unwrap();
            assert_eq!((&known["token"], &known["accessToken"]), (&json!("a"), &json!("a")));
            assert_eq!(
                (&known["expires_on"], &known["expiresOn"]),
                (&json!(1_800_003_600), &json!("2027-01-15T09:00:00Z"))
            );
        }
        assert_eq!(of_tool(br#"{"accessToken":"a","expiresOn":"2027-01-15 10:00:00.000000"}"#), None);
    }
}
