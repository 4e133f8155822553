//! Why nobody is signed in, and the next step; pure. Codes:
//! <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>.

use azure_core::error::Error;

use super::failure::{Failure, Refusal};
use crate::credentials::Registration;
use crate::credentials::by_code::of_registration;
use crate::credentials::problem::Problem;

/// How a person, or a user's token, comes into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// `device-code`.
    DeviceCode,
    /// `interactive-browser`.
    InteractiveBrowser,
    /// `authorization-code`.
    AuthorizationCode,
    /// `on-behalf-of`.
    OnBehalfOf,
    /// A caller of `refresh`.
    Caller,
}

/// An error of a credential, in our words.
pub fn error(words: impl Into<String>) -> Error {
    Problem(words.into()).into()
}

/// What happened and what to do, as one sentence.
pub fn why(failure: &Failure, way: Way, app: &Registration) -> String {
    format!("{}; {}", what(failure), next(failure, way, app))
}

/// What happened.
pub fn what(failure: &Failure) -> String {
    match failure {
        Failure::Refused(refusal) => {
            let code = refusal.code.map(|code| format!("AADSTS{code}"));
            let name = Some(refusal.error.clone()).filter(|name| !name.is_empty());
            let status =
                Some(format!("status {}", refusal.status)).filter(|_| name.is_none() && code.is_none());
            let names: Vec<_> = [name, code, status].into_iter().flatten().collect();
            let names = names.join(", ");
            match meaning(refusal) {
                Some(meaning) => format!("{meaning} ({names})"),
                None => format!("the identity server refused ({names})"),
            }
        }
        Failure::NoConnection { is_untrusted: true } => {
            "the certificate of the identity server is not trusted".into()
        }
        Failure::NoConnection { is_untrusted: false } => {
            "there is no connection to the identity server".into()
        }
        Failure::Broken => "the connection to the identity server broke".into(),
        Failure::Late => {
            format!("the identity server did not answer within {} s", super::wire::PATIENCE.as_secs())
        }
        Failure::Nonsense(what) => format!("the identity server's answer cannot be read: {what}"),
        Failure::NoClient => "no HTTP client could be made".into(),
    }
}

/// What a refusal means, where its name alone does not say it.
fn meaning(refusal: &Refusal) -> Option<&'static str> {
    let by_code = match refusal.code.unwrap_or_default() {
        65001 => "nobody has consented to these permissions for the app, or the consent was taken away",
        65004 => "the person did not consent to the permissions",
        70008 => "the code or the refresh token has expired",
        700_082 => "the refresh token has expired, because it was not used for a long time",
        50173 => "the sign-in was revoked, for instance by a new password",
        54005 => "the authorization code was used already",
        50076 | 50079 | 50074 | 50078 => "multi-factor authentication is required",
        53000..=53004 => "a conditional access policy of the tenant blocks the sign-in",
        50105 => "the app is not assigned to the person",
        50020 | 90072 => "the person's account does not exist in this tenant",
        50148 | 501_481 => "the PKCE verifier does not belong to the authorization code",
        50011 | 500_112 | 500_113 => "the redirect address is not the right one",
        500_133 => "the user's token has expired",
        50013 | 500_131 | 500_132 | 500_137 => "the user's token is not one for this API",
        7_000_218 => "the app registration asks for a secret or a certificate",
        700_025 => "the app registration is a public client, which has no secret",
        70011 | 650_053 => "a scope is not one that Microsoft Graph has",
        _ => "",
    };
    let by_name = match refusal.error.as_str() {
        "expired_token" => "nobody entered the code in time",
        "authorization_declined" | "access_denied" => "the sign-in was declined",
        "bad_verification_code" => "the identity server does not know the device code",
        "interaction_required" | "login_required" => "a person has to sign in again",
        "consent_required" => "nobody has consented to these permissions for the app",
        _ => "",
    };
    [by_code, by_name].into_iter().find(|meaning| !meaning.is_empty())
}

/// Codes about the app registration itself, whatever a person does.
const REGISTRATION: [u32; 8] = [7_000_215, 7_000_222, 7_000_112, 700_016, 700_024, 700_027, 90002, 900_023];

