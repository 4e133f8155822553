//! The plan, rule by rule.

use proptest::prelude::*;

use super::abandon::{BURNT_AGE, LATEST};
use super::clock::{CLOCKS, OLD};
use super::stuck::Stuck;
use super::*;
use crate::protocol::doubt::{
    Marks, is_agreed, is_among, is_doubtful, is_weighed, may_have_missed_tombstones, may_settle,
    was_read_before_last_round,
};
use crate::protocol::{Abandoned, LastRun, LeaseState, Next, Reach, Source, Unclean, Window};

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap()
}

fn definition() -> Definition {
    Definition {
        feed: "users".into(),
        mode: Mode::Delta,
        shape: "s".into(),
        tenant_id: "t".into(),
        containers: Ids::new(),
        orphaned: false,
        first_copy: FirstCopy::Delta,
    }
}

fn run() -> LastRun {
    LastRun { at: now(), counts: Counts::default() }
}

fn all() -> Swept {
    Swept::default()
}

fn took() -> PageWritten {
    PageWritten { counts: Counts::default(), doubtful: false, at: now() }
}

fn link(text: &str) -> Link {
    Link::new(text)
}

/// The number of a generation that begins now.
const FIRST: u64 = 1_800_000_000;

/// Those of an empty container, long ago: what follows counts from them.
fn numbers() -> Numbers {
    Numbers { generation: 0, save: 0 }
}

fn enumerating() -> Checkpoint {
    begin(&blank(&definition(), numbers(), now()), &definition(), None, 1, now())
}

fn tracking() -> Checkpoint {
    page(&enumerating(), Next::DeltaLink(link("d")), took(), run(), 1, &definition())
}

#[test]
fn a_feed_without_a_checkpoint_begins() {
    assert_eq!(next(&blank(&definition(), numbers(), now()), &definition(), now()), Step::Begin(Why::First));
    let begun = enumerating();
    assert_eq!((begun.generation, begun.pending_sweep, begun.save), (FIRST, None, 1));
    assert_eq!(begun.state, State::Enumerating { link: None });
    assert_eq!(next(&begun, &definition(), now()), Step::Continue);
}

#[test]
fn a_range_that_moves_on_is_kept_with_the_enumeration_and_another_one_begins_a_generation() {
    let days = time::Duration::days;
    let rolling = crate::protocol::Rolling { back: days(30), ahead: days(365), roll: days(7) };
    let definition = Definition { mode: Mode::Rolling(rolling), ..definition() };
    let located = Some(link("https://g/location"));
    let begun = begin(&blank(&definition, numbers(), now()), &definition, located, 1, now());
    assert_eq!((&begun.state, begun.at_location), (&State::Enumerating { link: None }, false));
    assert_eq!(begun.window, Some(rolling.range(now())));
    let tracking = page(&begun, Next::DeltaLink(link("d")), took(), run(), 1, &definition);
    assert_eq!((tracking.window, tracking.pending_sweep), (begun.window, Some(FIRST)));
    assert_eq!(next(&tracking, &definition, now() + days(6)), Step::Continue);
    assert_eq!(next(&tracking, &definition, now() + days(8)), Step::Begin(Why::Range));
    let under_way = page(&begun, Next::NextLink(link("n")), took(), run(), 1, &definition);
    assert_eq!(next(&under_way, &definition, now() + days(8)), Step::Continue, "it is read to its end");
    let again = begin(&tracking, &definition, None, 1, now() + days(8));
    assert_eq!(again.window, Some(rolling.range(now() + days(8))));
}

#[test]
fn where_additions_only_are_reported_no_sweep_is_ever_pending() {
    let definition = Definition { mode: Mode::Additions, ..definition() };
    let begun = begin(&blank(&definition, numbers(), now()), &definition, None, 1, now());
    let tracking = page(&begun, Next::DeltaLink(link("d")), took(), run(), 1, &definition);
    assert_eq!(tracking.pending_sweep, None);
    let orphaned = Definition { orphaned: true, ..definition };
    let begun = begin(&tracking, &orphaned, None, 1, now());
    assert_eq!(page(&begun, Next::End, took(), run(), 1, &orphaned).pending_sweep, Some(begun.generation));
}

