//! What a subscription is to: a resource, or the part of it below one parent. Pure.

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;

use super::Keeper;
use crate::catalogue::{Resource, Subscribed};
use crate::protocol::{Feed, hashed};

/// The ids of records of subscriptions below parents begin so.
pub(super) const BELOW: &str = "below-";
/// Longest name of a feed in a client state, which has 128 characters at most.
const LONGEST: usize = 81;

/// One subscription that a row has.
#[derive(Debug, Clone)]
pub(super) struct Target<'a> {
    pub row: &'a Resource,
    pub to: Subscribed,
    /// The feed, or the part of the resource that holds several feeds.
    pub feed: Feed,
}

impl<'a> Target<'a> {
    /// The whole resource; none where it has no subscription of its own.
    pub fn whole(row: &'a Resource) -> Option<Self> {
        Some(Self { row, to: row.notified()?.clone(), feed: Feed::of(&row.name) })
    }

    /// The part below these parents, of a row that is subscribed to there.
    pub fn below(row: &'a Resource, parent: &str) -> Option<Self> {
        let to = row.subscription.as_ref().filter(|_| row.notified_below().is_some())?;
        let ids = row.parents().iter().zip(parent.split('/'));
        let resource = ids.fold(to.resource.clone(), |path, (name, id)| {
            path.replace(&format!("{{{name}}}"), &percent_decode_str(id).decode_utf8_lossy())
        });
        let feed = Feed { resource: row.name.clone(), parent: Some(parent.to_owned()) };
        Some(Self { row, to: Subscribed { resource, ..to.clone() }, feed })
    }

    /// The parts to which a row is to be subscribed, given the parents of its feeds.
    pub fn all_below(row: &'a Resource, parents: impl Iterator<Item = String>) -> Vec<Self> {
        let Some(depth) = row.notified_below() else { return Vec::new() };
        let part = |path: String| path.split('/').take(depth).collect::<Vec<_>>().join("/");
        let parts: BTreeSet<_> = parents.map(part).collect();
        parts.iter().filter_map(|parent| Self::below(row, parent)).collect()
    }

    /// The id of its record.
    pub fn record_id(&self) -> String {
        match &self.feed.parent {
            Some(_) => format!("{BELOW}{}", short(&self.feed.key())),
            None => self.row.name.clone(),
        }
    }

    /// What its client state names: the key of the feed, or where that is too long, a hash of it.
    pub fn state_name(&self) -> String {
        let key = self.feed.key();
        if key.len() <= LONGEST { key } else { format!("{}/~{}", self.row.name, short(&key)) }
    }
}

/// The client state of a subscription, and its hash; none without a secret.
pub(super) fn state(keeper: &Keeper<'_>, target: &Target<'_>) -> Option<(String, String)> {
    let state = keeper.keys.sign(keeper.tenant_id, &target.state_name())?;
    let hash = hashed(state.as_bytes());
    Some((state, hash))
}

/// The id of the record to which the hash in a client state leads; none if it names a feed itself.
pub(super) fn record_of(feed: &Feed) -> Option<String> {
    feed.parent.as_ref()?.strip_prefix('~').map(|hash| format!("{BELOW}{hash}"))
}

fn short(key: &str) -> String {
    hashed(key.as_bytes()).trim_start_matches("~sha256-").chars().take(32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    fn row(name: &str) -> Resource {
        let found = catalogue::embedded().unwrap().iter().find(|row| row.name == name);
        Resource { notify: true, ..Resource::clone(found.unwrap()) }
    }

    #[test]
    fn one_subscription_covers_all_feeds_below_the_parents_that_it_names() {
        let (messages, folders) = (row("messages"), ["u1/a", "u2/b", "u1/c"]);
        let all = Target::all_below(&messages, folders.into_iter().map(str::to_owned));
        let paths: Vec<_> = all.iter().map(|one| &*one.to.resource).collect();
        assert_eq!(paths, ["/users/u1/messages", "/users/u2/messages"]);
        assert_eq!(all[0].feed.key(), "messages/u1");
        let quiet = Resource { notify: false, ..row("messages") };
        assert!(Target::all_below(&quiet, ["u1/a".to_owned()].into_iter()).is_empty());
    }

    #[test]
    fn a_client_state_is_never_too_long_and_leads_to_the_record() {
        let items = row("driveItems");
        let long = Target::below(&items, &format!("{}/b%21x", "s".repeat(100))).unwrap();
        assert_eq!(long.to.resource, "/drives/b!x/root");
        assert!(long.state_name().len() <= LONGEST && long.state_name().starts_with("driveItems/~"));
        assert_eq!(record_of(&Feed::named(&long.state_name())), Some(long.record_id()));
        let short = Target::below(&items, "s/d").unwrap();
        assert_eq!((short.state_name(), record_of(&short.feed)), ("driveItems/s/d".to_owned(), None));
    }
}
