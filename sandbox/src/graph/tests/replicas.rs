//! Replicas that are behind: whoever follows the links to the end has everything once they have settled.

use fastrand::Rng;

use super::{mirror::Mirror, *};

/// One feed as a client follows it, a page at a time.
struct Follower {
    mirror: Mirror,
    link: String,
}

impl Follower {
    fn new(setup: &Setup, feed: &'static str, names: &[&str], keeps: bool) -> Self {
        let link = format!("{}/v1.0/{feed}/delta?$select={}", setup.graph.endpoint(), names.join(","));
        Self { mirror: Mirror::new(feed, keeps), link }
    }

    /// Asks for one page; says whether the round ended with it.
    async fn step(&mut self, setup: &Setup) -> bool {
        let Got { status, body, .. } = setup.get(&self.link).await;
        assert_eq!(status, 200, "{body}");
        self.mirror.apply(body["value"].as_array().unwrap());
        let next = body["@odata.nextLink"].as_str();
        let link = next.or(body["@odata.deltaLink"].as_str()).expect("a page has a link");
        let ended = next.is_none();
        self.link = link.to_owned();
        ended
    }

    async fn finish(&mut self, setup: &Setup) {
        while !self.step(setup).await {}
    }
}

fn quirks(random: &mut Rng) -> Quirks {
    let mut sometimes = |least: usize| random.bool().then(|| random.usize(least..4));
    Quirks {
        empty_page_every: sometimes(2),
        duplicate_every: sometimes(1),
        random_lag: sometimes(1).map(|some| some * 4),
        lag: sometimes(0).unwrap_or_default(),
        replays: random.bool(),
        removed_in_initial: random.bool(),
        purges_reported: true,
        ..Quirks::default()
    }
}

fn change(tenant: &mut Tenant, random: &mut Rng) {
    match random.u8(..3) {
        0 => drop(random_change(tenant, "users", random)),
        _ => drop(random_change(tenant, "groups", random)),
    }
}

async fn follow(seed: u64) {
    let mut random = Rng::with_seed(seed);
    let options = Options {
        seed,
        page_size: random.usize(1..6),
        members_per_slice: random.usize(1..5),
        quirks: quirks(&mut random),
        ..Default::default()
    };
    let setup = Setup::with(with_groups(Tenant::seeded(8, seed), 4), options.clone()).await;
    let all = |name: &str, more: &[&'static str]| {
        let properties = Row::of(name).properties.iter().map(String::as_str);
        properties.chain(more.iter().copied()).collect::<Vec<_>>()
    };
    let (users, groups) = (all("users", &["manager"]), all("groups", &["members", "owners"]));
    let keeps = random.bool();
    let mut followers =
        [Follower::new(&setup, "users", &users, keeps), Follower::new(&setup, "groups", &groups, keeps)];
    for _ in 0..4 {
        for step in 0..40 {
            // Quiet at the end: what an old replica told last is not mended by accident.
            match random.u8(..5) {
                0..3 if step < 28 => setup.graph.tenant(|tenant| change(tenant, &mut random)),
                _ => drop(followers[random.usize(..2)].step(&setup).await),
            }
        }
        setup.graph.settle_replicas();
        setup.graph.quirks(|quirks| quirks.lag = 0);
        for follower in &mut followers {
            follower.finish(&setup).await;
            follower.finish(&setup).await;
            let differences = setup.graph.tenant(|tenant| follower.mirror.differences(tenant));
            assert_eq!(differences, [], "seed {seed}, {:?}", options.quirks);
        }
        setup.graph.quirks(|quirks| quirks.clone_from(&options.quirks));
    }
}

#[tokio::test]
async fn a_client_that_follows_lagging_replicas_ends_with_the_whole_tenant() {
    for seed in 0..16 {
        follow(seed).await;
    }
}

#[tokio::test]
async fn reads_by_id_lag_until_the_replicas_settle() {
    let setup = Setup::new(2, Options::default()).await;
    let id = setup.graph.tenant(|tenant| tenant.ids("users")[0].clone());
    let url = format!("{}/v1.0/users/{id}?$select=id,city", setup.graph.endpoint());
    setup.graph.settle_replicas();
    setup.graph.quirks(|quirks| quirks.random_lag = Some(10));
    for city in ["Ulm", "Bern"] {
        setup.graph.tenant(|tenant| tenant.change("users", &id, json!({"city": city})));
    }
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..40 {
        seen.insert(setup.get(&url).await.body["city"].to_string());
    }
    assert_eq!(seen.len(), 3, "before, between and after: {seen:?}");
    setup.graph.settle_replicas();
    for _ in 0..10 {
        assert_eq!(setup.get(&url).await.body["city"], "Bern");
    }
}

#[tokio::test]
async fn a_change_that_the_replica_of_a_round_had_seen_is_in_it() {
    let setup = Setup::new(1, Options::default()).await;
    let (_, mut delta) = setup.walk(&setup.initial()).await;
    let id = setup.graph.tenant(|tenant| tenant.ids("users")[0].clone());
    setup.graph.quirks(|quirks| quirks.random_lag = Some(5));
    for number in 0..20 {
        let city = format!("City {number}");
        setup.graph.tenant(|tenant| tenant.change("users", &id, json!({"city": city})));
        setup.graph.settle_replicas();
        let (pages, next) = setup.walk(&delta).await;
        assert_eq!(pages.concat().last().map(|user| &user["city"]), Some(&json!(city)));
        delta = next;
    }
}
