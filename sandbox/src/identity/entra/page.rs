//! The pages that a person would see. Plain forms that a script can answer too.

/// A page that asks who signs in; it is posted to its own address.
pub(super) fn sign_in(app: &str, hint: &str, users: &[String]) -> String {
    let options: String = users.iter().map(|name| format!("<option value=\"{}\">", escaped(name))).collect();
    page(
        "Sign in",
        &format!(
            "<p>Sign in to {}.</p><form method=\"post\"><p><label>Who are you? <input name=\"username\" list=\"users\" \
             value=\"{}\" required autofocus></label><datalist id=\"users\">{options}</datalist></p><p><button>Accept \
             and sign in</button> <button name=\"cancel\" value=\"1\" formnovalidate>Cancel</button></p></form>",
            escaped(app),
            escaped(hint),
        ),
    )
}

/// A page that asks for the code of a device.
pub(super) fn device(code: &str) -> String {
    page(
        "Enter code",
        &format!(
            "<p>Enter the code that your device shows.</p><form method=\"post\"><p><label>Code <input name=\"otc\" \
             value=\"{}\" required autofocus></label></p><p><label>Who are you? <input name=\"username\"></label></p>\
             <p><button>Sign in</button> <button name=\"decline\" value=\"1\">Decline</button></p></form>",
            escaped(code)
        ),
    )
}

/// A page with one sentence.
pub(super) fn said(sentence: &str) -> String {
    page("Sign in", &format!("<p>{}</p>", escaped(sentence)))
}

/// A page that posts these values to the app at once, for `response_mode=form_post`.
pub(super) fn form_post(redirect: &str, values: &[(String, String)]) -> String {
    let field = |(name, value): &(String, String)| {
        format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">", escaped(name), escaped(value))
    };
    let fields: String = values.iter().map(field).collect();
    page(
        "Working...",
        &format!(
            "<form method=\"post\" action=\"{}\">{fields}<noscript><button>Go on</button></noscript></form><script>\
             document.forms[0].submit()</script>",
            escaped(redirect)
        ),
    )
}

/// What a page of [`form_post`] posts, and where; nothing for any other page.
pub(super) fn posted(page: &str) -> Option<(String, Vec<(String, String)>)> {
    let attribute = |tag: &str, name: &str| {
        let value = tag.split_once(&format!(" {name}=\""))?.1;
        Some(unescaped(value.split('"').next()?))
    };
    let form = page.split_once("<form")?.1;
    let address = attribute(form.split('>').next()?, "action")?;
    let fields = form.split("<input").skip(1).filter_map(|tag| {
        let tag = tag.split('>').next()?;
        Some((attribute(tag, "name")?, attribute(tag, "value")?))
    });
    Some((address, fields.collect()))
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title></head><body>{body}</body></html>"
    )
}

fn escaped(text: &str) -> String {
    let escape = |letter: char| match letter {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        other => other.to_string(),
    };
    text.chars().map(escape).collect()
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_a_page_posts_are_read_as_they_were_written() {
        let values = [("code", "a&b"), ("state", "\"<x>\" &amp; y")];
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let page = form_post("http://localhost:1/?a=1&b=2", &values);
        assert_eq!(posted(&page), Some(("http://localhost:1/?a=1&b=2".to_owned(), values)));
        assert_eq!(posted(&sign_in("app", "", &[])), None);
    }
}