#[test]
fn the_delta_link_of_an_enumeration_owes_its_sweep_and_that_of_a_round_of_changes_does_not() {
    let first = tracking();
    assert_eq!((first.pending_sweep, &first.state), (Some(FIRST), &State::Tracking { link: link("d") }));
    let clean = swept(&first, all(), 1, now());
    assert_eq!(clean.pending_sweep, None);
    let on = page(&clean, Next::NextLink(link("n")), took(), run(), 1, &definition());
    assert_eq!((&on.state, on.open_since), (&State::Tracking { link: link("n") }, Some(now())));
    let home = page(&on, Next::DeltaLink(link("e")), took(), run(), 1, &definition());
    assert_eq!((home.pending_sweep, home.save, home.open_since), (None, 5, None));
}

#[test]
fn a_crash_before_the_sweep_leaves_it_pending() {
    let owing = tracking();
    let later = page(&owing, Next::DeltaLink(link("e")), took(), run(), 2, &definition());
    assert_eq!(later.pending_sweep, Some(FIRST));
    assert_eq!(abandon(&owing, 2, now()).pending_sweep, Some(FIRST));
}

#[test]
fn a_sweep_that_had_to_leave_some_stays_pending() {
    let left = swept(&tracking(), Swept { left: true, ..all() }, 1, now());
    assert_eq!((left.pending_sweep, left.save), (Some(FIRST), 3));
}

#[test]
fn what_was_read_shortly_before_a_round_may_not_be_told_by_it() {
    let (owing, doubt) = (tracking(), Duration::from_secs(900));
    assert_eq!(owing.as_of, Some(now()));
    assert!(was_read_before_last_round(&owing, now() - doubt, doubt));
    assert!(!was_read_before_last_round(&owing, now() - doubt + Duration::from_millis(1), doubt));
    assert!(!was_read_before_last_round(&enumerating(), now() - doubt, doubt), "no round has ended");
}

#[test]
fn the_second_in_which_cosmos_wrote_may_have_been_at_its_end() {
    let doubt = Duration::from_secs(900);
    assert!(!is_agreed(100, 1_000, doubt) && is_agreed(100, 1_001, doubt));
    assert!(!is_agreed(100, 102, Duration::from_millis(1_200)));
}

#[test]
fn a_new_generation_forgets_the_pending_sweep_of_the_old_one() {
    let begun = begin(&tracking(), &definition(), None, 2, now());
    assert_eq!((begun.generation, begun.pending_sweep), (FIRST + 1, None));
}

#[test]
fn a_generation_begins_where_graph_says_until_its_first_page_is_saved() {
    let begun = begin(&tracking(), &definition(), Some(link("l")), 2, now());
    assert_eq!((&begun.state, begun.at_location), (&State::Enumerating { link: Some(link("l")) }, true));
    let waiting = throttled(&abandon(&begun, 3, now()), Duration::ZERO, 3, now());
    assert!(waiting.at_location, "later turns know it too");
    for follows in [Next::NextLink(link("n")), Next::DeltaLink(link("d"))] {
        assert!(!page(&begun, follows, took(), run(), 2, &definition()).at_location);
    }
    assert!(!begin(&begun, &definition(), None, 3, now()).at_location);
    assert_eq!(next(&begun, &definition(), now()), Step::Continue);
    let late = now() + LOCATION_AGE;
    assert_eq!(next(&begun, &definition(), late), Step::Begin(Why::DeadLocation), "it only makes us wait");
}

#[test]
fn another_shape_or_an_old_enumeration_begins_anew() {
    let other = Definition { shape: "other".into(), ..definition() };
    assert_eq!(next(&tracking(), &other, now()), Step::Begin(Why::Shape));
    assert_eq!(next(&enumerating(), &other, now()), Step::Begin(Why::Shape));
    let old = now() + GENERATION_AGE;
    assert_eq!(next(&tracking(), &definition(), old), Step::Begin(Why::Age));
    assert_eq!(
        next(&enumerating(), &definition(), old),
        Step::Continue,
        "a slow enumeration is not restarted"
    );
}

