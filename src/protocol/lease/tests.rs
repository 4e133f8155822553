use super::Purpose::{LookUp, Sync};
use super::*;

const LIFE: Duration = Duration::from_secs(15);

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap()
}

/// As Cosmos shows it now.
fn seen(terms: Terms) -> Terms {
    Terms { written: now().unix_timestamp(), ..terms }
}

/// Taken as the first one by `a`.
fn taken_for(purpose: Purpose) -> Terms {
    match enter(seen(Terms { epoch: 1, ..Terms::created("users") }), "a", purpose, now(), LIFE) {
        Entry::Take { terms, .. } => seen(terms),
        other => panic!("{other:?}"),
    }
}

fn taken() -> Terms {
    taken_for(Sync)
}

#[test]
fn a_lost_lease_starts_above_the_checkpoint_and_above_whoever_holds_the_lost_one() {
    let (second, micro) = (now().unix_timestamp(), Duration::from_micros(1));
    assert!(first_epoch(Some(12), second, now() + micro) > first_epoch(Some(12), second, now()));
    assert!(first_epoch(None, second, now()) > 1_000_000_000_000);
    let day = Duration::from_secs(86_400);
    assert!(
        first_epoch(None, second + 1, now() - day) > first_epoch(None, second, now() + day),
        "wrong clocks"
    );
    assert_eq!(first_epoch(Some(u64::MAX - 1), second, now()), u64::MAX, "of a time to come");
}