/// What to do.
fn next(failure: &Failure, way: Way, app: &Registration) -> String {
    match failure {
        Failure::Refused(refusal) => after(refusal, way, app),
        Failure::NoConnection { is_untrusted: true } => {
            "set SSL_CERT_FILE to a PEM file with the authorities to trust".into()
        }
        _ => "run the command again; if this stays, check AZURE_AUTHORITY_HOST and the way there".into(),
    }
}

fn after(refusal: &Refusal, way: Way, app: &Registration) -> String {
    let Registration { client_id, setting, .. } = app;
    match refusal.code.unwrap_or_default() {
        65001 if matches!(way, Way::OnBehalfOf | Way::Caller) => format!(
            "let an administrator consent (az ad app permission admin-consent --id {client_id}), or let the user consent \
             at a sign-in, or ask for less with GRAPH_SCOPES"
        ),
        65001 => format!(
            "{}, or let an administrator consent (az ad app permission admin-consent --id {client_id}), or ask for \
             less with GRAPH_SCOPES",
            again(way)
        ),
        53000..=53004 => "ask an administrator of the tenant what its policies allow".into(),
        50105 => "let an administrator assign the app to the person".into(),
        50020 | 90072 => {
            "sign in with another account, or set AZURE_TENANT_ID to the account's tenant".into()
        }
        50148 | 501_481 => {
            "set GRAPH_CODE_VERIFIER to the verifier of the challenge with which the code was asked for"
                .into()
        }
        50011 | 500_112 | 500_113 if way == Way::InteractiveBrowser => format!(
            "add the redirect address http://localhost to the app registration (az ad app update --id {client_id} \
             --public-client-redirect-uris http://localhost)"
        ),
        50011 | 500_112 | 500_113 => {
            "set GRAPH_REDIRECT_URI to the redirect address with which the code was asked for".into()
        }
        7_000_218 if matches!(way, Way::DeviceCode | Way::InteractiveBrowser) => format!(
            "allow public client flows for it (az ad app update --id {client_id} --is-fallback-public-client true)"
        ),
        7_000_218 => "set AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH".into(),
        700_025 => "unset AZURE_CLIENT_SECRET and AZURE_CLIENT_CERTIFICATE_PATH".into(),
        70011 | 650_053 => "set GRAPH_SCOPES to permissions that Microsoft Graph has".into(),
        code if REGISTRATION.contains(&code) => of_registration(code, app).unwrap_or_default(),
        _ if is_about_sign_in(refusal) => again(way).to_owned(),
        0 => format!("check AZURE_TENANT_ID, {setting} and GRAPH_SCOPES"),
        other => format!("what it means: https://login.microsoftonline.com/error?code={other}"),
    }
}

/// Whether another sign-in may do better.
fn is_about_sign_in(refusal: &Refusal) -> bool {
    let name = refusal.error.as_str();
    let declined = ["expired_token", "authorization_declined", "access_denied", "bad_verification_code"];
    declined.contains(&name) || Failure::Refused(refusal.clone()).needs_person().is_some()
}

/// What a command that asks nobody says in place of "run the command again".
pub const SIGN_IN_FIRST: &str = "sign in first with `graph-mirror get /me`";

/// `said`, where nobody can be asked: running this command again would not help.
pub fn elsewhere(said: String, way: Way) -> String {
    match way {
        Way::DeviceCode | Way::InteractiveBrowser => said.replace(again(way), SIGN_IN_FIRST),
        Way::AuthorizationCode | Way::OnBehalfOf | Way::Caller => said,
    }
}

/// How to sign in again.
pub fn again(way: Way) -> &'static str {
    match way {
        Way::DeviceCode | Way::InteractiveBrowser => "run the command again to sign in",
        Way::AuthorizationCode => "sign in again and set GRAPH_AUTHORIZATION_CODE to the new code",
        Way::Caller => "let the user sign in again, and call again with the new token",
        Way::OnBehalfOf => {
            "let the user sign in again and write the new token into the file that GRAPH_USER_ASSERTION_FILE names"
        }
    }
}
