//! Judges how near the limits of the services are; pure.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::graph::Asked;
use super::verdict::{Check, Service, Subject, Verdict};
use crate::graph::Probe;

/// A resource whose last run was throttled, and until when Graph wants to be left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttled {
    /// The resource.
    pub resource: &'static str,
    /// The end of the pause.
    pub until: OffsetDateTime,
}

/// From this share of a limit on, somebody should know. Graph's own header begins here.
const NEAR: f64 = 0.8;

/// Judges Graph, by the answers and by what the runs left in `mirror`.
pub fn graph(asked: &[Asked], throttled: &[Throttled]) -> Verdict {
    let answered: Vec<_> = asked
        .iter()
        .filter_map(|one| Some((&*one.resource.name, one.answer.as_ref()?.as_ref().ok()?)))
        .collect();
    let mut signs: Vec<_> = answered
        .iter()
        .filter_map(|(resource, probe)| Some(format!("{resource}: {}", sign(probe)?)))
        .collect();
    signs.extend(throttled.iter().map(|one| {
        let until = one.until.truncate_to_second().format(&Rfc3339).unwrap_or_default();
        format!("{}: the last run was throttled, until {until}", one.resource)
    }));
    let verdict = if !signs.is_empty() {
        let what = format!("Microsoft Graph throttles, or is near to: {}", signs.join("; "));
        Verdict::finding(
            Check::Throttling,
            what,
            "it passes by itself; if it comes back, have the timers of `functions/sync_<resource>/function.json` fire \
             less often, and see which other apps of the tenant share its limits",
        )
    } else if answered.is_empty() {
        Verdict::skipped(Check::Throttling, "Microsoft Graph gave no answer")
    } else {
        let what = format!("less than {:.0} % of its limits are used", NEAR * 100.0);
        Verdict::ok(Check::Throttling, what)
    };
    verdict.about(Subject::Service(Service::Graph))
}

/// Judges Cosmos: whether a request of this examination was throttled, if any was answered.
pub fn cosmos(is_throttled: Option<bool>) -> Verdict {
    let verdict = match is_throttled {
        None => Verdict::skipped(Check::Throttling, "Azure Cosmos DB gave no answer"),
        Some(false) => Verdict::ok(Check::Throttling, "no request was throttled"),
        Some(true) => Verdict::finding(
            Check::Throttling,
            "Azure Cosmos DB throttles: the request units per second are used up",
            "lower COSMOS_CONCURRENCY, or give the account more throughput",
        ),
    };
    verdict.about(Subject::Service(Service::Cosmos))
}

fn sign(probe: &Probe) -> Option<String> {
    let load = &probe.load;
    let left = load.remaining.zip(load.limit).filter(|(_, limit)| *limit > 0.0);
    let used =
        load.used.or(left.map(|(remaining, limit)| 1.0 - remaining / limit)).filter(|used| *used >= NEAR);
    match (probe.status, load.retry_after, used) {
        (429, Some(after), _) => Some(format!("status 429, try again in {} s", after.as_secs())),
        (429, None, _) => Some("status 429".into()),
        (_, _, Some(used)) => Some(format!("{:.0} % of a limit are used", used * 100.0)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::verdict::State;
    use super::*;
    use crate::catalogue;
    use crate::graph::Load;

    fn judged(status: u16, load: Load) -> Verdict {
        let users = catalogue::resources().iter().find(|resource| resource.name == "users").unwrap();
        let asked = Asked { resource: users, answer: Some(Ok(Probe { status, refusal: None, load })) };
        graph(&[asked], &[])
    }

    #[test]
    fn a_limit_that_is_near_is_told_with_its_share() {
        assert_eq!(judged(200, Load::default()).state, State::Ok);
        let near = judged(200, Load { used: Some(0.93), ..Load::default() });
        assert!(near.what.ends_with("users: 93 % of a limit are used"), "{}", near.what);
        let left = |remaining| Load { remaining: Some(remaining), limit: Some(1200.0), ..Load::default() };
        assert_eq!(judged(200, left(600.0)).state, State::Ok);
        assert_eq!(judged(200, left(120.0)).state, State::Finding);
        let over = Load { retry_after: Some(std::time::Duration::from_secs(10)), ..Load::default() };
        assert!(judged(429, over).what.ends_with("status 429, try again in 10 s"));
    }

    #[test]
    fn what_the_last_run_met_counts_too() {
        let until = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
        let verdict = graph(&[], &[Throttled { resource: "users", until }]);
        assert!(verdict.what.ends_with("until 2027-01-15T08:00:00Z"), "{}", verdict.what);
        assert_eq!(graph(&[], &[]).state, State::Skipped);
        let states = [None, Some(false), Some(true)].map(|throttled| cosmos(throttled).state);
        assert_eq!(states, [State::Skipped, State::Ok, State::Finding]);
    }
}
