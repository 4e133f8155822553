//! `device-code`: a person enters a code on another device,
//! <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code> and RFC 8628.
//!
//! Promises: it polls as told (`interval`, 5 s more after each `slow_down`) and not after the code's end; a server
//! that fails in the meantime ends the sign-in, with its reason.

use std::time::Duration;

use serde_json::{Map, Value};
use tokio::time::{Instant, sleep};

use super::ask::Ask;
use super::failure::{Failure, Refusal};
use super::granted::Granted;
use super::prompt::{Prompt, printable};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// RFC 8628, section 3.2: where the answer names none.
const INTERVAL: Duration = Duration::from_secs(5);
/// RFC 8628, section 3.5.
const SLOWER: Duration = Duration::from_secs(5);

/// What Entra answers to a request for a code.
struct Code {
    device_code: String,
    user_code: String,
    address: String,
    life: Duration,
    interval: Duration,
}

/// Shows a code, and waits until a person has entered it.
///
/// # Errors
/// [`Failure`]; `expired_token` where nobody entered the code in time.
pub async fn sign_in(ask: &Ask<'_>) -> Result<Granted, Failure> {
    let client_id = &ask.endpoint.registration().client_id;
    let form = vec![("client_id", client_id.as_str()), ("scope", ask.scope), ("claims", ask.claims)];
    let code = Code::read(&ask.endpoint.post("devicecode", &form).await?)?;
    let end = Instant::now() + code.life;
    ask.show.tell(&Prompt::DeviceCode {
        address: printable(&code.address),
        code: printable(&code.user_code),
        life: code.life,
    });

    let mut interval = code.interval;
    while Instant::now() + interval < end {
        sleep(interval).await;
        match ask.redeem(vec![("grant_type", GRANT), ("device_code", &code.device_code)]).await {
            Err(failure) => interval = next_interval(interval, failure)?,
            granted => return granted,
        }
    }
    let error = "expired_token".to_owned();
    Err(Failure::Refused(Refusal { status: 0, error, code: None, claims: None }))
}

/// How long to wait for before the next poll; what ends the sign-in is handed back.
fn next_interval(interval: Duration, failure: Failure) -> Result<Duration, Failure> {
    match failure {
        failure if failure.is("authorization_pending") => Ok(interval),
        failure if failure.is("slow_down") => Ok(interval + SLOWER),
        ended => Err(ended),
    }
}

impl Code {
    fn read(members: &Map<String, Value>) -> Result<Self, Failure> {
        let text = |name: &str, missing: &'static str| {
            let value = members.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
            value.map(str::to_owned).ok_or(Failure::Nonsense(missing))
        };
        let seconds = |name: &str| {
            members.get(name).and_then(|value| match value {
                Value::String(text) => text.parse().ok(),
                other => other.as_u64(),
            })
        };
        // Codes live for 15 minutes; half an hour is less than the cache waits for a person.
        let bounded = |seconds: u64| Duration::from_secs(seconds.clamp(1, 1800));
        Ok(Self {
            device_code: text("device_code", "it has no `device_code`")?,
            user_code: text("user_code", "it has no `user_code`")?,
            address: text("verification_uri", "it has no `verification_uri`")
                .or_else(|missing| text("verification_url", "").map_err(|_| missing))?,
            life: seconds("expires_in").map(bounded).ok_or(Failure::Nonsense("it has no `expires_in`"))?,
            interval: seconds("interval").map_or(INTERVAL, bounded),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(error: &str) -> Failure {
        Failure::Refused(Refusal { status: 400, error: error.into(), code: None, claims: None })
    }

    #[test]
    fn it_polls_slower_each_time_it_is_told_so_and_ends_at_anything_else() {
        let second = Duration::from_secs(1);
        assert_eq!(next_interval(second, refused("authorization_pending")).unwrap(), second);
        let slower = next_interval(second, refused("slow_down")).unwrap();
        assert_eq!(next_interval(slower, refused("slow_down")).unwrap(), 11 * second);
        for error in ["expired_token", "authorization_declined", "bad_verification_code", ""] {
            assert_eq!(next_interval(second, refused(error)), Err(refused(error)));
        }
        assert_eq!(next_interval(second, Failure::Broken), Err(Failure::Broken));
    }

    #[test]
    fn a_code_is_read_with_the_defaults_of_the_standard() {
        let read = |body: &str| Code::read(&serde_json::from_str(body).unwrap());
        let code =
            read(r#"{"device_code":"d","user_code":"u","verification_url":"a","expires_in":"900"}"#).unwrap();
        assert_eq!((code.address.as_str(), code.interval, code.life.as_secs()), ("a", INTERVAL, 900));
        for (body, word) in
            [("{}", "device_code"), (r#"{"device_code":"d","user_code":"u"}"#, "verification_uri")]
        {
            let failure = read(body).err().unwrap();
            assert!(matches!(failure, Failure::Nonsense(what) if what.contains(word)), "{failure:?}");
        }
    }
}
