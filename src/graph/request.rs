//! What is asked of Graph, as a value: built and tested without I/O.

use url::Url;

use super::error::GraphError;
use super::link::within;
use crate::protocol::Link;

/// Most objects in a page of a list: <https://learn.microsoft.com/graph/paging>.
const MOST_TARGETS: &str = "999";
/// The API version in front of every path.
const VERSION: &str = "/v1.0";

/// One GET.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// The first page of a feed.
    Initial {
        /// Path below the API version, from the catalogue.
        path: String,
        /// `$select`.
        select: Vec<String>,
        /// Other parameters of the query: names and values as they are, not yet percent-encoded.
        query: Vec<(String, String)>,
    },
    /// One object by its id.
    Object {
        /// Path of its collection below the API version, from the catalogue.
        path: String,
        /// Its id; percent-encoded into the path.
        id: String,
        /// `$select`.
        select: Vec<String>,
    },
    /// The ids of what one object is linked to.
    Targets {
        /// Path of its collection below the API version, from the catalogue.
        path: String,
        /// Its id; percent-encoded into the path.
        id: String,
        /// The navigation property, from the catalogue.
        property: String,
        /// Many can be linked, and come in pages; else it is one object.
        many: bool,
    },
    /// A next or delta link, verbatim.
    Follow(Link),
}

impl Request {
    /// The link that is followed, if it is one.
    pub fn followed(&self) -> Option<&Link> {
        match self {
            Self::Follow(link) => Some(link),
            _ => None,
        }
    }

    /// Whether the request carries a token that Graph gave us earlier: then some refusals mean that the
    /// token died (<https://learn.microsoft.com/graph/delta-query-overview>).
    pub(super) fn carries_token(&self) -> bool {
        self.followed().is_some()
    }

    /// The URL, on `origin` and nowhere else.
    pub(super) fn url(&self, origin: &Url) -> Result<Url, GraphError> {
        match self {
            Self::Follow(link) => within(link, origin),
            Self::Initial { path, select, query } => {
                let mut url = selected(origin, path, select);
                let texts: Vec<_> = url.query().map(str::to_owned).into_iter().chain(pairs(query)).collect();
                url.set_query(Some(&*texts.join("&")).filter(|text| !text.is_empty()));
                Ok(url)
            }
            Self::Object { path, id, select } => below(selected(origin, path, select), id, None),
            Self::Targets { path, id, property, many } => {
                let mut url = below(selected(origin, path, &["id".to_owned()]), id, Some(property))?;
                if *many {
                    url.query_pairs_mut().append_pair("$top", MOST_TARGETS);
                }
                Ok(url)
            }
        }
    }
}

/// A path below the API version, or one object there.
pub(super) fn at(origin: &Url, path: &str, id: Option<&str>) -> Result<Url, GraphError> {
    let url = selected(origin, path, &[]);
    match id {
        Some(id) => below(url, id, None),
        None => Ok(url),
    }
}

/// One object of a collection, or one of its properties.
fn below(mut url: Url, id: &str, property: Option<&str>) -> Result<Url, GraphError> {
    if matches!(id, "" | "." | "..") {
        return Err(GraphError::Nonsense("an id that is no path segment".into()));
    }
    let cannot = |()| GraphError::Nonsense("an origin without a path".into());
    url.path_segments_mut().map_err(cannot)?.push(id).extend(property);
    Ok(url)
}

fn selected(origin: &Url, path: &str, select: &[String]) -> Url {
    let mut url = origin.clone();
    url.set_path(&format!("{VERSION}{path}"));
    if !select.is_empty() {
        url.set_query(Some(&format!("$select={}", select.join(","))));
    }
    url
}

/// Parameters of a query, their values percent-encoded; `$` in front of a name stays, since Graph's own links have it so.
fn pairs(query: &[(String, String)]) -> impl Iterator<Item = String> {
    query.iter().map(|(name, value)| {
        let value: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
        format!("{name}={}", value.replace('+', "%20"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_parameters_follow_the_select() {
        let query = vec![("$filter".into(), "a ge 'b c' and d".into()), ("$top".into(), "999".into())];
        let (path, select) = (String::from("/auditLogs/signIns"), vec!["id".to_owned()]);
        let url = |select, query| {
            let request = Request::Initial { path: path.clone(), select, query };
            request.url(&Url::parse("https://graph.microsoft.com").unwrap()).unwrap().to_string()
        };
        let all = "https://graph.microsoft.com/v1.0/auditLogs/signIns";
        let filter = "$filter=a%20ge%20%27b%20c%27%20and%20d&$top=999";
        assert_eq!(url(select.clone(), query.clone()), format!("{all}?$select=id&{filter}"));
        assert_eq!(url(vec![], query), format!("{all}?{filter}"));
        assert_eq!(url(vec![], vec![]), all);
    }

    #[test]
    fn the_first_page_selects_what_the_row_says() {
        let request = Request::Initial {
            path: "/users/delta".into(),
            select: vec!["id".into(), "mail".into()],
            query: vec![],
        };
        let url = request.url(&Url::parse("https://graph.microsoft.com").unwrap()).unwrap();
        assert_eq!(url.as_str(), "https://graph.microsoft.com/v1.0/users/delta?$select=id,mail");
        assert!(!request.carries_token());
    }

    #[test]
    fn an_id_stays_one_segment() {
        let url = |id: &str| {
            let request = Request::Object { path: "/users".into(), id: id.into(), select: vec!["id".into()] };
            request.url(&Url::parse("https://graph.microsoft.com").unwrap())
        };
        assert_eq!(
            url("a/b?c").unwrap().as_str(),
            "https://graph.microsoft.com/v1.0/users/a%2Fb%3Fc?$select=id"
        );
        for id in ["", ".", ".."] {
            assert!(url(id).is_err(), "{id}");
        }
    }

    #[test]
    fn a_list_asks_for_ids_and_for_as_many_as_a_page_holds() {
        let url = |property, many| {
            let (path, id) = ("/groups".into(), "a b".into());
            let request = Request::Targets { path, id, property: String::from(property), many };
            request.url(&Url::parse("https://graph.microsoft.com").unwrap()).unwrap().to_string()
        };
        let groups = "https://graph.microsoft.com/v1.0/groups/a%20b";
        assert_eq!(url("members", true), format!("{groups}/members?$select=id&%24top=999"));
        assert_eq!(url("manager", false), format!("{groups}/manager?$select=id"));
    }

    #[test]
    fn links_go_out_as_they_came_in() {
        let text = "https://graph.microsoft.com/v1.0/users/delta?$skiptoken=a~b%23c(token='d')";
        let url = Request::Follow(Link::new(text))
            .url(&Url::parse("https://graph.microsoft.com").unwrap())
            .unwrap();
        assert_eq!(url.as_str(), text.replace('\'', "%27"));
    }
}
