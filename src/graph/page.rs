//! One page of a delta feed: objects as raw JSON, and where to go next.

use serde_json::value::RawValue;

use super::error::GraphError;
use super::link::Link;
use super::size;
use crate::json::Members;

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
    /// [`GraphError::Nonsense`] when the body is no JSON object, has no `value` array or no link;
    /// [`GraphError::TooLarge`] when it has more in it than fits into a small instance.
    pub fn parse(body: &[u8]) -> Result<Self, GraphError> {
        let nonsense = |what: &str| GraphError::Nonsense(format!("a page {what}"));
        let body = Members::read(body).ok_or_else(|| nonsense("that is not readable JSON"))?;
        let objects = body.find("value", |value| size::objects(value).transpose());
        let objects = objects.transpose().map_err(|bound| GraphError::TooLarge { bound })?;
        let objects = match (objects, body.called("value").all(is_null)) {
            (Some(objects), _) => objects,
            (None, true) => return Err(nonsense("without `value`")),
            (None, false) => return Err(nonsense("that is not readable JSON: its `value` is no array")),
        };
        let next = match (link(&body, "@odata.nextLink")?, link(&body, "@odata.deltaLink")?) {
            (Some(link), _) => Next::Page(link),
            (None, Some(link)) => Next::Round(link),
            (None, None) => return Err(nonsense("with neither a next link nor a delta link")),
        };
        Ok(Self { objects, next })
    }
}

/// Longest link: the checkpoint, which Cosmos takes up to 2 MB of, has to hold it.
const LONGEST_LINK: usize = 512 << 10;

/// A link of a page; none where it is missing or null.
///
/// # Errors
/// [`GraphError::Nonsense`] when there is one that is no text: a round that goes on must not seem to be over.
pub(super) fn link(body: &Members<'_>, name: &str) -> Result<Option<Link>, GraphError> {
    match body.text(name) {
        Some(link) if link.len() > LONGEST_LINK => Err(GraphError::TooLarge { bound: "512 KiB in one link" }),
        Some(link) => Ok(Some(Link::new(link))),
        None if body.called(name).all(is_null) => Ok(None),
        None => Err(GraphError::Nonsense(format!("a page whose `{name}` is no text"))),
    }
}

fn is_null(value: &RawValue) -> bool {
    value.get() == "null"
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
    fn no_member_of_a_page_hides_another() {
        for body in [
            "\u{feff}{\"value\":[{\"id\":\"1\"}],\"@odata.deltaLink\":\"https://g/d\"}",
            r#"{"@odata.count":1e400,"n":"\ud800","value":[{"id":"1"}],"@odata.nextLink":null,"@odata.deltaLink":"https://g/d"}"#,
            r#"{"value":null,"Value":[{"id":"1"}],"@odata.deltalink":"https://g/d"}"#,
        ] {
            let page = Page::parse(body.as_bytes()).unwrap();
            assert_eq!((page.objects.len(), page.next), (1, Next::Round(Link::new("https://g/d"))), "{body}");
        }
        let odd = br#"{"value":[],"@odata.nextLink":7,"@odata.deltaLink":"https://g/d"}"#;
        let error = Page::parse(odd).unwrap_err().to_string();
        assert!(error.contains("`@odata.nextLink` is no text"), "the round goes on: {error}");
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
