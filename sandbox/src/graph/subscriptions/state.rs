//! All subscriptions, and what the notifier remembers between two deliveries.

use std::collections::BTreeMap;

use url::Url;

use super::{endpoint::Endpoint, subscription::Subscription};

/// Longest life of a subscription to directory objects, in minutes:
/// <https://learn.microsoft.com/graph/api/resources/subscription#subscription-lifetime>.
const LONGEST: u32 = 41_760;

/// All of them.
pub(in super::super) struct Subscriptions {
    pub(in super::super) all: BTreeMap<String, Subscription>,
    /// The longest life that is granted, in minutes.
    pub(in super::super) longest: u32,
    /// No subscription is created: with this status and code.
    pub(in super::super) refusal: Option<(u16, String)>,
    /// Lists are empty, although there are some.
    pub(in super::super) hidden: bool,
    pub(in super::super) notifier: Notifier,
    pub(super) random: fastrand::Rng,
    pub(super) client: reqwest::Client,
}

impl Subscriptions {
    pub(in super::super) fn new(seed: u64) -> anyhow::Result<Self> {
        Ok(Self {
            all: BTreeMap::new(),
            longest: LONGEST,
            refusal: None,
            hidden: false,
            notifier: Notifier::default(),
            random: fastrand::Rng::with_seed(seed),
            client: reqwest::Client::builder().no_proxy().build()?,
        })
    }
}

/// What kind of a notifier Graph is at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Habits {
    /// Each notification comes twice.
    pub twice: bool,
    /// The last ones come first.
    pub backwards: bool,
    /// Nothing is delivered, and nothing is made up for later.
    pub drop: bool,
}

/// What kind of a notifier Graph is, and what it still has to deliver.
#[derive(Default)]
pub(in super::super) struct Notifier {
    pub(in super::super) habits: Habits,
    pub(in super::super) endpoint: Endpoint,
    /// Deliveries that were not taken yet.
    pub(super) late: Vec<Delivery>,
}

/// Some notifications for one address.
#[derive(Clone)]
pub(super) struct Delivery {
    pub(super) url: Url,
    pub(super) body: String,
    pub(super) tries: usize,
}
