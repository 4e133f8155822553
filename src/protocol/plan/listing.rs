//! When a first copy is read as a list, and when a delta query has to confirm it (rule 16). Pure.

use time::{Duration, OffsetDateTime};

use super::{Definition, Why};
use crate::protocol::{Checkpoint, FirstCopy, Listing, Shards, State};

/// For so long, a list that shows all that the delta query does is followed by its changes only. A replica that was behind
/// may have shown an object as it was before the delta link was given out, and no change tells of that.
const CONFIRMED_AFTER: Duration = Duration::HOUR;

/// Whether a generation that begins for this reason may be read as a list: there has never been a complete copy.
pub fn begins(why: Why, begun: &Checkpoint, definition: &Definition) -> Option<Listing> {
    let is_first = why == Why::First && begun.as_of.is_none() && !begun.compares && !definition.orphaned;
    (is_first && definition.first_copy != FirstCopy::Delta).then_some(Listing::Due)
}

/// Whether a delta query has to confirm the list now: at once if that has no links, or has shown too little.
pub fn is_unconfirmed(checkpoint: &Checkpoint, definition: &Definition, now: OffsetDateTime) -> bool {
    let Some(Listing::Done { is_short }) = checkpoint.listing else { return false };
    let is_old = now - checkpoint.generation_began >= CONFIRMED_AFTER;
    is_short || is_old || definition.first_copy != FirstCopy::List
}

/// The shards that are being read.
pub fn open(checkpoint: &Checkpoint) -> Option<&Shards> {
    match &checkpoint.listing {
        Some(Listing::Open(shards)) => Some(shards),
        _ => None,
    }
}

/// Whether the next page is the first one of the delta query, or the beginning of a list.
pub fn is_first_page(checkpoint: &Checkpoint) -> bool {
    checkpoint.state == (State::Enumerating { link: None }) && open(checkpoint).is_none()
}

/// A page of each of some shards is written. After the last one, the feed goes on with what changed since the list began.
pub(super) fn read(next: &mut Checkpoint, shards: Shards, began: OffsetDateTime, definition: &Definition) {
    if !shards.open.is_empty() {
        next.listing = Some(Listing::Open(shards));
        return;
    }
    next.listing = Some(Listing::Done { is_short: shards.shown < shards.counted });
    next.state = State::Tracking { link: shards.token };
    if definition.first_copy == FirstCopy::List {
        next.as_of = Some(began);
        next.unfinished_generations = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::plan::{self, PageWritten};
    use crate::protocol::{Counts, Ids, LastRun, Link, Mode, Next, Numbers, Shard};

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + Duration::seconds(seconds)
    }

    fn definition(first_copy: FirstCopy) -> Definition {
        Definition {
            feed: "users".into(),
            mode: Mode::Delta,
            shape: "s".into(),
            tenant_id: "t".into(),
            containers: Ids::new(),
            orphaned: false,
            first_copy,
        }
    }

    /// A list of five objects, that has shown so many of them on its only page.
    fn listed(first_copy: FirstCopy, shown: u64) -> Checkpoint {
        let definition = definition(first_copy);
        let blank = plan::blank(&definition, Numbers { generation: 1, save: 1 }, at(0));
        let begun = plan::begin(&blank, &definition, None, 1, at(100));
        let begun = Checkpoint { listing: begins(Why::First, &begun, &definition), ..begun };
        let (run, took) = (
            LastRun { at: at(100), counts: Counts::default() },
            PageWritten { counts: Counts::default(), doubtful: false, at: at(100) },
        );
        let open = vec![Shard::between(None, None)];
        let shards = Shards { token: Link::new("https://g/d"), counted: 5, shown: 0, open };
        let page = |checkpoint: &Checkpoint, shards: Shards| {
            plan::page(checkpoint, Next::Shards(shards), took, run.clone(), 1, &definition)
        };
        let first = page(&begun, shards.clone());
        assert_eq!((open_of(&first), first.open_since), (Some(1), Some(at(100))));
        assert!(is_first_page(&begun) && !is_first_page(&first));
        page(&first, Shards { shown, open: Vec::new(), ..shards })
    }

    fn open_of(checkpoint: &Checkpoint) -> Option<usize> {
        open(checkpoint).map(|shards| shards.open.len())
    }

    #[test]
    fn after_a_list_changes_are_followed_and_a_delta_query_confirms_it() {
        let (done, list) = (listed(FirstCopy::List, 5), definition(FirstCopy::List));
        assert_eq!(done.state, State::Tracking { link: Link::new("https://g/d") });
        assert_eq!((done.as_of, done.pending_sweep, open_of(&done)), (Some(at(100)), None, None));
        let is_due = |done: &Checkpoint, now| is_unconfirmed(done, &list, at(now));
        assert!(!is_due(&done, 3699) && is_due(&done, 3700));
        assert_eq!(plan::next(&done, &list, at(3700)), plan::Step::Begin(Why::Listed));
        let confirms = plan::begin(&done, &list, None, 1, at(3700));
        assert!(confirms.compares && confirms.listing.is_none(), "it writes only what differs");
        assert!(is_due(&listed(FirstCopy::List, 4), 101), "an object is in no shard");
    }

    #[test]
    fn a_list_without_links_is_confirmed_at_once_and_until_then_there_is_no_copy() {
        let done = listed(FirstCopy::ListOfObjects, 5);
        assert_eq!((done.as_of, done.unfinished_generations), (None, 1));
        assert!(is_unconfirmed(&done, &definition(FirstCopy::ListOfObjects), at(101)));
    }

    #[test]
    fn only_a_first_copy_is_read_as_a_list() {
        let list = definition(FirstCopy::List);
        let begun = plan::begin(
            &plan::blank(&list, Numbers { generation: 1, save: 1 }, at(0)),
            &list,
            None,
            1,
            at(9),
        );
        assert_eq!(begins(Why::First, &begun, &list), Some(Listing::Due));
        assert_eq!(begins(Why::DeadToken, &begun, &list), None);
        assert_eq!(begins(Why::First, &begun, &definition(FirstCopy::Delta)), None);
        assert_eq!(begins(Why::First, &Checkpoint { as_of: Some(at(1)), ..begun }, &list), None);
    }
}