#[test]
fn nobody_knows_how_the_turn_ended_whose_lease_was_lost() {
    let new = seen(Terms::created("users"));
    assert!(new.is_new());
    match enter(new.before_first(Some(12), now()), "a", Sync, now(), LIFE) {
        Entry::Take { terms, clean } => {
            assert!(!clean && !terms.is_new());
            assert_eq!(terms.epoch, first_epoch(Some(12), now().unix_timestamp(), now()));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_lease_that_is_older_than_the_checkpoint_is_given_back_with_its_epoch() {
    assert_eq!(taken().returned(false, None, 12).epoch, 12);
    assert_eq!(taken().returned(true, None, 0).epoch, taken().epoch);
}

#[test]
fn the_first_one_takes_it_and_the_second_one_requests_a_rerun_once() {
    let rerun_requested = match enter(taken(), "b", Sync, now(), LIFE) {
        Entry::RequestRerun(terms) => terms,
        other => panic!("{other:?}"),
    };
    assert!(rerun_requested.rerun_requested && rerun_requested.is_same_turn(&taken()));
    assert_eq!(
        enter(rerun_requested.clone(), "c", Sync, now(), LIFE),
        Entry::AlreadyRequested(rerun_requested)
    );
}

#[test]
fn an_expired_lease_is_taken_with_the_next_epoch_and_was_not_clean() {
    match enter(taken(), "b", Sync, now() + LIFE, LIFE) {
        Entry::Take { terms, clean } => {
            assert_eq!(
                (terms.epoch, clean, terms.clean, terms.rerun_requested),
                (taken().epoch + 1, false, false, false)
            )
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_returned_lease_tells_how_its_turn_ended() {
    for ended in [true, false] {
        match enter(taken().returned(ended, None, 0), "b", Sync, now(), LIFE) {
            Entry::Take { clean, .. } => assert_eq!(clean, ended),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn who_ended_cleanly_and_would_stay_keeps_a_lease_that_somebody_asked_for() {
    let rerun_requested = match enter(taken(), "b", Sync, now(), LIFE) {
        Entry::RequestRerun(terms) => terms,
        other => panic!("{other:?}"),
    };
    let (kept, released) = rerun_requested.given_back(true, true, None, 0);
    assert_eq!(
        (released, kept.rerun_requested, kept.is_same_turn(&taken())),
        (Released::RerunRequested, false, true)
    );
    for (clean, stay) in [(false, true), (true, false), (false, false)] {
        let (free, released) = rerun_requested.given_back(clean, stay, None, 0);
        assert_eq!(
            (released, free.holder, free.rerun_requested, free.clean),
            (Released::Done, None, true, clean)
        );
    }
    assert_eq!(taken().given_back(true, true, None, 0).1, Released::Done);
}

#[test]
fn a_clock_that_was_set_back_since_makes_no_lease_longer() {
    let day = Duration::from_secs(86_400);
    assert_eq!(taken().left(now()), LIFE);
    assert_eq!(taken().left(now() + LIFE / 3), LIFE - LIFE / 3);
    assert_eq!(taken().left(now() - day), LIFE);
    assert_eq!(taken().left(now() + day), Duration::ZERO);
}

#[test]
fn a_lost_answer_to_our_own_write_is_recognised() {
    assert_eq!(enter(taken(), "a", Sync, now(), LIFE), Entry::Ours(taken()));
}

/// A day ahead, as a machine says whose clock is.
fn ahead() -> Terms {
    Terms { expires: now() + Duration::from_secs(86_400), ..taken() }
}

#[test]
fn a_lease_of_a_clock_that_is_ahead_ends_like_any_other() {
    let end = now() + LIFE + Duration::from_secs(1);
    assert_eq!(ahead().end(), end);
    assert!(matches!(enter(ahead(), "b", Sync, end, LIFE), Entry::Take { .. }));
    let of_an_earlier_version = Terms { life_seconds: None, ..ahead() };
    assert_eq!(of_an_earlier_version.end(), now() + LONGEST + Duration::from_secs(1));
}

#[test]
fn a_requested_rerun_does_not_make_such_a_lease_longer() {
    let later = now() + Duration::from_secs(9);
    let written_later = |terms| Terms { written: later.unix_timestamp(), ..terms };
    let rerun_requested = match enter(ahead(), "b", Sync, later, LIFE) {
        Entry::RequestRerun(terms) => written_later(terms),
        other => panic!("{other:?}"),
    };
    assert_eq!(rerun_requested.end(), ahead().end());
    // Its holder has renewed it by that clock, and left the request: the next one to come says the end anew.
    let renewed = written_later(Terms { expires: now() + Duration::from_secs(86_400), ..rerun_requested });
    assert!(matches!(enter(renewed, "c", Sync, later, LIFE), Entry::RequestRerun(_)));
}

#[test]
fn a_refresh_by_id_gives_way_to_a_sync_that_waits() {
    let looks = taken_for(LookUp);
    let waits = match enter(looks, "b", Sync, now(), LIFE) {
        Entry::RequestRerun(terms) => terms,
        other => panic!("{other:?}"),
    };
    assert_eq!(enter(waits.clone(), "b", Sync, now(), LIFE), Entry::AlreadyRequested(waits.clone()));
    let free = waits.without_request().returned(true, None, 0);
    assert_eq!(enter(free.clone(), "c", LookUp, now(), LIFE), Entry::GiveWay(free.clone()));
    assert!(matches!(enter(free.clone(), "c", LookUp, now() + WAITS, LIFE), Entry::Take { .. }));
    let walks = match enter(free, "b", Sync, now(), LIFE) {
        Entry::Take { terms, .. } => terms,
        other => panic!("{other:?}"),
    };
    let free = walks.returned(true, None, 0);
    assert!(matches!(enter(free, "c", LookUp, now(), LIFE), Entry::Take { .. }));
}

#[test]
fn a_refresh_by_id_does_not_carry_out_a_requested_rerun() {
    let rerun_requested = match enter(taken(), "b", Sync, now(), LIFE) {
        Entry::RequestRerun(terms) => terms.returned(false, None, 0),
        other => panic!("{other:?}"),
    };
    for (purpose, is_kept) in [(LookUp, true), (Sync, false)] {
        match enter(rerun_requested.clone(), "c", purpose, now(), LIFE) {
            Entry::Take { terms, .. } => assert_eq!(terms.rerun_requested, is_kept),
            other => panic!("{other:?}"),
        }
    }
}

/// Three callers who never stop, and a sync that ends when it finds the lease taken, and comes back now and then: how
/// many times a look has the lease between the sync's first try and its turn. `off`: looks do not give way.
fn looks_before_a_sync(seed: u64, off: bool) -> usize {
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut lease, mut at, mut looks) = (taken().returned(true, None, 0), now(), None);
    while looks.is_none_or(|looks| looks < 100) {
        at += Duration::from_millis(random.u64(50..500));
        // Whoever holds it gives it back, and has a work item carry out the request.
        if lease.holder.is_some() && random.bool() {
            lease =
                if lease.rerun_requested { lease.without_request() } else { lease }.returned(true, None, 0);
        }
        let purpose = if random.u32(..40) == 0 { Sync } else { LookUp };
        if off {
            lease.sync_waits = None;
        }
        match enter(lease.clone(), &at.to_string(), purpose, at, LIFE) {
            Entry::Take { .. } if purpose == Sync => return looks.unwrap_or(0),
            Entry::Take { terms, .. } => {
                lease = Terms { written: at.unix_timestamp(), ..terms };
                looks = looks.map(|looks| looks + 1);
            }
            Entry::RequestRerun(terms) => lease = Terms { written: at.unix_timestamp(), ..terms },
            _ => {}
        }
        if purpose == Sync {
            looks = looks.or(Some(0));
        }
    }
    looks.unwrap_or(0)
}

#[test]
fn callers_who_never_stop_do_not_keep_a_sync_from_the_lease() {
    let most = |off| (0..1000).map(|seed| looks_before_a_sync(seed, off)).max();
    assert_eq!(most(false), Some(0));
    assert_eq!(most(true), Some(100), "with the rule off, some walk never comes");
}
