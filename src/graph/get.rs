//! Any GET of Microsoft Graph, as a value: built and tested without I/O.
//!
//! Promises: the URL is on the configured origin and below an API version; options are percent-encoded; what is
//! wrong with a request is found before anything is sent, and told without its text, which may carry a token.
//! Leaves out on purpose: whether the path exists and which options it knows. Graph says so.

use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::bad_get::{BadGet, Version};
use super::link::is_within;
use super::sending::PREFER;

/// What is not written as it is in the value of a query option.
const ENCODED: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'&').add(b'+').add(b'<').add(b'>');

/// Headers that are not for a caller: the token's, and those that follow from the connection.
const OURS: [&str; 9] = [
    "authorization",
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "accept-encoding",
    "proxy-authorization",
    "te",
    "upgrade",
];

/// One GET of any path, with any query options and headers.
///
/// ```
/// use graph_mirror::graph::Get;
///
/// let unread = Get::path("/me/messages")
///     .select(["subject", "receivedDateTime"])
///     .filter("isRead eq false")
///     .top(50)
///     .header("Prefer", r#"IdType="ImmutableId""#);
/// let origin = "https://graph.microsoft.com".parse()?;
/// assert_eq!(
///     unread.url(&origin)?.as_str(),
///     "https://graph.microsoft.com/v1.0/me/messages\
///      ?$select=subject,receivedDateTime&$filter=isRead%20eq%20false&$top=50",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Get {
    text: String,
    version: Option<Version>,
    options: Vec<(String, String)>,
    headers: Vec<(String, String)>,
}

impl Get {
    /// A path below the API version, with or without its first slash: `/users`, `me/messages`. It may begin with
    /// the version (`/beta/users`), have query options, percent-encoded where Graph wants that
    /// (`/users?$top=5`), or be the address of a request, such as a next link.
    pub fn path(text: impl Into<String>) -> Self {
        Self { text: text.into(), version: None, options: Vec::new(), headers: Vec::new() }
    }

    /// With this version; without it, and none in the path, it is [`Version::V1`].
    #[must_use]
    pub fn version(mut self, version: Version) -> Self {
        self.version = Some(version);
        self
    }

    /// With a query option, such as `$orderby` or `$search`. The value is percent-encoded here.
    #[must_use]
    pub fn option(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.options.push((name.to_owned(), value.to_string()));
        self
    }

    /// With `$select`: only these properties.
    #[must_use]
    pub fn select<T: Into<String>>(self, properties: impl IntoIterator<Item = T>) -> Self {
        let properties: Vec<String> = properties.into_iter().map(Into::into).collect();
        self.option("$select", properties.join(","))
    }

    /// With `$filter`: <https://learn.microsoft.com/graph/filter-query-parameter>.
    #[must_use]
    pub fn filter(self, condition: &str) -> Self {
        self.option("$filter", condition)
    }

    /// With `$top`: so many objects in a page. It does not bound how many objects a list has.
    #[must_use]
    pub fn top(self, objects: u32) -> Self {
        self.option("$top", objects)
    }

