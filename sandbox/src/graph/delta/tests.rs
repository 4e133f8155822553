//! Rounds as values.

use serde_json::json;

use super::*;
use crate::graph::{row::Row, tenant::Tenant};

fn select(names: &str) -> Select {
    Select::parse(Row::of("users"), Some(names), true).unwrap()
}

fn since(tenant: &Tenant, select: Select, from: usize, before: usize, quirks: &Quirks) -> Round {
    let all = tenant.collection(&select.feed.name);
    let replica = all.position();
    let terms = Terms { quirks, replica, reported: replica - quirks.lag, links_per_slice: 20, seed: 1 };
    Round::since(all, select, from, before, terms)
}

fn ids(round: &Round) -> Vec<&str> {
    round.items.iter().map(|item| item.id.as_str()).collect()
}

#[test]
fn changes_are_coalesced_and_only_selected_properties_count() {
    let mut tenant = Tenant::seeded(3, 1);
    let [a, b, c] = tenant.ids("users").try_into().unwrap();
    let from = tenant.collection("users").position();
    tenant.change("users", &a, json!({"jobTitle": null}));
    tenant.change("users", &a, json!({"jobTitle": "Chef"}));
    tenant.change("users", &b, json!({"city": "Ulm"}));
    tenant.remove("users", &c);
    let round = since(&tenant, select("jobTitle"), from, 0, &Quirks::default());
    let at = tenant.collection("users").position();
    let mut reported: Vec<_> = round
        .items
        .iter()
        .filter_map(|item| represent(&round, item, tenant.collection("users"), at))
        .collect();
    reported.sort_by_key(|item| item["id"] != json!(a));
    assert_eq!(
        reported,
        [json!({"id": a, "jobTitle": "Chef"}), json!({"id": c, "@removed": {"reason": "changed"}})]
    );
}

#[test]
fn duplicates_come_older_copy_first_and_replays_start_earlier() {
    let mut tenant = Tenant::seeded(10, 1);
    let from = tenant.collection("users").position();
    tenant.change("users", &tenant.ids("users")[0], json!({"city": "Ulm"}));
    let quirks = Quirks { duplicate_every: Some(1), replays: true, ..Quirks::default() };
    let round = since(&tenant, Select::parse(Row::of("users"), None, true).unwrap(), from, 0, &quirks);
    assert_eq!(round.items.len(), 20);
    for (index, item) in round.items.iter().enumerate().filter(|(_, item)| !item.older) {
        assert!(round.items[..index].iter().any(|other| other.older && other.id == item.id));
    }
}

#[test]
fn a_lagging_replica_tells_a_change_later_and_not_twice() {
    let mut tenant = Tenant::seeded(3, 1);
    let [a, b, _] = tenant.ids("users").try_into().unwrap();
    let from = tenant.collection("users").position();
    tenant.change("users", &a, json!({"mail": "a@x"}));
    tenant.change("users", &b, json!({"mail": "b@x"}));
    let lagging = Quirks { lag: 1, ..Quirks::default() };
    let first = since(&tenant, select("mail"), from, from, &lagging);
    assert_eq!(ids(&first), [a]);
    let second = since(&tenant, select("mail"), first.until, from, &Quirks::default());
    assert_eq!(ids(&second), [b]);
}

#[test]
fn a_token_that_is_newer_than_the_replica_gets_nothing_or_the_past() {
    let mut tenant = Tenant::seeded(1, 1);
    let (user, group, newer) =
        (tenant.ids("users")[0].clone(), tenant.create("groups"), tenant.create("groups"));
    let replica = 1;
    tenant.link("groups-members", &group, &user);
    let (from, quirks) = (tenant.collection("groups").position(), Quirks::default());
    let mut outcomes = std::collections::BTreeSet::new();
    for seed in 0..20 {
        let terms = Terms { quirks: &quirks, replica, reported: replica, links_per_slice: 20, seed };
        let select = Select::parse(Row::of("groups"), None, true).unwrap();
        let round = Round::since(tenant.collection("groups"), select, from, 0, terms);
        assert!(!ids(&round).contains(&newer.as_str()), "it was not there yet");
        assert!(round.items.iter().all(|item| item.links.is_empty()), "nor was the link");
        outcomes.insert((round.items.len(), round.until));
    }
    assert_eq!(outcomes.into_iter().collect::<Vec<_>>(), [(0, from), (1, replica)]);
}

#[test]
fn a_large_group_is_sliced_and_never_twice_on_a_page() {
    let mut tenant = Tenant::seeded(30, 1);
    let group = tenant.create("groups");
    (0..9).for_each(|_| drop(tenant.create("groups")));
    tenant.ids("users").iter().for_each(|user| assert!(tenant.link("groups-members", &group, user)));
    tenant.ids("users").iter().take(7).for_each(|user| assert!(tenant.link("groups-owners", &group, user)));
    let quirks = Quirks::default();
    let replica = tenant.collection("groups").position();
    let terms = Terms { quirks: &quirks, replica, reported: replica, links_per_slice: 5, seed: 3 };
    let names = Select::parse(Row::of("groups"), Some("id,members,owners"), true).unwrap();
    let round = Round::initial(tenant.collection("groups"), names, terms);
    let (mut offset, mut pages, mut members) = (0, Vec::new(), 0);
    while offset < round.items.len() {
        let end = arrange::page_end(&round.items, offset, 4);
        let shown = |item: &Item| represent(&round, item, tenant.collection("groups"), terms.replica);
        let page: Vec<_> =
            round.items[offset..end].iter().filter_map(shown).filter(|it| it["id"] == *group).collect();
        assert!(page.len() <= 1);
        members += page.iter().filter_map(|it| it["members@delta"].as_array()).map(Vec::len).sum::<usize>();
        pages.push(!page.is_empty());
        offset = end;
    }
    assert_eq!((members, pages.iter().filter(|shown| **shown).count()), (30, 6));
    assert!(pages.windows(3).any(|pages| pages == [true, true, true]), "on consecutive pages: {pages:?}");
}
