//! How the objects of a feed are asked for: what all requests of the feed have in common.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::error::Refusal;
use super::sending::PREFER;

/// The form of the answer to a request for a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A delta page: a next link or a delta link follows (<https://learn.microsoft.com/graph/delta-query-overview>).
    Delta,
    /// A page of a list: a next link follows, or the list is complete (<https://learn.microsoft.com/graph/paging>).
    List,
    /// One object, without `value`.
    Single,
}

/// How the objects of a feed are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manner {
    /// The form of a page.
    pub shape: Shape,
    /// Values of the header `Prefer` that each request carries besides ours.
    pub prefer: Vec<String>,
    /// The property that identifies an object.
    pub key: String,
    /// The code with which the service answers 404 when it has no such object, if it has one of its own. In the directory the
    /// same code is no answer about an object: see [`Refusal::is_gone`] for the codes that are one everywhere.
    pub gone: Option<&'static str>,
}

impl Manner {
    /// A delta query of objects that have an `id`.
    pub fn delta() -> Self {
        Self { shape: Shape::Delta, prefer: Vec::new(), key: "id".into(), gone: None }
    }

    /// Whether a refusal says that there is no such object.
    pub(super) fn says_gone(&self, refusal: &Refusal) -> bool {
        let is_own = |code: &str| self.gone.is_some_and(|gone| code.eq_ignore_ascii_case(gone));
        refusal.is_gone() || refusal.status == 404 && refusal.code.split('/').next().is_some_and(is_own)
    }

    /// The value of `Prefer`: ours, and those of the feed.
    pub(super) fn prefer(&self) -> String {
        let own = std::iter::once(PREFER).filter(|own| !self.prefer.iter().any(|value| value == own));
        own.chain(self.prefer.iter().map(String::as_str)).collect::<Vec<_>>().join(", ")
    }

    /// The headers of each request besides ours. A value that is no header is left out: the catalogue has checked it.
    pub(super) fn headers(&self) -> HeaderMap {
        let prefer = HeaderValue::from_str(&self.prefer()).ok();
        prefer.map(|value| (HeaderName::from_static("prefer"), value)).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_feed_prefers_is_added_to_ours() {
        let ids = "IdType=\"ImmutableId\"".to_owned();
        let manner = Manner { prefer: vec![ids, PREFER.into()], ..Manner::delta() };
        assert_eq!(manner.headers()["prefer"], format!("IdType=\"ImmutableId\", {PREFER}"));
        assert_eq!(Manner::delta().prefer(), PREFER);
    }

    #[test]
    fn a_code_of_one_service_says_nothing_of_another() {
        let refusal =
            |status, code: &str| Refusal { status, code: code.into(), request_id: "r".into(), says: None };
        let teams = Manner { gone: Some("NotFound"), ..Manner::delta() };
        assert!(
            teams.says_gone(&refusal(404, "notFound/inner"))
                && teams.says_gone(&refusal(404, "itemNotFound"))
        );
        assert!(
            !teams.says_gone(&refusal(403, "NotFound")) && !teams.says_gone(&refusal(404, "UnknownError"))
        );
        assert!(!Manner::delta().says_gone(&refusal(404, "NotFound")));
    }
}