    /// With a header, such as `ConsistencyLevel`. A name that is given twice gets both values, and `Prefer` keeps
    /// ours. Every page of a list is asked for with it.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The URL on `origin`.
    ///
    /// # Errors
    /// [`BadGet`]: nothing can be sent.
    pub fn url(&self, origin: &Url) -> Result<Url, BadGet> {
        let (path, query) = self.text.split_once('?').unwrap_or((&self.text, ""));
        let is_address = path.contains("://");
        let mut url = if is_address { self.address(origin)? } else { below(origin, path, self.version)? };
        let stated = stated(&url);
        if let (Some(stated), Some(asked)) = (stated, self.version)
            && stated != asked
        {
            return Err(BadGet::OtherVersion(stated));
        }
        let options = self.options.iter();
        let options = options.map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, ENCODED)));
        let written = (!query.is_empty()).then(|| query.to_owned());
        let all: Vec<_> = written.into_iter().chain(options).collect();
        // An address stays as it is to the letter unless something is added: it may be a next link.
        if !is_address || !self.options.is_empty() {
            url.set_query((!all.is_empty()).then(|| all.join("&")).as_deref());
        }
        once(&url)?;
        Ok(url)
    }

    /// The headers besides ours.
    pub(super) fn headers(&self) -> Result<HeaderMap, BadGet> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let bad = |why| BadGet::Header { name: name.clone(), why };
            let key: HeaderName = name.parse().map_err(|_| bad("has a name that HTTP does not know"))?;
            if OURS.contains(&key.as_str()) {
                return Err(bad("is set by the client and by nobody else"));
            }
            let before = match headers.get(&key).and_then(|value: &HeaderValue| value.to_str().ok()) {
                None if key == "prefer" => Some(PREFER),
                before => before,
            };
            let value = before.map_or_else(|| value.clone(), |before| format!("{before}, {value}"));
            let value =
                HeaderValue::from_str(&value).map_err(|_| bad("has a value that HTTP does not allow"))?;
            headers.insert(key, value);
        }
        Ok(headers)
    }

    /// Everything that is wrong before anything is sent.
    ///
    /// # Errors
    /// [`BadGet`].
    pub fn check(&self, origin: &Url) -> Result<(), BadGet> {
        self.url(origin)?;
        self.headers().map(drop)
    }

    fn address(&self, origin: &Url) -> Result<Url, BadGet> {
        let url = Url::parse(&self.text).map_err(|_| BadGet::Path("is neither a path nor an address"))?;
        if !is_within(&url, origin) {
            let host = |url: &Url| url.host_str().unwrap_or("no host").to_owned();
            return Err(BadGet::OtherHost { host: host(&url), configured: host(origin) });
        }
        if url.fragment().is_some() {
            return Err(BadGet::Path("has a `#`; write it as %23"));
        }
        match stated(&url) {
            Some(_) => Ok(url),
            None => Err(BadGet::Path("of the address does not begin with /v1.0/ or /beta/")),
        }
    }
}

impl fmt::Debug for Get {
    /// Without the text, which may be a link.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Get").field("version", &self.version).finish_non_exhaustive()
    }
}

/// A path below the API version that it begins with, else that is asked for.
fn below(origin: &Url, path: &str, version: Option<Version>) -> Result<Url, BadGet> {
    let path = path.trim();
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() {
        return Err(BadGet::Path("is empty"));
    }
    if path.contains('\\') || path.chars().any(char::is_control) {
        return Err(BadGet::Path("has a backslash or a control character"));
    }
    for segment in path.split('/') {
        match segment.to_ascii_lowercase().replace("%2e", ".").as_str() {
            "" => return Err(BadGet::Path("has an empty segment")),
            "." | ".." => return Err(BadGet::Path("has a segment `.` or `..`")),
            _ => {}
        }
    }
    let first = path.split('/').next().unwrap_or_default();
    let mut url = origin.clone();
    match Version::ALL.iter().any(|version| version.segment() == first) {
        true => url.set_path(path),
        false => url.set_path(&format!("{}/{path}", version.unwrap_or(Version::V1))),
    }
    Ok(url)
}

/// The version that a URL begins with.
fn stated(url: &Url) -> Option<Version> {
    let first = url.path_segments()?.next()?;
    Version::ALL.into_iter().find(|version| version.segment() == first)
}

