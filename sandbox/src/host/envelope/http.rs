//! The envelope of an HTTP trigger (`HttpRequestExtensions.GetRequestAsJObject`).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Members, Sys, encoded, envelope};

/// A request that came in at the host's front.
#[derive(Debug, Clone, Default)]
pub(in crate::host) struct HttpRequest {
    pub url: String,
    pub method: String,
    pub query: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    /// The route's parameters; an optional one that is absent is `None`.
    pub params: Vec<(String, Option<String>)>,
    /// The level of the key that was shown, if any: `Function` or `Admin`.
    pub key_level: Option<&'static str>,
    /// Empty also when the client sent its body without a length: the host loses such a body.
    pub body: Vec<u8>,
}

/// Builds the envelope.
pub(in crate::host) fn http(binding: &str, request: &HttpRequest, sys: &Sys) -> String {
    let query = joined(&request.query);
    let mut data = Members::default();
    data.put("Url", request.url.as_str());
    data.put("Method", request.method.as_str());
    data.put("Query", query.clone());
    data.put("Headers", header_lists(&request.headers));
    let mut params = Members::default();
    for (name, value) in &request.params {
        params.put(name, value.clone());
    }
    data.put("Params", params);
    data.put("Identities", json!([identity(request.key_level)]));
    if !request.body.is_empty() {
        data.put("Body", body_text(request));
    }
    envelope(binding, data, metadata(request, query, sys))
}

/// Members of a JSON body, then the query, then the route: what comes later wins.
fn metadata(request: &HttpRequest, query: Members, sys: &Sys) -> Members {
    let mut metadata = Members::default();
    if !is_binary(request) {
        metadata.merge_json(&String::from_utf8_lossy(&request.body));
    }
    for (name, value) in joined_pairs(&request.query) {
        if !name.eq_ignore_ascii_case("code") && !name.to_lowercase().ends_with("trigger") {
            metadata.put(&name, encoded(&Value::from(value)));
        }
    }
    for (name, value) in &request.params {
        if let Some(value) = value {
            metadata.put(name, encoded(&Value::from(value.as_str())));
        }
    }
    metadata.put("Query", query);
    metadata.put("Headers", joined(&canonical_headers(&request.headers)));
    metadata.put("sys", sys.members());
    metadata
}

fn header_lists(headers: &[(String, String)]) -> Members {
    let mut lists: Vec<(String, Vec<String>)> = Vec::new();
    for (name, value) in canonical_headers(headers) {
        match lists.iter_mut().find(|(present, _)| *present == name) {
            Some((_, values)) => values.push(value),
            None => lists.push((name, vec![value])),
        }
    }
    let mut members = Members::default();
    for (name, values) in lists {
        members.put(&name, values);
    }
    members
}

/// Kestrel spells the headers it knows in their canonical way; others keep the client's spelling.
fn canonical_headers(headers: &[(String, String)]) -> Vec<(String, String)> {
    const KNOWN: [&str; 8] = [
        "Accept",
        "Accept-Encoding",
        "Accept-Language",
        "Authorization",
        "Content-Length",
        "Content-Type",
        "Host",
        "User-Agent",
    ];
    let spelled =
        |name: &str| KNOWN.iter().find(|known| known.eq_ignore_ascii_case(name)).map(ToString::to_string);
    headers
        .iter()
        .map(|(name, value)| (spelled(name).unwrap_or_else(|| name.clone()), value.clone()))
        .collect()
}

fn joined(pairs: &[(String, String)]) -> Members {
    let mut members = Members::default();
    for (name, value) in joined_pairs(pairs) {
        members.put(&name, value);
    }
    members
}

/// Repeated names are joined by commas.
fn joined_pairs(pairs: &[(String, String)]) -> Vec<(String, String)> {
    let mut joined: Vec<(String, String)> = Vec::new();
    for (name, value) in pairs {
        match joined.iter_mut().find(|(present, _)| present.eq_ignore_ascii_case(name)) {
            Some((_, values)) => *values = format!("{values},{value}"),
            None => joined.push((name.clone(), value.clone())),
        }
    }
    joined
}

