//! Subscriptions below parents, a bounded slice at a time.
//!
//! The parents are those of the feeds that have a checkpoint: a fan-out named them. What Graph refuses is written down with
//! its reason and tried again after a day; what would exceed a quota is not tried.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use time::{Duration, OffsetDateTime};

use super::Keeper;
use super::plan::{self, Step, Wanted};
use super::record::Record;
use super::target::{BELOW, Target, state};
use crate::catalogue::Resource;
use crate::graph::Subscription;
use crate::store::{Control, StoreError, children};

/// Subscriptions that one look creates, extends or ends at most.
pub(super) const MOST: usize = 100;
/// Records that are read at most; Graph grants an app 50,000 subscriptions.
pub(super) const MOST_RECORDS: u32 = 100_000;
/// Subscriptions to Teams that Graph grants an organization:
/// <https://learn.microsoft.com/graph/api/resources/change-notifications-api-overview>.
const MOST_OF_TEAMS: usize = 10_000;
/// What was refused is tried again after this time.
const REFUSED: Duration = Duration::DAY;

/// What rows want below their parents.
pub(super) struct Below<'a> {
    pub targets: Vec<Target<'a>>,
    /// What is not even tried, and why.
    pub refused: Vec<String>,
    records: HashMap<String, Record>,
}

impl<'a> Below<'a> {
    /// Reads the parents and the records; two queries for each row that is subscribed to there.
    pub async fn read(
        keeper: &Keeper<'_>,
        control: &Control,
        resources: &[&'a Arc<Resource>],
    ) -> Result<Self, StoreError> {
        let (mut targets, mut refused, mut paths) = (Vec::new(), Vec::new(), HashSet::new());
        let mut of_teams = 0;
        for &row in resources.iter().filter(|row| row.notified_below().is_some()) {
            let children = children::of(keeper.store, &row.name).await?;
            let stays = children
                .into_iter()
                .filter(|(_, child)| !child.ended && !child.left && child.refused.is_none());
            for target in Target::all_below(row, stays.map(|(path, _)| path)) {
                let is_of_teams = row.service == "teams";
                if !paths.insert(plan::path(&target.to.resource)) {
                    refused.push(format!("{}: another resource has this subscription", row.name));
                } else if is_of_teams && of_teams == MOST_OF_TEAMS {
                    refused.push(format!("{}: more than {MOST_OF_TEAMS} subscriptions to Teams", row.name));
                } else {
                    of_teams += usize::from(is_of_teams);
                    targets.push(target);
                }
            }
        }
        refused.sort_unstable();
        refused.dedup();
        let records = control.last::<Record>(BELOW, MOST_RECORDS).await?;
        let records = records.into_iter().map(|record| (record.id.clone(), record)).collect();
        Ok(Self { targets, refused, records })
    }

    /// The targets about which something is to be done: those that were never tried first.
    pub fn due(
        &self,
        keeper: &Keeper<'_>,
        actual: &[Subscription],
        now: OffsetDateTime,
    ) -> Vec<(&Target<'a>, Step)> {
        let mut by_path: HashMap<String, Vec<Subscription>> = HashMap::new();
        for one in actual {
            by_path.entry(plan::path(&one.resource)).or_default().push(one.clone());
        }
        let mut due: Vec<_> = self
            .targets
            .iter()
            .filter_map(|target| {
                let record = self.records.get(&target.record_id());
                let rests =
                    |record: &Record| record.refused_at.is_some_and(|at| at <= now && now - at < REFUSED);
                if record.is_some_and(rests) {
                    return None;
                }
                let (_, state_hash) = state(keeper, target)?;
                let there =
                    by_path.get(&plan::path(&target.to.resource)).map(Vec::as_slice).unwrap_or_default();
                let wanted = Wanted {
                    resource: &target.to.resource,
                    url: keeper.url.as_str(),
                    state_hash: &state_hash,
                    period: keeper.period,
                };
                let step = plan::next(wanted, record, there, false, false, now);
                (step != Step::Keep).then(|| (record.and_then(|record| record.since), target, step))
            })
            .collect();
        due.sort_by_key(|(since, target, _)| (*since, target.feed.key()));
        due.into_iter().map(|(_, target, step)| (target, step)).collect()
    }

    /// Records of subscriptions that nobody wants any more.
    pub fn left(&self) -> Vec<&Record> {
        let wanted: HashSet<_> = self.targets.iter().map(Target::record_id).collect();
        let is_left = |record: &&Record| record.subscription_id.is_some() && !wanted.contains(&record.id);
        self.records.values().filter(is_left).collect()
    }
}
