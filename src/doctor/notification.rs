//! Judges how the public address of `notifications` answers a handshake; pure.
//!
//! Graph posts a validation token in the query, and wants it back as plain text, within ten seconds:
//! <https://learn.microsoft.com/graph/change-notifications-delivery-webhooks#notificationurl-validation>.

use super::verdict::{Check, Verdict};

/// What came of a handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handshake {
    /// There was no answer: why, without an address.
    NoAnswer(String),
    /// There was one.
    Answered {
        /// HTTP status.
        status: u16,
        /// Media type of the body, without parameters.
        media_type: String,
        /// The body is the token, and nothing else.
        is_echo: bool,
    },
}

/// Where notifications go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The address is on this machine.
    pub is_loopback: bool,
    /// Graph is on this machine too.
    pub graph_is_loopback: bool,
}

const CHECK: Check = Check::Notifications;
const URL: &str = "set NOTIFICATION_URL to the public https address of the function `notifications`, \
                   https://<app>.azurewebsites.net/api/notifications, and see that the app runs:";
const APP_STATE: &str = "az functionapp show -g <group> -n <app> --query state -o tsv";

/// Notifications are off.
pub fn off() -> Verdict {
    Verdict::skipped(
        CHECK,
        "NOTIFICATION_SECRET is not set, so notifications are off and the timers look for changes",
    )
}

/// Judges a handshake.
pub fn judge(place: Place, handshake: &Handshake) -> Verdict {
    if place.is_loopback && !place.graph_is_loopback {
        let what = "NOTIFICATION_URL leads to this machine, where Microsoft Graph cannot reach it";
        return Verdict::finding(CHECK, what, URL).by(APP_STATE);
    }
    match handshake {
        Handshake::NoAnswer(why) => {
            let what = format!("the notification address cannot be reached: {why}");
            Verdict::finding(CHECK, what, URL).by(APP_STATE)
        }
        Handshake::Answered { status: 200, media_type, is_echo: true } if media_type == "text/plain" => {
            Verdict::ok(CHECK, "the notification address answers a handshake; seen from here, not from Graph")
        }
        Handshake::Answered { status: 401 | 403, .. } => Verdict::finding(
            CHECK,
            format!("the notification address refuses an anonymous caller ({}), as Graph is one", status(handshake)),
            "keep `authLevel` of the function at `anonymous`, and take /api/notifications out of App Service \
             authentication (CLI extension authV2; the list is \
             replaced) and access restrictions:",
        )
        .by("az webapp auth update -g <group> -n <app> --excluded-paths \"[/api/notifications]\""),
        Handshake::Answered { status: 200, media_type, .. } => Verdict::finding(
            CHECK,
            format!("the notification address does not give the validation token back as plain text, but {media_type}"),
            URL,
        )
        .by(APP_STATE),
        Handshake::Answered { .. } => {
            let what = format!("the notification address answers a handshake with {}", status(handshake));
            Verdict::finding(CHECK, what, URL).by(APP_STATE)
        }
    }
}

fn status(handshake: &Handshake) -> String {
    match handshake {
        Handshake::Answered { status, .. } => format!("status {status}"),
        Handshake::NoAnswer(why) => why.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::verdict::State;
    use super::*;

    fn answered(status: u16, media_type: &str, is_echo: bool) -> Verdict {
        let place = Place { is_loopback: false, graph_is_loopback: false };
        judge(place, &Handshake::Answered { status, media_type: media_type.into(), is_echo })
    }

    #[test]
    fn only_an_exact_echo_is_a_handshake() {
        assert_eq!(answered(200, "text/plain", true).state, State::Ok);
        assert_eq!(answered(200, "text/plain", false).state, State::Finding);
        assert_eq!(answered(200, "application/json", true).state, State::Finding);
        assert_eq!(answered(404, "text/plain", true).state, State::Finding);
        let closed = answered(401, "", false);
        assert!(closed.what.contains("status 401") && closed.command.unwrap().contains("--excluded-paths"));
    }

    #[test]
    fn graph_cannot_call_this_machine_unless_it_is_on_it() {
        let echo = Handshake::Answered { status: 200, media_type: "text/plain".into(), is_echo: true };
        let judged = |graph_is_loopback| judge(Place { is_loopback: true, graph_is_loopback }, &echo).state;
        assert_eq!((judged(false), judged(true)), (State::Finding, State::Ok));
    }
}