#[test]
fn another_container_than_before_begins_anew_and_one_that_was_unknown_does_not() {
    let ids = |id: &str| Ids::from([("users".to_owned(), id.to_owned())]);
    let seen = |id| Definition { containers: ids(id), ..definition() };
    assert_eq!(next(&tracking(), &seen("a"), now()), Step::Continue, "nobody knew it before");
    let known = acquainted(tracking(), &seen("a"));
    assert_eq!(known.containers, ids("a"));
    assert_eq!(next(&known, &seen("a"), now()), Step::Continue);
    assert_eq!(next(&known, &definition(), now()), Step::Continue, "it is missing: that says nothing yet");
    assert_eq!(next(&known, &seen("b"), now()), Step::Begin(Why::Container));
    assert_eq!(acquainted(known.clone(), &seen("b")).containers, ids("a"), "only a generation knows it anew");
    assert_eq!(begin(&known, &seen("b"), None, 2, now()).containers, ids("b"));
    assert_eq!(begin(&known, &definition(), None, 2, now()).containers, ids("a"), "it may come back");
    let walking = Checkpoint { containers: ids("a"), ..enumerating() };
    assert_eq!(next(&walking, &seen("b"), now()), Step::Begin(Why::Container), "in mid-walk too");
}

#[test]
fn what_may_have_expired_is_read_anew_once_the_container_is_mended() {
    let seen = Definition { containers: Ids::from([("users".to_owned(), "a".to_owned())]), ..definition() };
    let known = acquainted(tracking(), &seen);
    let expiring = expired(&known, "users", 2).unwrap();
    assert_eq!(expiring.save, known.save + 1);
    assert_eq!(expired(&expiring, "users", 3), None, "said once");
    assert_eq!(next(&expiring, &seen, now()), Step::Begin(Why::Container));
}

#[test]
fn generations_come_from_time_and_two_in_one_second_differ() {
    let (first, second) = (enumerating(), begin(&enumerating(), &definition(), None, 2, now()));
    assert_eq!((first.generation, second.generation), (FIRST, FIRST + 1));
    let later = begin(&second, &definition(), None, 3, now() + Duration::from_secs(60));
    assert_eq!(later.generation, FIRST + 60);
    let small = Checkpoint { generation: 4, save: 17, ..tracking() };
    assert_eq!(
        page(&small, Next::NextLink(link("n")), took(), run(), 2, &definition()).generation,
        4,
        "an older version's goes on"
    );
    assert_eq!(begin(&small, &definition(), None, 2, now()).generation, FIRST);
    let ahead = Checkpoint { generation: FIRST * 2, ..tracking() };
    assert_eq!(begin(&ahead, &definition(), None, 2, now()).generation, FIRST * 2 + 1, "a clock was ahead");
}

#[test]
fn whatever_a_lost_checkpoint_covered_is_doubtful_and_weighed_before_it_is_looked_at() {
    let numbers = Numbers::from_time(now());
    let lost = begin(&blank(&definition(), numbers, now()), &definition(), None, 1, now());
    let old = Marks { generation: 4, save: 17, source: Source::Delta };
    let mine = Marks { generation: lost.generation, save: lost.save + 1, source: Source::Delta };
    assert!(is_doubtful(&lost, old) && is_weighed(&lost, old) && !may_settle(&lost, old));
    assert!(!is_doubtful(&lost, mine) && is_weighed(&lost, mine));
    let by_id = Marks { source: Source::ById, ..old };
    assert!(!is_weighed(&lost, by_id) && may_settle(&lost, by_id));
    let owing = page(&lost, Next::DeltaLink(link("d")), took(), run(), 1, &definition());
    assert!(!may_settle(&owing, old));
    assert!(may_settle(&swept(&owing, all(), 1, now()), old));
    assert_eq!(
        blank(&definition(), Numbers { generation: FIRST * 2, ..numbers }, now()).generation + 1,
        FIRST * 2
    );
    // What such a checkpoint left whose clock was ahead, or one that an older version was restored over.
    let above = Marks { save: lost.save + 2, ..mine };
    assert!(is_doubtful(&lost, above) && is_weighed(&lost, above));
}

#[test]
fn abandoned_numbers_are_forgotten_once_no_late_write_can_carry_them() {
    let twice = abandon(&tracking(), 2, now());
    assert_eq!(forgettable(&twice, now() + LATEST - Duration::from_secs(1)), []);
    let later = now() + LATEST;
    let gap = abandon(&page(&twice, Next::NextLink(link("n")), took(), run(), 3, &definition()), 4, later);
    let old = forgettable(&gap, later);
    assert_eq!(old, twice.abandoned);
    let left = forget(&gap, &old, 5);
    assert_eq!((left.abandoned.len(), left.abandoned[0].at, left.save), (1, later, gap.save + 1));
}

