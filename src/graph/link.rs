//! Whether a link may be followed: it is good for one origin only.

use url::Url;

use super::error::GraphError;
use crate::protocol::Link;

/// A link as a URL of `origin`: it is followed verbatim, and only there
/// (<https://learn.microsoft.com/graph/delta-query-overview>). Links have no fragment: a `#` is part of the token, and on
/// the way to Graph it is `%23`. Otherwise it would be cut off with whatever follows.
///
/// # Errors
/// [`GraphError::ForeignLink`] when it leads anywhere else, [`GraphError::Nonsense`] when it is no URL.
pub(super) fn within(link: &Link, origin: &Url) -> Result<Url, GraphError> {
    let url = Url::parse(&link.expose().replace('#', "%23"))
        .map_err(|_| GraphError::Nonsense("a link that is no URL".into()))?;
    if is_within(&url, origin) {
        Ok(url)
    } else {
        Err(GraphError::ForeignLink { host: url.host_str().unwrap_or("no host").to_owned() })
    }
}

/// Same scheme, host and port, and no user name smuggled in.
pub(super) fn is_within(url: &Url, origin: &Url) -> bool {
    url.origin() == origin.origin() && url.username().is_empty() && url.password().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within(text: &str) -> Result<Url, GraphError> {
        super::within(&Link::new(text), &Url::parse("https://graph.microsoft.com").unwrap())
    }

    #[test]
    fn a_link_stays_on_its_origin() {
        assert!(within("https://graph.microsoft.com/v1.0/users/delta?$deltatoken=a%2Fb~#").is_ok());
        for foreign in [
            "https://evil.example/v1.0/users/delta?$skiptoken=x",
            "http://graph.microsoft.com/v1.0/users",
            "https://graph.microsoft.com:8443/v1.0/users",
            "https://graph.microsoft.com@evil.example/",
            "https://someone@graph.microsoft.com/",
        ] {
            assert!(matches!(within(foreign), Err(GraphError::ForeignLink { .. })), "{foreign}");
        }
        assert!(matches!(within("/v1.0/users"), Err(GraphError::Nonsense(_))));
    }

    #[test]
    fn a_hash_is_part_of_the_token() {
        let url = within("https://graph.microsoft.com/v1.0/users/delta?$skiptoken=a#RT:1#b%23c").unwrap();
        assert_eq!(url.query(), Some("$skiptoken=a%23RT:1%23b%23c"));
        assert_eq!(url.fragment(), None);
        for foreign in
            ["https://evil.example#.graph.microsoft.com/", "https://graph.microsoft.com#@evil.example/"]
        {
            assert!(within(foreign).is_err(), "{foreign}");
        }
    }

    #[test]
    fn an_error_names_the_host_and_not_the_token() {
        let error = within("https://evil.example/x?$skiptoken=secret").unwrap_err().to_string();
        assert!(error.contains("evil.example") && !error.contains("secret"), "{error}");
    }
}
