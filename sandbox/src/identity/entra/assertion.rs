//! Client assertions: a JWT of the app itself, signed by a registered certificate's key, or one of somebody whom a
//! federated credential trusts.
//!
//! Sources: <https://learn.microsoft.com/entra/identity-platform/certificate-credentials>,
//! <https://learn.microsoft.com/entra/workload-id/workload-identity-federation>. Stricter than Entra: an assertion of the
//! app itself is good once (its `jti`), since a client is to make a new one for each request; and Entra registers no EC
//! certificates today, while here ES256 is good.

use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::{
    certificate::Certificate, error::OAuthError, form::Form, registration::Registration, state::State,
};
use crate::identity::jwt::Jwt;

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How far clocks may differ.
const SKEW: i64 = 300;
/// The longest life of an assertion, in seconds.
const LONGEST: i64 = 24 * 3600;

/// What an assertion's `aud` may be: where it is sent to.
pub(super) struct Endpoints {
    /// `https://localhost:<port>`.
    pub origin: String,
    /// The tenant as it is named in the path, and its id.
    pub tenants: [String; 2],
}

impl Endpoints {
    fn is_audience(&self, audience: &str) -> bool {
        let Self { origin, tenants } = self;
        tenants.iter().any(|tenant| {
            let base = format!("{origin}/{tenant}");
            [&*base, &format!("{base}/v2.0"), &format!("{base}/oauth2/v2.0/token"), &format!("{base}/")]
                .contains(&audience)
        })
    }
}

/// Checks an assertion of this app.
pub(super) fn check(
    state: &mut State,
    app: &Registration,
    endpoints: &Endpoints,
    form: &Form,
    text: &str,
) -> Result<(), OAuthError> {
    if form.get("client_assertion_type") != Some(TYPE) {
        let sentence = format!(
            "The request body must contain the following parameter: 'client_assertion_type' with value '{TYPE}'."
        );
        return Err(OAuthError::new("invalid_request", 900_144, sentence));
    }
    let jwt = Jwt::parse(text).ok_or_else(|| {
        OAuthError::invalid_client(
            50027,
            "JWT token is invalid or malformed. The client assertion is not a JWT.",
        )
    })?;
    if jwt.text("iss") == Some(app.client_id()) {
        own(state, app, endpoints, &jwt)
    } else {
        federated(state, app, &jwt)
    }
}

/// An assertion that the app made itself.
fn own(state: &mut State, app: &Registration, endpoints: &Endpoints, jwt: &Jwt) -> Result<(), OAuthError> {
    let certificate = signed_with(app, jwt)?;
    check_time(jwt)?;
    let audience = match jwt.payload.get("aud") {
        Some(Value::String(audience)) => audience,
        Some(Value::Array(audiences)) if audiences.len() > 1 => {
            let sentence = format!(
                "Number of audience values in the provided client credential exceed maximum allowed. {} audience \
                 values provided, maximum allowed is 1.",
                audiences.len()
            );
            return Err(OAuthError::invalid_client(5_002_741, sentence));
        }
        _ => "",
    };
    if !endpoints.is_audience(audience) {
        let sentence = "Client assertion audience claim does not match Realm issuer. Review the documentation at \
                        https://learn.microsoft.com/entra/identity-platform/certificate-credentials .";
        return Err(OAuthError::invalid_client(700_023, sentence));
    }
    if jwt.text("sub") != Some(app.client_id()) {
        let sentence = "Client assertion application identifier doesn't match 'client_id' parameter.";
        return Err(OAuthError::invalid_client(700_021, sentence));
    }
    if certificate.until < OffsetDateTime::now_utc() {
        return Err(not_registered(app, jwt, "The key used is expired."));
    }
    let Some(id) = jwt.text("jti").filter(|id| !id.is_empty()) else {
        return Err(OAuthError::invalid_client(
            50027,
            "JWT token is invalid or malformed. It has no claim 'jti'.",
        ));
    };
    if !state.assertions.insert((app.client_id().to_owned(), id.to_owned())) {
        return Err(OAuthError::invalid_client(50013, "Assertion is not valid: it was used before."));
    }
    Ok(())
}