#[test]
fn what_a_clock_wrote_that_was_ahead_is_taken_for_written_now() {
    let then = now() + Duration::from_secs(86_400 * 3650);
    let ahead =
        Checkpoint { generation_began: then, as_of: Some(then), open_since: Some(then), ..tracking() };
    assert_eq!(is_ahead(&ahead, now()).map(|ahead| ahead.whole_days()), Some(3650));
    let right = bounded(ahead, now());
    let moments = (Some(right.generation_began), right.as_of, right.open_since);
    assert_eq!(moments, (Some(now()), Some(now()), Some(now())));
    assert_eq!(bounded(tracking(), now()), tracking());
    assert_eq!((is_ahead(&tracking(), now()), is_ahead(&tracking(), now() - CLOCKS)), (None, None));
}

#[test]
fn a_feed_that_gets_nowhere_is_stuck_after_a_day() {
    let day = Duration::from_secs(86_400);
    let hours = 24;
    assert_eq!(stuck(&tracking(), now() + day * 20), None, "that is what `token_old` is for");
    assert_eq!(stuck(&enumerating(), now() + day), Some(Stuck::RoundOpen { hours }));
    let open = page(
        &swept(&tracking(), all(), 1, now()),
        Next::NextLink(link("n")),
        took(),
        run(),
        1,
        &definition(),
    );
    assert_eq!(stuck(&open, now() + day - Duration::from_secs(1)), None);
    assert_eq!(stuck(&open, now() + day), Some(Stuck::RoundOpen { hours }));
    let fails = failing(&failing(&tracking(), 2, now()), 3, now() + day / 2);
    assert_eq!(fails.failing_since, Some(now()), "since the first time");
    assert_eq!(next(&fails, &definition(), now() + day / 2), Step::Continue);
    assert_eq!(next(&fails, &definition(), now() + day), Step::Begin(Why::FailingLink));
    assert_eq!(stuck(&fails, now() + day), Some(Stuck::LinkFails { hours }));
    assert_eq!(page(&fails, Next::NextLink(link("n")), took(), run(), 3, &definition()).failing_since, None);
    assert_eq!(begin(&fails, &definition(), None, 3, now()).failing_since, None);
}

#[test]
fn generations_that_follow_each_other_are_stuck() {
    let again = |checkpoint: &Checkpoint| begin(checkpoint, &definition(), None, 1, now());
    let third = again(&again(&enumerating()));
    assert_eq!(stuck(&again(&enumerating()), now()), None);
    assert_eq!(stuck(&third, now()), Some(Stuck::Generations { times: 3 }));
    assert_eq!(
        stuck(&page(&third, Next::DeltaLink(link("d")), took(), run(), 1, &definition()), now()),
        None
    );
    let mut checkpoint = tracking();
    for times in 1..=3 {
        let shape = times.to_string();
        checkpoint = begin(&checkpoint, &Definition { shape, ..definition() }, None, 1, now());
        checkpoint = page(&checkpoint, Next::DeltaLink(link("d")), took(), run(), 1, &definition());
        let shapes = (times == 3).then_some(Stuck::Shapes { times });
        assert_eq!(stuck(&checkpoint, now()), shapes, "although each of them is complete");
    }
    let later = now() + Duration::from_secs(86_400);
    assert_eq!(stuck(&checkpoint, later), None, "one has won");
    assert_eq!(begin(&checkpoint, &definition(), None, 1, later).shape_changes, 1);
}

#[test]
fn a_copy_is_old_before_its_token_is_dead() {
    let fresh = Checkpoint { as_of: Some(now()), ..tracking() };
    assert!(!is_old(&fresh, now() + OLD));
    assert!(is_old(&fresh, now() + OLD + Duration::from_secs(1)));
    let began = now() - Duration::from_secs(6 * 86_400);
    assert!(is_old(&Checkpoint { generation_began: began, ..enumerating() }, now()), "never complete");
    assert!(!is_old(&Checkpoint { generation_began: began, ..tracking() }, now()), "complete since");
    assert!(!is_old(
        &Checkpoint { generation_began: began, ..blank(&definition(), numbers(), now()) },
        now()
    ));
}

