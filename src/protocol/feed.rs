//! A feed: the objects that one chain of delta links returns, and the documents of a container that belong to it. Pure.
//!
//! Each lease, checkpoint, work item and client state belongs to one feed and is named by its key. Document queries use
//! a [`Scope`], so that sweeping, counting or settling one feed never affects the documents of another.

use super::parent_of;

/// One resource, or the part of it below one parent, such as the messages of one folder.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Feed {
    /// The catalogue's name of the resource.
    pub resource: String,
    /// The ids of the parents as a path, as [`Feed::under`] builds it.
    pub parent: Option<String>,
}

impl Feed {
    /// The feed of a resource that has no parent.
    pub fn of(resource: &str) -> Self {
        Self { resource: resource.to_owned(), parent: None }
    }

    /// The feed of a resource below these parents. The ids are given outermost first, percent-encoded, and joined by
    /// `/`.
    pub fn under(resource: &str, ids: &[&str]) -> Self {
        let ids: Vec<_> = ids.iter().map(|id| parent_of(id)).collect();
        let parent = (!ids.is_empty()).then(|| ids.join("/"));
        Self { resource: resource.to_owned(), parent }
    }

    /// The feed with this key; none where an id in it is empty. Ids may be percent-encoded, and need not be.
    pub fn from_key(key: &str) -> Option<Self> {
        let mut parts = key.split('/');
        let resource = parts.next()?;
        let ids: Vec<_> =
            parts.map(|id| percent_encoding::percent_decode_str(id).decode_utf8_lossy()).collect();
        let is_whole = !resource.is_empty() && ids.iter().all(|id| !id.is_empty());
        is_whole.then(|| Self::under(resource, &ids.iter().map(|id| &**id).collect::<Vec<_>>()))
    }

    /// The feed, or the part of a resource, that a key names.
    pub fn named(key: &str) -> Self {
        let (resource, parent) =
            key.split_once('/').map_or((key, None), |(resource, parent)| (resource, Some(parent)));
        Self { resource: resource.to_owned(), parent: parent.map(str::to_owned) }
    }

    /// The key of the feed: `users`, or `messages/<user>/<folder>`.
    pub fn key(&self) -> String {
        match &self.parent {
            Some(parent) => format!("{}/{parent}", self.resource),
            None => self.resource.clone(),
        }
    }

    /// The documents of a container that belong to the feed.
    pub fn scope<'a>(&'a self, container: &'a str) -> Scope<'a> {
        Scope { container, parent: self.parent.as_deref() }
    }
}

/// The documents of one feed: a whole container, or one partition of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope<'a> {
    /// The container.
    pub container: &'a str,
    /// The parent of the documents, which is their partition; `None` where each document is its own partition.
    pub parent: Option<&'a str>,
}

impl<'a> Scope<'a> {
    /// All documents of a container.
    pub fn whole(container: &'a str) -> Self {
        Self { container, parent: None }
    }

    /// The partition of the document with this id.
    pub fn partition(&self, id: &'a str) -> &'a str {
        self.parent.unwrap_or(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_feed_tells_parents_apart() {
        assert_eq!(Feed::of("users").key(), "users");
        assert_eq!(Feed::under("messages", &["a b", "c/d"]).key(), "messages/a%20b/c%2Fd");
        assert_ne!(Feed::under("m", &["a", "b"]).key(), Feed::under("m", &["a/b"]).key());
        assert_eq!(Feed::under("users", &[]), Feed::of("users"));
        for feed in [Feed::of("users"), Feed::under("messages", &["a b", "c/d"])] {
            assert_eq!(Feed::named(&feed.key()), feed);
        }
        for feed in [Feed::of("users"), Feed::under("messages", &["a b", "c/d", "é"])] {
            assert_eq!(Feed::from_key(&feed.key()), Some(feed));
        }
        assert_eq!(Feed::from_key("m/a b=/c"), Some(Feed::under("m", &["a b=", "c"])));
        assert!(["", "/", "users/", "m//a", "/m"].iter().all(|key| Feed::from_key(key).is_none()));
    }

    #[test]
    fn a_document_lies_in_the_partition_of_its_parent_or_in_its_own() {
        assert_eq!(Scope::whole("users").partition("1"), "1");
        assert_eq!(Feed::under("messages", &["a"]).scope("messages").partition("1"), "a");
    }
}
