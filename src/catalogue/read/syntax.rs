//! What the texts of a row may look like; pure.

/// What [`is_path`] allows, in words.
pub(super) const PATH: &str = "/<path>, with {<resource>} for the id of a parent, and no ?, #, %, // or ..";
/// What [`is_type`] allows.
pub(super) const TYPE: &str = "a type such as microsoft.graph.user";
/// What [`is_text`] allows.
pub(super) const TEXT: &str = "a text on one line";

/// A name of letters and digits.
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A path below the API version: names, ids of parents and functions with arguments.
pub(super) fn is_path(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-()=',$@{}".contains(&byte);
    let is_segment = |segment: &str| {
        !matches!(segment, "" | "." | "..") && segment.bytes().all(is_allowed) && is_balanced(segment)
    };
    text.strip_prefix('/').is_some_and(|path| path.split('/').all(is_segment))
}

/// What leads to the person who is signed in, or to something of theirs.
pub(super) fn is_me(path: &str) -> bool {
    path == "/me" || path.starts_with("/me/")
}

/// Braces come in pairs, with a name in each.
fn is_balanced(segment: &str) -> bool {
    let mut parts = segment.split('{');
    let is_outside = |text: &str| !text.contains('}');
    parts.next().is_some_and(is_outside)
        && parts
            .all(|part| part.split_once('}').is_some_and(|(name, rest)| is_word(name) && is_outside(rest)))
}

/// The name of a type of Graph.
pub(super) fn is_type(text: &str) -> bool {
    text.strip_prefix("microsoft.graph.").is_some_and(|name| name.split('.').all(is_word))
}

/// The name of a permission.
pub(super) fn is_permission(text: &str) -> bool {
    text.split('.')
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
}

/// Something, without line breaks.
pub(super) fn is_text(text: &str) -> bool {
    !text.trim().is_empty() && !text.contains(char::is_control)
}

/// The value of a header.
pub(super) fn is_header(text: &str) -> bool {
    is_text(text) && text.is_ascii()
}