#[test]
fn another_tenant_is_refused_with_both_named() {
    let other = Definition { tenant_id: "mine".into(), ..definition() };
    let refused = belongs(&tracking(), &other).unwrap_err();
    assert_eq!((refused.stored.as_str(), refused.ours.as_str()), ("t", "mine"));
}

#[test]
fn a_throttled_feed_waits_at_most_an_hour() {
    let waiting = throttled(&tracking(), Duration::from_secs(86_400), 1, now());
    assert_eq!(next(&waiting, &definition(), now()), Step::Wait(now() + LONGEST_WAIT));
    assert_eq!(next(&waiting, &definition(), now() + LONGEST_WAIT), Step::Continue);
    let absurd = Checkpoint { not_before: Some(now() + 2 * LONGEST_WAIT), ..waiting };
    assert_eq!(next(&absurd, &definition(), now()), Step::Continue, "a wrong clock wrote it");
}

#[test]
fn abandoned_numbers_are_ranges_and_are_forgotten_after_thirty_days() {
    let twice = abandon(&abandon(&tracking(), 2, now()), 3, now());
    assert_eq!(twice.abandoned, [Abandoned { from: 3, to: 4, at: now() }]);
    assert_eq!(twice.unclean, Some(Unclean { turns: 2, noticed_at: now() }), "and they are counted");
    assert!(
        is_among(&twice.abandoned, 3)
            && is_among(&twice.abandoned, 4)
            && !is_among(&twice.abandoned, 2)
            && !is_among(&twice.abandoned, 5)
    );
    let later = now() + BURNT_AGE;
    let gap = page(&twice, Next::NextLink(link("n")), took(), run(), 3, &definition());
    assert_eq!(abandon(&gap, 4, later).abandoned, [Abandoned { from: 6, to: 6, at: later }]);
}

proptest! {
    /// Whatever happens, saves count up by one, epochs are ours, and generations never go back.
    #[test]
    fn every_step_is_one_save(steps in prop::collection::vec(0..6_u8, 1..60)) {
        let mut checkpoint = blank(&definition(), numbers(), now());
        for (number, step) in steps.into_iter().enumerate() {
            let epoch = number as u64 + 1;
            let next = match step {
                0 => abandon(&checkpoint, epoch, now()),
                1 => begin(&checkpoint, &definition(), None, epoch, now()),
                2 => page(&checkpoint, Next::NextLink(link("n")), took(), run(), epoch, &definition()),
                3 => page(&checkpoint, Next::DeltaLink(link("d")), took(), run(), epoch, &definition()),
                4 => swept(&checkpoint, all(), epoch, now()),
                _ => throttled(&checkpoint, Duration::from_secs(1), epoch, now()),
            };
            prop_assert_eq!((next.save, next.epoch), (checkpoint.save + 1, epoch));
            prop_assert!(next.generation >= checkpoint.generation);
            prop_assert!(next.pending_sweep.is_none_or(|pending_sweep| pending_sweep <= next.generation));
            prop_assert!(is_among(&next.abandoned, next.save) == (step == 0));
            checkpoint = next;
        }
    }
}

#[test]
fn a_feed_that_slept_for_as_long_as_a_tombstone_lives_cannot_know_which_links_have_lost_an_end() {
    let (ttl, day) = (Duration::from_secs(8 * 86_400), time::Duration::DAY);
    let looked = Checkpoint { links_removed_until: Some(now()), ..tracking() };
    assert!(
        !may_have_missed_tombstones(&looked, now() + 7 * day, ttl)
            && may_have_missed_tombstones(&looked, now() + 8 * day, ttl)
    );
    let anew = Checkpoint { generation_began: now() + 8 * day, ..looked };
    assert!(!may_have_missed_tombstones(&anew, now() + 9 * day, ttl), "all links were told anew since");
    let never = Checkpoint { links_removed_until: None, ..tracking() };
    assert!(may_have_missed_tombstones(&never, now() + 8 * day, ttl));
}

