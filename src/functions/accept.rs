//! What a caller would rather have: a page for people, or JSON for programs. Pure.
//!
//! Reads the header `Accept` as far as that choice needs: media ranges with their quality, the most specific one wins
//! (<https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1>). JSON is the default, also between equals.

/// Whether `text/html` is preferred to `application/json`. `accept` has the values of all headers `Accept`.
pub fn prefers_html(accept: &[String]) -> bool {
    let ranges: Vec<_> = accept.iter().flat_map(|one| one.split(',')).map(range).collect();
    let quality = |kind: &str, subtype: &str| {
        let specific = |range: &str| match range.split_once('/') {
            Some((k, s)) if k.eq_ignore_ascii_case(kind) && s.eq_ignore_ascii_case(subtype) => Some(2),
            Some((k, "*")) if k.eq_ignore_ascii_case(kind) => Some(1),
            Some(("*", "*")) => Some(0),
            _ => None,
        };
        let fitting = ranges.iter().filter_map(|(range, quality)| Some((specific(range)?, *quality)));
        fitting.max_by_key(|(specific, _)| *specific).map_or(0, |(_, quality)| quality)
    };
    quality("text", "html") > quality("application", "json")
}

/// A media range without its parameters, and its quality in thousandths.
fn range(text: &str) -> (&str, u32) {
    let mut parts = text.split(';').map(str::trim);
    let range = parts.next().unwrap_or_default();
    let quality = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim().parse::<f64>().unwrap_or(0.0))
    });
    (range, (quality.unwrap_or(1.0).clamp(0.0, 1.0) * 1000.0) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_get_a_page_and_everybody_else_json() {
        let page = [
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
            "text/html",
            "TEXT/HTML; q=0.5 , application/json;q=0.4",
            "application/json;q=0, */*",
            "text/*",
        ];
        let json = [
            "",
            "*/*",
            "application/json",
            "application/json, text/plain, */*",
            "text/html, application/json",
            "text/html;q=0.1, application/json",
            "text/html;q=0, */*;q=0",
            "text/html;q=often",
            "nonsense",
        ];
        for accept in page {
            assert!(prefers_html(&[accept.to_owned()]), "{accept}");
        }
        for accept in json {
            assert!(!prefers_html(&[accept.to_owned()]), "{accept}");
        }
        assert!(!prefers_html(&[]));
        assert!(prefers_html(&["application/json;q=0.5".into(), "text/html".into()]), "two headers are one");
    }
}
