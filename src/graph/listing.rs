//! One page of what an object is linked to: ids, and where to go next.

use serde_json::value::RawValue;

use super::error::GraphError;
use super::page::link;
use crate::json::Members;
use crate::protocol::Link;

/// A page of a list, read completely.
#[derive(Debug, PartialEq, Eq)]
pub struct Listing {
    /// The ids, in Graph's order.
    pub ids: Vec<String>,
    /// The next page; unlike a delta feed, a list ends without any link.
    pub next: Option<Link>,
}

impl Listing {
    /// Reads a page, or the one object that a property like `manager` is.
    ///
    /// # Errors
    /// [`GraphError::Nonsense`] when it is neither.
    pub fn parse(answer: &RawValue) -> Result<Self, GraphError> {
        let nonsense = |what: &str| GraphError::Nonsense(format!("a list {what}"));
        let body = Members::of(answer.get()).ok_or_else(|| nonsense("without readable ids"))?;
        let ids = match (body.list("value"), body.text("id")) {
            // Who compares must not take a member that has no id for one that is not there.
            (Some(targets), _) => {
                let id = |target: &RawValue| Some(Members::of(target.get())?.text("id")?.into_owned());
                let ids: Option<Vec<_>> = targets.into_iter().map(id).collect();
                ids.ok_or_else(|| nonsense("without readable ids: one of its members has no `id`"))?
            }
            (None, Some(id)) => vec![id.into_owned()],
            (None, None) => return Err(nonsense("without `value` or an id")),
        };
        Ok(Self { ids, next: link(&body, "@odata.nextLink")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Listing, GraphError> {
        Listing::parse(&RawValue::from_string(text.to_owned()).unwrap())
    }

    #[test]
    fn a_list_has_pages_and_an_end_and_a_single_one_is_a_list_of_one() {
        let page =
            parse(r#"{"value":[{"@odata.type":"u","id":"1"},{"id":"2"}],"@odata.nextLink":"https://g/n"}"#);
        let next = Some(Link::new("https://g/n"));
        assert_eq!(page.unwrap(), Listing { ids: vec!["1".into(), "2".into()], next });
        assert_eq!(parse(r#"{"value":[]}"#).unwrap(), Listing { ids: vec![], next: None });
        assert_eq!(
            parse(r#"{"@odata.type":"u","id":"1"}"#).unwrap(),
            Listing { ids: vec!["1".into()], next: None }
        );
        for nonsense in [r#"{"value":[{"name":"secret"}]}"#, r#"{"secret":1}"#, "[]", r#"{"value":7}"#] {
            let error = parse(nonsense).unwrap_err().to_string();
            assert!(error.contains("a list") && !error.contains("secret"), "{error}");
        }
    }
}
