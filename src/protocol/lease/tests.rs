use super::Purpose::{Look, Walk};
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
    taken_for(Walk)
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
    match enter(new.before_first(Some(12), now()), "a", Walk, now(), LIFE) {
        Entry::Take { terms, clean } => {
            assert!(!clean && !terms.is_new());
            assert_eq!(terms.epoch, first_epoch(Some(12), now().unix_timestamp(), now()));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_lease_that_is_older_than_the_checkpoint_is_given_back_with_its_epoch() {
    assert_eq!(taken().returned(false, 12).epoch, 12);
    assert_eq!(taken().returned(true, 0).epoch, taken().epoch);
}

#[test]
fn the_first_one_takes_it_and_the_second_one_rings_once() {
    let rung = match enter(taken(), "b", Walk, now(), LIFE) {
        Entry::Ring(terms) => terms,
        other => panic!("{other:?}"),
    };
    assert!(rung.rung && rung.is_same_turn(&taken()));
    assert_eq!(enter(rung.clone(), "c", Walk, now(), LIFE), Entry::AlreadyRung(rung));
}

#[test]
fn an_expired_lease_is_taken_with_the_next_epoch_and_was_not_clean() {
    match enter(taken(), "b", Walk, now() + LIFE, LIFE) {
        Entry::Take { terms, clean } => {
            assert_eq!(
                (terms.epoch, clean, terms.clean, terms.rung),
                (taken().epoch + 1, false, false, false)
            )
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_returned_lease_tells_how_its_turn_ended() {
    for ended in [true, false] {
        match enter(taken().returned(ended, 0), "b", Walk, now(), LIFE) {
            Entry::Take { clean, .. } => assert_eq!(clean, ended),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn who_ended_cleanly_and_would_stay_keeps_a_lease_that_somebody_asked_for() {
    let rung = match enter(taken(), "b", Walk, now(), LIFE) {
        Entry::Ring(terms) => terms,
        other => panic!("{other:?}"),
    };
    let (kept, released) = rung.given_back(true, true, 0);
    assert_eq!((released, kept.rung, kept.is_same_turn(&taken())), (Released::Rung, false, true));
    for (clean, stay) in [(false, true), (true, false), (false, false)] {
        let (free, released) = rung.given_back(clean, stay, 0);
        assert_eq!((released, free.holder, free.rung, free.clean), (Released::Done, None, true, clean));
    }
    assert_eq!(taken().given_back(true, true, 0).1, Released::Done);
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
    assert_eq!(enter(taken(), "a", Walk, now(), LIFE), Entry::Ours(taken()));
}

/// A day ahead, as a machine says whose clock is.
fn ahead() -> Terms {
    Terms { expires: now() + Duration::from_secs(86_400), ..taken() }
}

#[test]
fn a_lease_of_a_clock_that_is_ahead_ends_like_any_other() {
    let end = now() + LIFE + Duration::from_secs(1);
    assert_eq!(ahead().end(), end);
    assert!(matches!(enter(ahead(), "b", Walk, end, LIFE), Entry::Take { .. }));
    let of_an_earlier_version = Terms { life_seconds: None, ..ahead() };
    assert_eq!(of_an_earlier_version.end(), now() + LONGEST + Duration::from_secs(1));
}

#[test]
fn a_ring_does_not_make_such_a_lease_longer() {
    let later = now() + Duration::from_secs(9);
    let written_later = |terms| Terms { written: later.unix_timestamp(), ..terms };
    let rung = match enter(ahead(), "b", Walk, later, LIFE) {
        Entry::Ring(terms) => written_later(terms),
        other => panic!("{other:?}"),
    };
    assert_eq!(rung.end(), ahead().end());
    // Its holder has renewed it by that clock, and left the ring: the next one to come says the end anew.
    let renewed = written_later(Terms { expires: now() + Duration::from_secs(86_400), ..rung });
    assert!(matches!(enter(renewed, "c", Walk, later, LIFE), Entry::Ring(_)));
}

#[test]
fn a_look_gives_way_to_a_walk_that_waits_until_it_came_or_will_not_come() {
    let looks = taken_for(Look);
    let waits = match enter(looks, "b", Walk, now(), LIFE) {
        Entry::Ring(terms) => terms,
        other => panic!("{other:?}"),
    };
    assert_eq!(enter(waits.clone(), "b", Walk, now(), LIFE), Entry::AlreadyRung(waits.clone()));
    let free = waits.unrung().returned(true, 0);
    assert_eq!(enter(free.clone(), "c", Look, now(), LIFE), Entry::GiveWay(free.clone()));
    assert!(matches!(enter(free.clone(), "c", Look, now() + WAITS, LIFE), Entry::Take { .. }));
    let walks = match enter(free, "b", Walk, now(), LIFE) {
        Entry::Take { terms, .. } => terms,
        other => panic!("{other:?}"),
    };
    let free = walks.returned(true, 0);
    assert!(matches!(enter(free, "c", Look, now(), LIFE), Entry::Take { .. }));
}

#[test]
fn a_look_does_not_answer_what_somebody_rang_for() {
    let rung = match enter(taken(), "b", Walk, now(), LIFE) {
        Entry::Ring(terms) => terms.returned(false, 0),
        other => panic!("{other:?}"),
    };
    for (purpose, is_kept) in [(Look, true), (Walk, false)] {
        match enter(rung.clone(), "c", purpose, now(), LIFE) {
            Entry::Take { terms, .. } => assert_eq!(terms.rung, is_kept),
            other => panic!("{other:?}"),
        }
    }
}

/// Three callers who never stop, and a walk that ends when it finds the lease taken, and comes back now and then: how
/// many times a look has the lease between the walk's first try and its turn. `off`: looks do not give way.
fn looks_before_a_walk(seed: u64, off: bool) -> usize {
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut lease, mut at, mut looks) = (taken().returned(true, 0), now(), None);
    while looks.is_none_or(|looks| looks < 100) {
        at += Duration::from_millis(random.u64(50..500));
        // Whoever holds it gives it back, and has a work item answer the ring.
        if lease.holder.is_some() && random.bool() {
            lease = if lease.rung { lease.unrung() } else { lease }.returned(true, 0);
        }
        let purpose = if random.u32(..40) == 0 { Walk } else { Look };
        if off {
            lease.walk_waits = None;
        }
        match enter(lease.clone(), &at.to_string(), purpose, at, LIFE) {
            Entry::Take { .. } if purpose == Walk => return looks.unwrap_or(0),
            Entry::Take { terms, .. } => {
                lease = Terms { written: at.unix_timestamp(), ..terms };
                looks = looks.map(|looks| looks + 1);
            }
            Entry::Ring(terms) => lease = Terms { written: at.unix_timestamp(), ..terms },
            _ => {}
        }
        if purpose == Walk {
            looks = looks.or(Some(0));
        }
    }
    looks.unwrap_or(0)
}

#[test]
fn callers_who_never_stop_do_not_keep_a_walk_from_the_lease() {
    let most = |off| (0..1000).map(|seed| looks_before_a_walk(seed, off)).max();
    assert_eq!(most(false), Some(0));
    assert_eq!(most(true), Some(100), "with the rule off, some walk never comes");
}
