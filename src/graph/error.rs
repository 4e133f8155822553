//! What can go wrong with Graph, as far as a caller branches on it.

use std::time::Duration;

use super::bad_get::BadGet;
use super::guard::Loop;
use super::says;
use crate::protocol::Link;

/// A request to Graph that gave no page.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    /// Graph asks us to wait for longer than this turn can.
    #[error("Microsoft Graph throttles: try again in {} s", after.as_secs())]
    Throttled {
        /// How long Graph asked us to wait.
        after: Duration,
    },
    /// Graph fails, and does not ask us to wait (503, 504).
    #[error("Microsoft Graph fails with status {status}, after {tries} tries; the next turn tries again")]
    Failing {
        /// The status.
        status: u16,
        /// How often it was asked.
        tries: u32,
    },
    /// The stored token is dead: the feed must be enumerated anew.
    #[error("Microsoft Graph no longer knows the stored token ({refusal})")]
    Gone {
        /// What Graph said.
        refusal: Refusal,
        /// Where Graph says to begin anew (its `Location`), when it says so and means the configured
        /// origin: <https://learn.microsoft.com/graph/delta-query-overview#synchronization-reset>.
        location: Option<Link>,
    },
    /// The app lacks a permission (403).
    #[error("Microsoft Graph refuses access ({0})")]
    Forbidden(Refusal),
    /// The token was refused (401).
    #[error("Microsoft Graph refuses the access token ({0})")]
    Unauthorized(Refusal),
    /// Any other refusal.
    #[error("Microsoft Graph refused the request ({0})")]
    Refused(Refusal),
    /// An answer that Graph's contract does not know.
    #[error("Microsoft Graph answered nonsense: {0}")]
    Nonsense(String),
    /// A link or redirect that leads to another host; following it would hand out our token.
    #[error(
        "Microsoft Graph sent a link to another host, `{host}`; links are followed to the configured origin only"
    )]
    ForeignLink {
        /// The host, without path and query (these carry tokens).
        host: String,
    },
    /// A page larger than a bound.
    #[error(
        "Microsoft Graph sent an answer with more than {bound}, far beyond its own pages; \
         see what answers at GRAPH_ENDPOINT, such as a proxy"
    )]
    TooLarge {
        /// The bound, in words; bytes are counted after decompression.
        bound: &'static str,
    },
    /// No complete answer after all tries.
    #[error("Microsoft Graph could not be reached: {0}")]
    Unreachable(String),
    /// What answers there cannot prove to be Graph.
    #[error("Microsoft Graph is not spoken to: {why}")]
    Distrusted {
        /// Why, and what to do.
        why: String,
    },
    /// No token.
    #[error("no access token for Microsoft Graph: {0}")]
    NoToken(String),
    /// The pages of a list lead nowhere.
    #[error("Microsoft Graph sends pages without an end: {0}")]
    Loop(#[from] Loop),
    /// What was asked for is no request; nothing was sent.
    #[error(transparent)]
    BadGet(#[from] BadGet),
}

/// A non-2xx answer, without anything that could be secret: the message is left out on purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// The error codes that are known words, outermost first, joined by `/`.
    pub code: String,
    /// Graph's `request-id`, for a support case.
    pub request_id: Box<str>,
    /// What the message says, where it is one that may be told.
    pub says: Option<Box<str>>,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "status {}, code `{}`, request-id {}", self.status, self.code, self.request_id)?;
        self.says.as_ref().map_or(Ok(()), |says| write!(f, ": {says}"))
    }
}

/// Codes that mean a dead token whatever the status, compared without case: the documentation and the
/// wire disagree (<https://learn.microsoft.com/graph/delta-query-overview>,
/// <https://learn.microsoft.com/graph/errors>).
const DEAD: [&str; 8] = [
    "syncstatenotfound",
    "resyncrequired",
    "resyncchangesapplydifferences",
    "resyncchangesuploaddifferences",
    "resyncapplydifferences",
    "resyncuploaddifferences",
    "directory_expiredpagetoken",
    "directorypagetokennotfoundexception",
];

/// Codes that say of one object that it is not there, compared without case: the directory's, that of drives and lists,
/// and Outlook's. `ResourceNotFound` is not among them: Graph has answered it for mailboxes that were there
/// (<https://github.com/microsoftgraph/microsoft-graph-docs/issues/4598>), and neither are `UnknownError` and codes of
/// gateways.
const NOT_THERE: [&str; 3] = ["request_resourcenotfound", "itemnotfound", "erroritemnotfound"];

impl Refusal {
    /// The property that Graph refuses to select, where it names one.
    pub fn property(&self) -> Option<&str> {
        says::property(self.says.as_deref()?)
    }

    /// Whether Graph says that there is no such object: a 404 with a code of its own for that. Any other 404 comes from
    /// something in between, or says nothing of the object.
    pub fn is_gone(&self) -> bool {
        let code = self.code.split('/').next().unwrap_or_default().to_ascii_lowercase();
        self.status == 404 && NOT_THERE.contains(&code.as_str())
    }
}

