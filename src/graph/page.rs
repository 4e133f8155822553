//! One page of a delta feed: objects as raw JSON, and where to go next.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::GraphError;
use super::link::Link;

/// A page, read completely.
#[derive(Debug)]
pub struct Page {
    /// The objects, byte for byte as Graph sent them.
    pub objects: Vec<Box<RawValue>>,
    /// What follows.
    pub next: Next,
}

/// What follows a page: <https://learn.microsoft.com/graph/delta-query-overview>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// The round goes on.
    Page(Link),
    /// The round is complete; the link starts the next one.
    Round(Link),
}

#[derive(Deserialize)]
struct Body {
    value: Option<Vec<Box<RawValue>>>,
    #[serde(rename = "@odata.nextLink")]
    next_link: Option<String>,
    #[serde(rename = "@odata.deltaLink")]
    delta_link: Option<String>,
}

impl Page {
    /// The next link, if the round goes on.
    pub fn next_link(&self) -> Option<&Link> {
        match &self.next {
            Next::Page(link) => Some(link),
            Next::Round(_) => None,
        }
    }

    /// Reads a page.
    ///
    /// A page with both links is read as one that goes on: nothing can be missed that way.
    ///
    /// # Errors
    /// [`GraphError::Nonsense`] when the body is no JSON object, has no `value` array or no link.
    pub(super) fn parse(body: &[u8]) -> Result<Self, GraphError> {
        let body: Body = serde_json::from_slice(body).map_err(|error| {
            GraphError::Nonsense(format!("a page that is not readable JSON ({:?})", error.classify()))
        })?;
        let objects = body.value.ok_or_else(|| GraphError::Nonsense("a page without `value`".into()))?;
        let next = match (body.next_link, body.delta_link) {
            (Some(link), _) => Next::Page(Link::new(link)),
            (None, Some(link)) => Next::Round(Link::new(link)),
            (None, None) => {
                return Err(GraphError::Nonsense("a page with neither a next link nor a delta link".into()));
            }
        };
        Ok(Self { objects, next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_pass_through_as_text() {
        let page =
            Page::parse(br#"{"value":[{"id":"1","n":1.10,"u":"\u00e9"}],"@odata.deltaLink":"https://g/d"}"#)
                .unwrap();
        assert_eq!(page.objects[0].get(), r#"{"id":"1","n":1.10,"u":"\u00e9"}"#);
        assert_eq!(page.next, Next::Round(Link::new("https://g/d")));
    }

    #[test]
    fn an_empty_page_with_a_next_link_goes_on() {
        let page =
            Page::parse(br#"{"value":[],"@odata.nextLink":"https://g/n","@odata.deltaLink":"https://g/d"}"#)
                .unwrap();
        assert!(page.objects.is_empty());
        assert_eq!(page.next, Next::Page(Link::new("https://g/n")));
    }

    #[test]
    fn nonsense_is_named_without_its_content() {
        for (body, word) in [
            ("<html>secret</html>", "readable JSON"),
            (r#"{"@odata.nextLink":"https://g/secret"}"#, "without `value`"),
            (r#"{"value":["secret"]}"#, "neither a next link"),
            (r#"{"value":{"id":"secret"},"@odata.nextLink":"n"}"#, "readable JSON"),
        ] {
            let error = Page::parse(body.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(word) && !error.contains("secret"), "{error}");
        }
    }
}