#[test]
fn an_enumeration_that_hid_several_objects_holds_its_sweep_until_another_one() {
    let one = swept(&tracking(), Swept { hidden: 1, ..all() }, 1, now());
    assert_eq!((one.pending_sweep, one.hidden), (None, 0), "one may have come back meanwhile");
    let held = swept(&tracking(), Swept { hidden: 2, ..all() }, 1, now());
    assert_eq!((held.pending_sweep, held.hidden), (tracking().pending_sweep, 2));
    assert_eq!(begin(&held, &definition(), None, 1, now()).hidden, 0);
    let accepted = swept(&held, all(), 1, now());
    assert_eq!((accepted.pending_sweep, accepted.hidden), (None, 0));
}

#[test]
fn after_a_dead_token_a_time_brings_what_changed_and_a_generation_the_rest() {
    let (lag, old) = (Duration::from_secs(900), tracking());
    let as_of = old.as_of.unwrap();
    assert_eq!(restart(&old, Some(link("l")), Some(lag)), Restart::At(link("l")), "Graph says where");
    assert_eq!(restart(&old, None, Some(lag)), Restart::Since(as_of - lag));
    assert_eq!(restart(&old, None, None), Restart::Anew, "Graph takes no time");
    let begun = begin(&old, &definition(), None, 1, now());
    assert_eq!(restart(&begun, None, Some(lag)), Restart::Anew, "an enumeration begins anew");
    let caught = catch_up(&old, as_of - lag, 1);
    assert_eq!(
        restart(&caught, None, Some(lag)),
        Restart::Anew,
        "a time that leads to a dead token is not tried again"
    );
    assert_eq!(next(&caught, &definition(), now()), Step::Continue);
    let open = page(&caught, Next::NextLink(link("n")), took(), run(), 1, &definition());
    assert_eq!((open.at_location, next(&open, &definition(), now())), (false, Step::Continue));
    let done = page(&open, Next::DeltaLink(link("d")), took(), run(), 1, &definition());
    assert_eq!((done.as_of, is_up_to_date(&done)), (old.as_of, false), "it may not be all");
    assert_eq!(next(&done, &definition(), now()), Step::Begin(Why::DeadToken));
    assert_eq!(begin(&done, &definition(), None, 1, now()).changes_since, None);
}

#[test]
fn what_may_still_arrive_is_read_again_however_long_nobody_reads() {
    let reach = reach();
    let definition = Definition { mode: Mode::Window(reach), ..definition() };
    let last = Window { from: now() - time::Duration::HOUR, to: now(), last: true };
    let began = begin(&blank(&definition, numbers(), now()), &definition, None, 1, now());
    let took = PageWritten { at: now(), ..took() };
    let read = page(&Checkpoint { window: Some(last), ..began }, Next::End, took, run(), 1, &definition);
    assert_eq!((read.as_of, read.read_until), (Some(now()), Some(now() - reach.overlap)));
    let later = begin(&read, &definition, None, 1, now() + time::Duration::days(2));
    assert_eq!(later.window.map(|window| window.from), Some(now() - reach.overlap));
    // What happened long ago has arrived.
    let old = Window { to: now() - time::Duration::DAY, last: false, ..last };
    let read = page(&Checkpoint { window: Some(old), ..read }, Next::End, took, run(), 1, &definition);
    assert_eq!(read.read_until, Some(old.to));
}

fn reach() -> Reach {
    Reach { overlap: time::Duration::HOUR, retention: time::Duration::days(30), bounded: true }
}

#[test]
fn what_is_read_by_time_is_read_from_the_beginning_where_the_container_is_another_one() {
    let reach = reach();
    let holding = |id: &str| Definition {
        mode: Mode::Window(reach),
        containers: Ids::from([("signIns".to_owned(), id.to_owned())]),
        ..definition()
    };
    let began = begin(&blank(&holding("1"), numbers(), now()), &holding("1"), None, 1, now());
    let read =
        Checkpoint { read_until: Some(now()), ..page(&began, Next::End, took(), run(), 1, &holding("1")) };
    let later = now() + time::Duration::DAY;
    let again = begin(&read, &holding("1"), None, 1, later);
    assert_eq!(again.window.map(|window| window.from), Some(now()));
    let anew = begin(&read, &holding("2"), None, 1, later);
    assert_eq!(
        (anew.read_until, anew.window.map(|window| window.from)),
        (None, Some(later - reach.retention))
    );
    let half = Checkpoint { state: State::Enumerating { link: Some(link("n")) }, ..again };
    let cut = begin(&half, &holding("2"), None, 1, later);
    assert_eq!(
        cut.window.map(|window| window.from),
        Some(later - reach.retention),
        "in the middle of a range too"
    );
}

