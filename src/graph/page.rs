//! One page of a feed: objects as raw JSON, and where to go next.

use serde_json::value::{RawValue, to_raw_value};

use super::error::GraphError;
use super::manner::{Manner, Shape};
use super::size;
use crate::json::{Members, without_mark};
use crate::protocol::{Link, Next};

/// A page, read completely.
#[derive(Debug)]
pub struct Page {
    /// The objects, byte for byte as Graph sent them.
    pub objects: Vec<Box<RawValue>>,
    /// What follows.
    pub next: Next,
}

impl Page {
    /// Reads a page.
    ///
    /// A page with both links is read as one that goes on: nothing can be missed that way.
    ///
    /// # Errors
    /// [`GraphError::Nonsense`] when the body is no JSON object, has no `value` array or no link;
    /// [`GraphError::TooLarge`] when it has more in it than fits into a small instance.
    pub fn parse(body: &[u8], manner: &Manner) -> Result<Self, GraphError> {
        let nonsense = |what: &str| GraphError::Nonsense(format!("a page {what}"));
        if manner.shape == Shape::Single {
            let object = serde_json::from_slice::<Box<RawValue>>(without_mark(body)).ok();
            let object = object.filter(|object| object.get().starts_with('{'));
            let object = object.ok_or_else(|| nonsense("that is no object"))?;
            let object = keyed(without_context(&object).unwrap_or(object), &manner.key);
            return Ok(Self { objects: vec![object], next: Next::End });
        }
        let body = Members::read(body).ok_or_else(|| nonsense("that is not readable JSON"))?;
        let objects = body.find("value", |value| size::objects(value).transpose());
        let objects = objects.transpose().map_err(|bound| GraphError::TooLarge { bound })?;
        let objects = match (objects, body.called("value").all(is_null)) {
            (Some(objects), _) => objects,
            (None, true) => return Err(nonsense("without `value`")),
            (None, false) => return Err(nonsense("that is not readable JSON: its `value` is no array")),
        };
        let next = match (link(&body, "@odata.nextLink")?, link(&body, "@odata.deltaLink")?) {
            (Some(link), _) => Next::NextLink(link),
            (None, _) if manner.shape == Shape::List => Next::End,
            (None, Some(link)) => Next::DeltaLink(link),
            (None, None) => return Err(nonsense("with neither a next link nor a delta link")),
        };
        let objects = match &*manner.key {
            "id" => objects,
            key => objects.into_iter().map(|object| keyed(object, key)).collect(),
        };
        Ok(Self { objects, next })
    }
}

/// Annotations of an answer that is one object: they are no part of the object.
const OF_ANSWER: [&str; 3] = ["@odata.context", "@odata.metadataEtag", "@microsoft.graph.tips"];

/// An object without the annotations of the answer that it came in.
fn without_context(object: &RawValue) -> Option<Box<RawValue>> {
    let members = Members::of(object.get())?.into_vec();
    let own = members.into_iter().filter(|(name, _)| !OF_ANSWER.contains(&name.as_ref()));
    let texts = own.map(|(name, value)| Some(format!("{}:{}", to_raw_value(&name).ok()?.get(), value.get())));
    let texts: Option<Vec<_>> = texts.collect();
    RawValue::from_string(format!("{{{}}}", texts?.join(","))).ok()
}

/// An object whose key is another property than `id`, with that as its `id`; any other as it is.
pub(super) fn keyed(object: Box<RawValue>, key: &str) -> Box<RawValue> {
    if key == "id" {
        return object;
    }
    let with_id = |object: &RawValue| {
        let members = Members::of(object.get())?;
        let id = members.text(key).filter(|_| members.exact("id").is_none())?;
        let id = to_raw_value(&id).ok()?;
        let rest = object.get().trim_start().strip_prefix('{')?;
        RawValue::from_string(format!("{{\"id\":{},{rest}", id.get())).ok()
    };
    with_id(&object).unwrap_or(object)
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

    fn parsed(body: &[u8]) -> Result<Page, GraphError> {
        Page::parse(body, &Manner::delta())
    }

    #[test]
    fn a_list_ends_without_a_link_and_a_single_object_is_a_list_of_one() {
        let list = Manner { shape: Shape::List, key: "tenantId".into(), ..Manner::delta() };
        let page =
            Page::parse(br#"{"value":[ {"tenantId":"t\u00e9","x":1}, {"id":"2"}, 7]}"#, &list).unwrap();
        let objects: Vec<_> = page.objects.iter().map(|object| object.get()).collect();
        assert_eq!(objects, [r#"{"id":"té","tenantId":"t\u00e9","x":1}"#, r#"{"id":"2"}"#, "7"]);
        assert_eq!(page.next, Next::End);
        let page = Page::parse(br#"{"value":[],"@odata.nextLink":"https://g/n"}"#, &list).unwrap();
        assert_eq!(page.next, Next::NextLink(Link::new("https://g/n")));
        let single = Manner { shape: Shape::Single, ..Manner::delta() };
        let answer = b"\xef\xbb\xbf{\"@odata.context\":\"c\",\"id\":\"authorizationPolicy\"}";
        let page = Page::parse(answer, &single).unwrap();
        assert_eq!((page.objects[0].get(), page.next), (r#"{"id":"authorizationPolicy"}"#, Next::End));
        assert!(Page::parse(b"[]", &single).is_err());
    }

    #[test]
    fn objects_pass_through_as_text() {
        let page =
            parsed(br#"{"value":[{"id":"1","n":1.10,"u":"\u00e9"}],"@odata.deltaLink":"https://g/d"}"#)
                .unwrap();
        assert_eq!(page.objects[0].get(), r#"{"id":"1","n":1.10,"u":"\u00e9"}"#);
        assert_eq!(page.next, Next::DeltaLink(Link::new("https://g/d")));
    }

    #[test]
    fn an_empty_page_with_a_next_link_goes_on() {
        let page =
            parsed(br#"{"value":[],"@odata.nextLink":"https://g/n","@odata.deltaLink":"https://g/d"}"#)
                .unwrap();
        assert!(page.objects.is_empty());
        assert_eq!(page.next, Next::NextLink(Link::new("https://g/n")));
    }

    #[test]
    fn no_member_of_a_page_hides_another() {
        for body in [
            "\u{feff}{\"value\":[{\"id\":\"1\"}],\"@odata.deltaLink\":\"https://g/d\"}",
            r#"{"@odata.count":1e400,"n":"\ud800","value":[{"id":"1"}],"@odata.nextLink":null,"@odata.deltaLink":"https://g/d"}"#,
            r#"{"value":null,"Value":[{"id":"1"}],"@odata.deltalink":"https://g/d"}"#,
        ] {
            let page = parsed(body.as_bytes()).unwrap();
            assert_eq!(
                (page.objects.len(), page.next),
                (1, Next::DeltaLink(Link::new("https://g/d"))),
                "{body}"
            );
        }
        let odd = br#"{"value":[],"@odata.nextLink":7,"@odata.deltaLink":"https://g/d"}"#;
        let error = parsed(odd).unwrap_err().to_string();
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
            let error = parsed(body.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(word) && !error.contains("secret"), "{error}");
        }
    }
}