/// The registered certificate that the header names and whose key signed.
fn signed_with<'a>(app: &'a Registration, jwt: &Jwt) -> Result<&'a Certificate, OAuthError> {
    // MSAL for Python and Node pad the thumbprint with `=`.
    let thumbprint = |name: &str| jwt.header_text(name).map(|text| text.trim_end_matches('='));
    let is_named = |certificate: &&Certificate| {
        thumbprint("x5t") == Some(&*certificate.x5t())
            || thumbprint("x5t#S256") == Some(&*certificate.x5t_s256())
            || first_of_chain(jwt).is_some_and(|der| der == certificate.der)
    };
    let Some(certificate) = app.certificates.iter().find(is_named) else {
        return Err(not_registered(app, jwt, "The key was not found."));
    };
    if !jwt.is_signed_by(&certificate.public) {
        return Err(not_registered(
            app,
            jwt,
            "The provided signature value did not match the expected signature value.",
        ));
    }
    Ok(certificate)
}

/// The first certificate of the header `x5c`.
fn first_of_chain(jwt: &Jwt) -> Option<Vec<u8>> {
    use base64::{Engine, prelude::BASE64_STANDARD};
    BASE64_STANDARD.decode(jwt.header.get("x5c")?.get(0)?.as_str()?).ok()
}

fn not_registered(app: &Registration, jwt: &Jwt, reason: &str) -> OAuthError {
    let thumbprint = jwt.header_text("x5t").or(jwt.header_text("x5t#S256")).unwrap_or_default();
    let sentence = format!(
        "The certificate with identifier used to sign the client assertion is not registered on application. \
         [Reason - {reason}, Thumbprint of key used by client: '{thumbprint}', Please visit the Azure Portal, Graph \
         Explorer or directly use MS Graph to see configured keys for app Id '{}'.",
        app.client_id()
    );
    OAuthError::invalid_client(700_027, sentence)
}

/// An assertion of somebody else.
fn federated(state: &State, app: &Registration, jwt: &Jwt) -> Result<(), OAuthError> {
    let no_match = |code: u32, what: &str, value: &str| {
        let sentence = format!(
            "No matching federated identity record found for presented assertion {what} '{value}'. Check your \
             federated identity credential Subject, Audience and Issuer against the presented assertion."
        );
        Err(OAuthError::invalid_client(code, sentence))
    };
    let claim = |name: &str| jwt.text(name).unwrap_or_default();
    let (issuer, subject) = (claim("iss"), claim("sub"));
    // A list of one is what Kubernetes writes.
    let audience = jwt.payload.get("aud").and_then(|audience| audience.get(0).unwrap_or(audience).as_str());
    let audience = audience.unwrap_or_default();
    if app.federated.is_empty() {
        let sentence = "Client assertion application identifier doesn't match 'client_id' parameter.";
        return Err(OAuthError::invalid_client(700_021, sentence));
    }
    let Some(known) = app.federated.iter().find(|known| known.issuer == issuer) else {
        return no_match(700_211, "issuer", issuer);
    };
    if known.audience != audience {
        return no_match(700_212, "audience", audience);
    }
    if known.subject != subject {
        return no_match(700_213, "subject", subject);
    }
    if !state.issuers.get(issuer).is_some_and(|key| jwt.is_signed_by(key)) {
        return Err(OAuthError::invalid_client(50013, "Assertion failed signature validation."));
    }
    check_time(jwt)
}

fn check_time(jwt: &Jwt) -> Result<(), OAuthError> {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let (from, until) = (jwt.seconds("nbf").or(jwt.seconds("iat")), jwt.seconds("exp"));
    let is_good = until.is_some_and(|until| until > now - SKEW && until - now < LONGEST + SKEW)
        && from.is_none_or(|from| from <= now + SKEW);
    if is_good {
        return Ok(());
    }
    let moment = |seconds: Option<i64>| {
        let moment = OffsetDateTime::UNIX_EPOCH + Duration::seconds(seconds.unwrap_or_default());
        moment.to_string()
    };
    let sentence = format!(
        "Client assertion is not within its valid time range. Current time: {}, assertion valid from {}, expiry \
         time of assertion {}.",
        moment(Some(now)),
        moment(from),
        moment(until)
    );
    Err(OAuthError::invalid_client(700_024, sentence))
}
