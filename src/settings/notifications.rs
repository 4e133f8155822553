//! Change notifications: whether there are any, by what we know them, and where Graph sends them.

use secrecy::SecretString;
use url::Url;

use super::lookup::Reader;

/// Shortest secret: as long as the HMAC that it keys.
const SHORTEST: usize = 32;
/// The path of the function `notifications`, as its `function.json` and the host's default prefix have it.
const PATH: &str = "/api/notifications";

/// Change notifications, where they are on.
#[derive(Debug, Clone)]
pub struct Notifications {
    /// Keys of the client states: the first one makes new ones, a second one is being rotated out.
    pub secrets: Vec<SecretString>,
    /// The public address of the function `notifications`.
    pub url: Url,
}

/// They are on exactly when there is a secret.
pub(super) fn notifications(reader: &mut Reader<'_>) -> Option<Notifications> {
    let Some(secrets) = reader.text("NOTIFICATION_SECRET") else {
        if reader.text("NOTIFICATION_URL").is_some() {
            reader.problem(
                "NOTIFICATION_SECRET",
                "is not set, but NOTIFICATION_URL is; set both, or neither to do without notifications",
            );
        }
        return None;
    };
    let secrets: Vec<_> = secrets.split(',').map(str::trim).map(SecretString::from).collect();
    let is_short = |secret: &SecretString| secrecy::ExposeSecret::expose_secret(secret).len() < SHORTEST;
    if secrets.len() > 2 || secrets.iter().any(is_short) {
        reader.problem(
            "NOTIFICATION_SECRET",
            format!(
                "must have at least {SHORTEST} characters; two values, separated by a comma, while rotating"
            ),
        );
    }
    let url = match (reader.text("NOTIFICATION_URL"), reader.text("WEBSITE_HOSTNAME")) {
        (Some(text), _) => reader.endpoint("NOTIFICATION_URL", &text),
        (None, Some(host)) if !host.starts_with("localhost") && !host.starts_with("127.") => {
            reader.endpoint("NOTIFICATION_URL", &format!("https://{host}{PATH}"))
        }
        _ => reader.required_endpoint("NOTIFICATION_URL", &format!("https://<app>.azurewebsites.net{PATH}")),
    };
    Some(Notifications { secrets, url })
}
