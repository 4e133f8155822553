//! The path of a collection as a pattern: fixed text, and the ids of the objects above.
//!
//! `users/{users}/mailFolders` fits `users/5/mailFolders` and finds that `users` is `5`. An id may also be an argument, as
//! in `getAllTranscripts(meetingOrganizerUserId='{users}')`.

/// A path below the version.
#[derive(Debug, Default)]
pub(super) struct Route(Vec<Segment>);

#[derive(Debug)]
struct Segment {
    before: String,
    /// The collection whose id stands here.
    parent: Option<String>,
    after: String,
}

/// The collection of an object above, and the name by which it is asked for.
pub(super) type Named = (&'static str, String);

impl Route {
    pub(super) fn of(path: &str) -> Self {
        Self(path.split('/').map(segment).collect())
    }

    /// How many segments it has.
    pub(super) fn length(&self) -> usize {
        self.0.len()
    }

    /// How many of them are the same in every path.
    pub(super) fn fixed(&self) -> usize {
        self.0.iter().filter(|segment| segment.parent.is_none()).count()
    }

    /// The collection whose objects the path is below.
    pub(super) fn parent(&self) -> Option<&str> {
        self.0.iter().rev().find_map(|segment| segment.parent.as_deref())
    }

    /// The names above when the path begins so, each collection once.
    pub(super) fn matched(&'static self, segments: &[String]) -> Option<Vec<Named>> {
        let mut named: Vec<Named> = Vec::new();
        for (index, segment) in self.0.iter().enumerate() {
            let text = segments.get(index)?;
            let Some(parent) = &segment.parent else {
                if *text != segment.before {
                    return None;
                }
                continue;
            };
            let inner = text.strip_prefix(segment.before.as_str())?.strip_suffix(segment.after.as_str())?;
            if inner.is_empty() {
                return None;
            }
            named.retain(|(name, _)| name != parent);
            named.push((parent, inner.to_owned()));
        }
        Some(named)
    }
}

fn segment(text: &str) -> Segment {
    let fixed = || Segment { before: text.to_owned(), parent: None, after: String::new() };
    let parts = text.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
    parts.map_or_else(fixed, |(before, (parent, after))| Segment {
        before: before.to_owned(),
        parent: Some(parent.to_owned()),
        after: after.to_owned(),
    })
}

/// The type to which a segment of a path casts, such as `microsoft.graph.user`; clients shorten the name of the schema.
pub(super) fn cast(segment: &str) -> Option<&str> {
    segment.strip_prefix("microsoft.").unwrap_or(segment).strip_prefix("graph.")
}

/// The decoded segments of a path below the version; `mailFolders('5')` is `mailFolders/5`.
pub(super) fn segments(path: &str) -> Vec<String> {
    let decoded = path
        .split('/')
        .map(|segment| percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned());
    let split = decoded.flat_map(|segment| match segment.split_once("('") {
        Some((name, id)) if id.ends_with("')") && !name.is_empty() => {
            vec![name.to_owned(), id[..id.len() - 2].to_owned()]
        }
        _ => vec![segment],
    });
    split.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched(path: &str, asked: &str) -> Option<Vec<Named>> {
        Box::leak(Box::new(Route::of(path))).matched(&segments(asked))
    }

    #[test]
    fn a_path_names_the_objects_above() {
        let path = "users/{users}/mailFolders/{mailFolders}/messages";
        let named = |user: &str, folder: &str| {
            Some(vec![("users", user.to_owned()), ("mailFolders", folder.to_owned())])
        };
        assert_eq!(matched(path, "users/a%40b/mailFolders/c/messages/delta"), named("a@b", "c"));
        assert_eq!(matched(path, "users/a/mailFolders('c=')/messages"), named("a", "c="));
        assert_eq!(matched(path, "users/a/mailFolders"), None);
        assert_eq!(matched(path, "users//mailFolders/c/messages"), None);
        assert_eq!(Route::of(path).parent(), Some("mailFolders"));
        assert_eq!(Route::of("users").parent(), None);
    }

    #[test]
    fn an_id_may_be_an_argument() {
        let path = "users/{users}/onlineMeetings/getAllTranscripts(meetingOrganizerUserId='{users}')";
        let asked = "users/5/onlineMeetings/getAllTranscripts(meetingOrganizerUserId='5')/delta";
        assert_eq!(matched(path, asked), Some(vec![("users", "5".to_owned())]));
        assert_eq!(matched(path, "users/5/onlineMeetings/getAllTranscripts(x='5')"), None);
    }
}
