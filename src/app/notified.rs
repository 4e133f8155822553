//! Where change notifications lead to. Nothing is asked for that.

use super::ids;
use super::parts::Parts;
use crate::catalogue::Resource;
use crate::notify::{About, Meant};
use crate::protocol::Feed;

/// Where a notification leads to: to the feed that its client state names, or to one object of it. `feed` may be a part of a
/// resource that holds several feeds. None if notifications lead to no such feed.
pub(super) fn meant(parts: &Parts, feed: &Feed, about: About<'_>) -> Option<Meant> {
    let row = parts.resources().iter().find(|row| row.name == feed.resource)?;
    let is_notified = match feed.parent {
        None => row.notified().is_some(),
        Some(_) => row.notified_below().is_some(),
    };
    is_notified.then(|| named(row, feed, about).unwrap_or_else(|| Meant { feed: feed.key(), id: None }))
}

/// The object that a notification names, where only that is to be read. It may lie below the parents that its path names, but
/// not outside of what the client state names.
fn named(row: &Resource, feed: &Feed, about: About<'_>) -> Option<Meant> {
    if let Some(members) = row.notified().and_then(|to| to.members.as_ref()) {
        return Some(Meant {
            feed: feed.key(),
            id: Some(id_in(about.resource?, collection(members, "/{")?)?),
        });
    }
    let id = about.id.filter(|_| row.is_read_singly()).and_then(ids::one)?;
    let parents = row
        .parents()
        .iter()
        .map(|parent| id_in(about.resource?, collection(&row.path, &format!("/{{{parent}}}"))?));
    let parents: Vec<_> = parents.collect::<Option<_>>()?;
    let parents: Vec<_> = parents.iter().map(String::as_str).collect();
    let exact = Feed::under(&row.name, &parents).key();
    let is_within = exact == feed.key() || exact.starts_with(&format!("{}/", feed.key()));
    is_within.then_some(Meant { feed: exact, id: Some(id) })
}

/// Whether a path of parents is shorter than those of the feeds of a resource, which are all meant then.
pub(super) fn is_part(parts: &Parts, feed: &Feed) -> bool {
    let row =
        parts.resources().iter().find(|row| row.name == feed.resource && row.notified_below().is_some());
    let ids = feed.parent.as_ref().map_or(0, |path| path.split('/').count());
    row.is_some_and(|row| 0 < ids && ids < row.parents().len())
}

/// The collection that a path has before a name in braces, or what such a name begins with: `teams` in
/// `/teams/{teams}/channels`.
fn collection<'a>(path: &'a str, name: &str) -> Option<&'a str> {
    path.split_once(name)?.0.rsplit('/').next()
}

/// The id of the object of a collection that a path names: `teams('…')/channels('…')` or `teams/…/channels/…`.
fn id_in(resource: &str, collection: &str) -> Option<String> {
    let mut segments = resource.split('/');
    let is_it = |name: &str| name.eq_ignore_ascii_case(collection);
    let id = segments.find_map(|segment| match segment.split_once("('") {
        Some((name, rest)) => is_it(name).then(|| rest.strip_suffix("')")),
        None => is_it(segment).then_some(None),
    })?;
    ids::one(id.or_else(|| segments.next())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    const TEAM: &str = "5ed12dd6-24f8-4777-be3d-0d234e06cefa";

    fn row(name: &str) -> Resource {
        let found = catalogue::embedded().unwrap().iter().find(|row| row.name == name);
        Resource { notify: true, ..Resource::clone(found.unwrap()) }
    }

    fn about<'a>(resource: &'a str, id: &'a str) -> About<'a> {
        About { resource: Some(resource), id: Some(id) }
    }

    fn meant(feed: &str, id: &str) -> Option<Meant> {
        Some(Meant { feed: feed.to_owned(), id: Some(id.to_owned()) })
    }

    #[test]
    fn a_notification_names_one_object_where_no_delta_query_tells_what_changed() {
        let record = about("communications/callRecords/e523", "e523");
        assert_eq!(
            named(&row("callRecords"), &Feed::of("callRecords"), record),
            meant("callRecords", "e523")
        );
        let user = about("Users/1", "1");
        assert_eq!(named(&row("users"), &Feed::of("users"), user), None, "the delta query tells more");
        for odd in ["", "a/b", "ada@contoso.com"] {
            assert_eq!(named(&row("callRecords"), &Feed::of("callRecords"), about("x", odd)), None);
        }
    }

    #[test]
    fn the_path_of_the_object_names_its_parents_within_what_the_client_state_names() {
        let (channels, upper) = (row("channels"), TEAM.to_uppercase());
        let feed = format!("channels/{TEAM}");
        for path in [format!("teams('{upper}')/channels('19:a@t')"), format!("/Teams/{TEAM}/channels/19:a@t")]
        {
            let about = about(&path, "19:a@t");
            assert_eq!(named(&channels, &Feed::of("channels"), about), meant(&feed, "19:a@t"), "{path}");
            assert_eq!(named(&channels, &Feed::named("channels/other"), about), None);
        }
        for odd in ["channels('19:a@t')", "teams('5ed", "teams", "teams(5)/channels('19:a@t')"] {
            assert_eq!(named(&channels, &Feed::of("channels"), about(odd, "19:a@t")), None, "{odd}");
        }
    }

    #[test]
    fn the_members_of_a_chat_have_feeds_that_the_notification_does_not_name() {
        for (name, path) in [("chats", "chats('19:c@t')"), ("chatMessages", "chats('19:c@t')/messages('17')")]
        {
            assert_eq!(named(&row(name), &Feed::of(name), about(path, "17")), meant(name, "19:c@t"));
        }
    }
}
