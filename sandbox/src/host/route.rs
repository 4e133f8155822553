//! Route templates of HTTP functions: `refresh/{resource}/{id?}`.

use percent_encoding::percent_decode_str;

/// The parameters of a route, in its order; an optional one that is absent has none.
pub(super) type Params = Vec<(String, Option<String>)>;

/// Matches a path (without the prefix and a leading slash) against a template.
pub(super) fn matches(template: &str, path: &str) -> Option<Params> {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let mut params = Params::new();
    for part in template.split('/').filter(|part| !part.is_empty()) {
        let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else {
            if !segments.next()?.eq_ignore_ascii_case(part) {
                return None;
            }
            continue;
        };
        if let Some(name) = name.strip_prefix('*') {
            let rest: Vec<&str> = segments.by_ref().collect();
            params.push((name.to_owned(), Some(decoded(&rest.join("/")))));
            continue;
        }
        let optional = name.ends_with('?');
        let segment = segments.next();
        if segment.is_none() && !optional {
            return None;
        }
        // A constraint ("{id:int}") is not looked at.
        let name = name.trim_end_matches('?').split(':').next().unwrap_or_default();
        params.push((name.to_owned(), segment.map(decoded)));
    }
    segments.next().is_none().then_some(params)
}

/// How specific a template is: with several matches the one with the most literal segments wins.
pub(super) fn literals(template: &str) -> usize {
    template.split('/').filter(|part| !part.is_empty() && !part.starts_with('{')).count()
}

/// ASP.NET decodes everything but an encoded slash.
fn decoded(segment: &str) -> String {
    let kept = segment.replace("%2F", "%252F").replace("%2f", "%252f");
    percent_decode_str(&kept).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(template: &str, path: &str) -> Option<Vec<(String, String)>> {
        let shown = |(name, value): (String, Option<String>)| (name, value.unwrap_or_else(|| "-".into()));
        matches(template, path).map(|params| params.into_iter().map(shown).collect())
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.into(), value.into())
    }

    #[test]
    fn parameters_are_read_and_optional_ones_may_be_absent() {
        let template = "refresh/{resource}/{id?}";
        let both = vec![pair("resource", "users"), pair("id", "a/b")];
        assert_eq!(
            params(template, "refresh/users/a%2fb"),
            Some(vec![pair("resource", "users"), pair("id", "a%2fb")])
        );
        assert_ne!(params(template, "refresh/users/a%2fb"), Some(both));
        assert_eq!(params(template, "Refresh/users"), Some(vec![pair("resource", "users"), pair("id", "-")]));
        assert_eq!(params(template, "refresh"), None);
        assert_eq!(params(template, "refresh/users/1/2"), None);
    }

    #[test]
    fn segments_are_decoded_and_the_rest_can_be_caught() {
        assert_eq!(params("{name:alpha}", "J%C3%B6rg%20M"), Some(vec![pair("name", "Jörg M")]));
        assert_eq!(params("files/{*path}", "files/a/b"), Some(vec![pair("path", "a/b")]));
        assert!(literals("status/all") > literals("status/{resource?}"));
    }
}