/// Graph takes query options with and without `$`, and each of them once.
fn once(url: &Url) -> Result<(), BadGet> {
    let mut seen = Vec::new();
    for (name, _) in url.query_pairs() {
        let plain = name.trim_start_matches('$').to_ascii_lowercase();
        if seen.contains(&plain) {
            return Err(BadGet::Twice(name.into_owned()));
        }
        seen.push(plain);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(get: &Get) -> Result<String, BadGet> {
        let url = get.url(&Url::parse("https://graph.microsoft.com").unwrap())?;
        Ok(url.as_str().trim_start_matches("https://graph.microsoft.com").to_owned())
    }

    #[test]
    fn a_path_is_found_however_it_is_written() {
        for (text, expected) in [
            ("/users", "/v1.0/users"),
            ("users/", "/v1.0/users"),
            ("me/messages", "/v1.0/me/messages"),
            ("/v1.0/users", "/v1.0/users"),
            ("beta/users", "/beta/users"),
            (
                "/users?$filter=startswith(displayName,'A b')",
                "/v1.0/users?$filter=startswith(displayName,%27A%20b%27)",
            ),
            ("/users/ada_x.com#EXT#@contoso.com", "/v1.0/users/ada_x.com%23EXT%23@contoso.com"),
            ("/drives/b!x/root:/a b.txt:/content", "/v1.0/drives/b!x/root:/a%20b.txt:/content"),
            ("https://graph.microsoft.com/beta/me", "/beta/me"),
            ("HTTPS://graph.microsoft.com:443/v1.0/me", "/v1.0/me"),
        ] {
            assert_eq!(url(&Get::path(text)).as_deref(), Ok(expected), "{text}");
        }
        assert_eq!(url(&Get::path("users").version(Version::Beta)).unwrap(), "/beta/users");
    }

    #[test]
    fn options_are_encoded_and_added_to_those_of_the_path() {
        let get = Get::path("/users?$count=true").select(["id", "mail"]).filter("a eq 'x+y & 100%'").top(5);
        assert_eq!(
            url(&get).unwrap(),
            "/v1.0/users?$count=true&$select=id,mail&$filter=a%20eq%20%27x%2By%20%26%20100%25%27&$top=5"
        );
    }

    #[test]
    fn a_link_is_followed_to_the_letter() {
        let link = "https://graph.microsoft.com/v1.0/users?$skiptoken=a~b%23c(token)%2B";
        assert_eq!(url(&Get::path(link)).unwrap(), "/v1.0/users?$skiptoken=a~b%23c(token)%2B");
    }

    #[test]
    fn what_is_no_request_is_refused_without_its_text() {
        for text in [
            "",
            "/",
            "?$top=hush",
            "/users/../hush",
            "/users/%2E%2e/hush",
            "/hush/./x",
            "//evil.example/hush",
            "a\\hush",
            "a\nhush",
            "https://evil.example/v1.0/hush",
            "http://graph.microsoft.com/v1.0/hush",
            "https://hush@graph.microsoft.com/v1.0/x",
            "https://graph.microsoft.com/hush",
            "https://graph.microsoft.com/v1.0/x#hush",
            "ftp://",
            "/users?$top=1&top=hush",
        ] {
            let error = url(&Get::path(text)).unwrap_err();
            assert!(!error.to_string().contains("hush"), "{text}: {error}");
        }
        let twice = Get::path("/users?$select=id").select(["mail"]);
        assert_eq!(url(&twice), Err(BadGet::Twice("$select".into())));
        let other = Get::path("/v1.0/users").version(Version::Beta);
        assert_eq!(url(&other), Err(BadGet::OtherVersion(Version::V1)));
        assert!(!format!("{:?}", Get::path("/x?$skiptoken=hush").header("x", "hush")).contains("hush"));
    }

    #[test]
    fn headers_are_joined_and_some_are_not_for_a_caller() {
        let get = Get::path("x")
            .header("Prefer", "a=1")
            .header("prefer", "b")
            .header("ConsistencyLevel", "eventual");
        let headers = get.headers().unwrap();
        assert_eq!(headers["prefer"], format!("{PREFER}, a=1, b"));
        assert_eq!(headers["consistencylevel"], "eventual");
        for (name, value) in
            [("Authorization", "hush"), ("host", "hush"), ("a b", "hush"), ("", ""), ("x", "hush\n")]
        {
            let error = Get::path("x").header(name, value).headers().unwrap_err();
            assert!(!error.to_string().contains("hush"), "{error}");
        }
    }
}