impl GraphError {
    /// What Graph said, when it answered with a status that is no success.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Gone { refusal, .. } => Some(refusal),
            Self::Forbidden(refusal) | Self::Unauthorized(refusal) | Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether Graph says that there is no such object (404).
    pub fn is_not_found(&self) -> bool {
        self.refusal().is_some_and(|refusal| refusal.status == 404)
    }

    /// Whether a new access token may do better: Graph refuses this one (401), or it carries too few permissions (403).
    pub fn refuses_token(&self) -> bool {
        matches!(self, Self::Unauthorized(_) | Self::Forbidden(_))
    }

    /// Classifies a non-2xx answer. `carried_token`: the request was a stored link; then even a plain
    /// 400 means that Graph no longer takes it ("DeltaLink older than 30 days is not supported").
    /// `location` is of use for a dead token only.
    pub(super) fn from_answer(refusal: Refusal, carried_token: bool, location: Option<Link>) -> Self {
        let dead_code =
            refusal.code.split('/').any(|code| DEAD.contains(&code.to_ascii_lowercase().as_str()));
        match refusal.status {
            410 => Self::Gone { refusal, location },
            400 if carried_token => Self::Gone { refusal, location },
            _ if dead_code && carried_token => Self::Gone { refusal, location },
            401 => Self::Unauthorized(refusal),
            403 => Self::Forbidden(refusal),
            _ => Self::Refused(refusal),
        }
    }

    /// Whether another link might do better. Being throttled, being cut off or having no token says
    /// nothing about the link.
    pub fn blames_link(&self) -> bool {
        !matches!(
            self,
            Self::Throttled { .. } | Self::Failing { .. } | Self::Unreachable(_) | Self::NoToken(_)
        )
    }

    /// The status with which Graph refuses to show what lies under an object: the object is not there, or has no such
    /// part, or may not be read.
    pub fn denied(&self) -> Option<u16> {
        match self {
            Self::Forbidden(refusal) => Some(refusal.status),
            Self::Refused(refusal) if refusal.status == 404 => Some(refusal.status),
            _ => None,
        }
    }

    /// Whether Graph failed, and neither refused us nor asked us to wait (5xx).
    pub fn is_server_error(&self) -> bool {
        matches!(self, Self::Failing { .. })
            || matches!(self, Self::Refused(refusal) if refusal.status >= 500)
    }
}

#[cfg(test)]
mod tests {
    use super::super::codes::codes;
    use super::*;

    fn answer(status: u16, body: &str, carried_token: bool) -> GraphError {
        let refusal = Refusal { status, code: codes(body.as_bytes()), request_id: "r".into(), says: None };
        GraphError::from_answer(refusal, carried_token, Some(Link::new("https://g/?$deltatoken=hush")))
    }

    #[test]
    fn a_dead_token_has_many_faces() {
        for (status, body) in [
            (410, ""),
            (410, r#"{"error":{"code":"resyncRequired"}}"#),
            (410, r#"{"error":{"code":"gone","innererror":{"code":"resyncChangesApplyDifferences"}}}"#),
            (404, r#"{"error":{"code":"SyncStateNotFound","message":"generation=149"}}"#),
            (
                400,
                r#"{"error":{"code":"Request_UnsupportedQuery","message":"DeltaLink older than 30 days is not supported."}}"#,
            ),
            (400, r#"{"error":{"code":"Directory_ExpiredPageToken"}}"#),
        ] {
            let error = answer(status, body, true);
            assert!(
                matches!(&error, GraphError::Gone { location: Some(_), .. }) && error.blames_link(),
                "{status} {body}"
            );
            assert!(!format!("{error} {error:?}").contains("hush"), "the link shows: {error:?}");
        }
    }

    #[test]
    fn being_kept_waiting_says_nothing_about_the_link() {
        let after = Duration::ZERO;
        for error in [
            GraphError::Throttled { after },
            GraphError::Unreachable("silence".into()),
            GraphError::NoToken("none".into()),
        ] {
            assert!(!error.blames_link(), "{error}");
        }
        assert!(answer(500, "", true).blames_link() && answer(403, "", true).blames_link());
    }

    #[test]
    fn without_a_token_nothing_can_have_died() {
        let unsupported = r#"{"error":{"code":"BadRequest","message":"Property is not supported"}}"#;
        assert!(matches!(answer(400, unsupported, false), GraphError::Refused(_)));
        assert!(matches!(answer(403, "", true), GraphError::Forbidden(_)));
        assert!(matches!(answer(401, "", true), GraphError::Unauthorized(_)));
        assert!(matches!(answer(500, "", true), GraphError::Refused(_)));
    }

    #[test]
    fn only_graphs_own_words_say_that_an_object_is_gone() {
        let is_gone = |status, code: &str| {
            Refusal { status, code: code.into(), request_id: "r".into(), says: None }.is_gone()
        };
        for code in ["Request_ResourceNotFound", "itemNotFound", "ErrorItemNotFound", "ItemNotFound/x"] {
            assert!(is_gone(404, code) && !is_gone(400, code), "{code}");
        }
        for code in ["", "UnknownError", "BadGateway", "ResourceNotFound", "UnknownError/itemNotFound"] {
            assert!(!is_gone(404, code), "{code}");
        }
    }
}