#[test]
fn a_feed_whose_parent_is_gone_ends_when_no_late_write_can_arrive() {
    let orphaned = Definition { orphaned: true, ..definition() };
    let began = begin(&abandon(&tracking(), 2, now()), &orphaned, None, 2, now());
    let read = page(&began, Next::End, took(), run(), 2, &orphaned);
    let gone = ended(swept(&read, all(), 2, now()), &orphaned, now());
    assert_eq!(gone.ended, None, "a write of the turn before may still arrive");
    assert_eq!(next(&gone, &orphaned, now()), Step::Begin(Why::ParentGone));
    let later = now() + LATEST;
    let gone = ended(swept(&read, all(), 2, now()), &orphaned, later);
    assert_eq!((gone.ended, next(&gone, &orphaned, later)), (Some(later), Step::Rest));
    assert_eq!(next(&gone, &definition(), later), Step::Begin(Why::ParentBack));
}

#[test]
fn a_list_that_an_earlier_version_began_is_read_anew() {
    let listed = Definition { mode: Mode::List, ..definition() };
    let begun = begin(&blank(&listed, Numbers { generation: 1, save: 1 }, now()), &listed, None, 1, now());
    assert!(begun.compares);
    assert_eq!(next(&begun, &listed, now()), Step::Continue);
    let earlier = Checkpoint { compares: false, ..begun };
    assert_eq!(next(&earlier, &listed, now()), Step::Begin(Why::SeenLost));
}

#[test]
fn a_generation_compares_that_follows_a_complete_one() {
    let compares = |checkpoint: &Checkpoint| begin(checkpoint, &definition(), None, 1, now()).compares;
    assert!(compares(&tracking()));
    assert!(!compares(&reset(&tracking(), 1)), "a reset writes everything again");
    assert!(!compares(&Checkpoint { shape: "another".into(), ..tracking() }));
    let first = begin(&reset(&tracking(), 1), &definition(), None, 1, now());
    assert!(!compares(&first), "and so does whatever takes its place");
    let second = begin(&tracking(), &definition(), None, 1, now());
    assert!(compares(&second));
}

#[test]
fn a_feed_is_quiet_for_an_hour_if_nothing_is_left_to_be_done() {
    let lease =
        LeaseState { epoch: 9, held_until: None, clean: true, is_free: true, settled: true, written: 1 };
    let done = Checkpoint {
        epoch: 9,
        pending_sweep: None,
        abandoned: Vec::new(),
        last_run: Some(LastRun { at: now(), counts: Counts::default() }),
        ..tracking()
    };
    let later = now() + time::Duration::minutes(59);
    let quiet =
        |checkpoint: &Checkpoint, lease: &LeaseState| may_be_quiet(checkpoint, &definition(), lease, later);
    assert!(quiet(&done, &lease));
    assert!(!may_be_quiet(&done, &definition(), &lease, now() + time::Duration::hours(1)));
    assert!(
        !may_be_quiet(&done, &definition(), &lease, now() - time::Duration::hours(1)),
        "a clock is wrong"
    );
    for lease in [
        LeaseState { clean: false, ..lease },
        LeaseState { is_free: false, ..lease },
        LeaseState { settled: false, ..lease },
        LeaseState { epoch: 8, ..lease },
    ] {
        assert!(!quiet(&done, &lease), "{lease:?}");
    }
    let left = [
        Checkpoint { pending_sweep: Some(1), ..done.clone() },
        Checkpoint { reenumerate: true, ..done.clone() },
        Checkpoint { open_since: Some(now()), ..done.clone() },
        Checkpoint { abandoned: vec![Abandoned { from: 1, to: 1, at: now() }], ..done.clone() },
        Checkpoint { failing_since: Some(now()), ..done.clone() },
        Checkpoint { shape: "another".into(), ..done.clone() },
        Checkpoint { tenant_id: "another".into(), ..done.clone() },
    ];
    for checkpoint in left {
        assert!(!quiet(&checkpoint, &lease), "{checkpoint:?}");
    }
}