fn identity(level: Option<&str>) -> Value {
    let claims = level.map(|level| {
        json!({
            "Issuer": "LOCAL AUTHORITY", "OriginalIssuer": "LOCAL AUTHORITY", "Properties": {},
            "Type": "http://schemas.microsoft.com/2017/07/functions/claims/authlevel", "Value": level,
            "ValueType": "http://www.w3.org/2001/XMLSchema#string",
        })
    });
    json!({
        "AuthenticationType": level.map(|_| "WebJobsAuthLevel"), "IsAuthenticated": level.is_some(),
        "Actor": null, "BootstrapContext": null, "Claims": Vec::from_iter(claims), "Label": null, "Name": null,
        "NameClaimType": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
        "RoleClaimType": "http://schemas.microsoft.com/ws/2008/06/identity/claims/role",
    })
}

fn is_binary(request: &HttpRequest) -> bool {
    let content_type = request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    content_type.is_some_and(|(_, value)| {
        let value = value.to_lowercase();
        value.starts_with("application/octet-stream") || value.starts_with("multipart/")
    })
}

fn body_text(request: &HttpRequest) -> String {
    if is_binary(request) {
        STANDARD.encode(&request.body)
    } else {
        String::from_utf8_lossy(&request.body).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sys;
    use super::*;

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    fn request() -> HttpRequest {
        HttpRequest {
            url: "https://app.azurewebsites.net/api/resources/users?full=true".into(),
            method: "POST".into(),
            query: vec![pair("full", "true")],
            headers: vec![pair("host", "app.azurewebsites.net"), pair("content-type", "application/json")],
            params: vec![("resource".into(), Some("users".into())), ("id".into(), None)],
            key_level: Some("Function"),
            body: br#"{"full":true}"#.to_vec(),
        }
    }

    #[test]
    fn a_request_is_an_object() {
        let text = http("req", &request(), &sys("resync"));
        let start = [
            r#"{"Data":{"req":{"Url":"https://app.azurewebsites.net/api/resources/users?full=true","Method":"POST","#,
            r#""Query":{"full":"true"},"Headers":{"Host":["app.azurewebsites.net"],"Content-Type":["application/json"]},"#,
            r#""Params":{"resource":"users","id":null},"Identities":[{"#,
        ];
        assert!(text.starts_with(&start.concat()), "{text}");
        assert!(text.contains(r#""Body":"{\"full\":true}"}},"#), "{text}");
        let metadata = [
            r#""Metadata":{"full":"\"true\"","resource":"\"users\"","Query":{"full":"true"},"#,
            r#""Headers":{"Host":"app.azurewebsites.net","Content-Type":"application/json"},"sys":{"#,
        ];
        assert!(text.contains(&metadata.concat()), "{text}");
    }

    #[test]
    fn an_empty_body_is_absent_and_a_binary_one_is_base64() {
        let empty = HttpRequest { body: Vec::new(), ..request() };
        assert!(!http("req", &empty, &sys("f")).contains(r#""Body""#));
        let headers = vec![pair("Content-Type", "application/octet-stream")];
        let binary = HttpRequest { body: vec![0, 1, 2], headers, ..request() };
        assert!(http("req", &binary, &sys("f")).contains(r#""Body":"AAEC""#));
    }

    #[test]
    fn a_key_in_the_query_is_in_the_url_and_not_in_the_metadata() {
        let request =
            HttpRequest { query: vec![pair("code", "s3cret"), pair("a", "1"), pair("a", "2")], ..request() };
        let text = http("req", &request, &sys("f"));
        assert!(text.contains(r#""Query":{"code":"s3cret","a":"1,2"}"#), "{text}");
        assert!(!text.contains(r#""code":"\"s3cret\"""#), "{text}");
    }
}
