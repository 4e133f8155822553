//! Judges clocks by the `Date` of answers and by the token; pure.
//!
//! Tokens are good from a moment to a moment, and services allow clocks to differ by five minutes:
//! <https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-tokens>.

use super::verdict::{Check, Service, Verdict};

/// The clock of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Whose clock it is.
    pub service: Service,
    /// By how many seconds it is ahead of ours; behind is negative.
    pub ahead: i64,
}

/// A difference that is worth a word: answers take seconds, and `Date` has no fractions.
const TOLERANCE: i64 = 30;

/// Judges the readings; those who did not answer are in `silent`.
pub fn judge(readings: &[Reading], silent: &[Service]) -> Verdict {
    let off: Vec<_> = readings.iter().filter(|reading| reading.ahead.abs() > TOLERANCE).collect();
    let silent = match silent {
        [] => String::new(),
        some => format!("; {} gave no time", names(some.iter().copied())),
    };
    match (readings, off.as_slice()) {
        ([], _) => Verdict::skipped(Check::Clock, format!("no service was asked for its time{silent}")),
        (all, []) => {
            let names = names(all.iter().map(|reading| reading.service));
            Verdict::ok(Check::Clock, format!("the clock agrees with {names} within {TOLERANCE} s{silent}"))
        }
        (all, off) => {
            let differences: Vec<_> = off.iter().map(|reading| difference(reading)).collect();
            let what = format!(
                "this machine's clock is {}; from 300 s on, tokens are refused{silent}",
                differences.join(", ")
            );
            if off.len() == all.len() {
                Verdict::finding(Check::Clock, what, "set the clock of this machine")
                    .by("sudo timedatectl set-ntp true")
            } else {
                let next = "the others agree with this machine: look at what stands between, such as a proxy that \
                            answers from a cache";
                Verdict::finding(Check::Clock, what, next)
            }
        }
    }
}

fn difference(reading: &Reading) -> String {
    let (seconds, name) = (reading.ahead.abs(), reading.service.name());
    let direction = if reading.ahead > 0 { "behind" } else { "ahead of" };
    format!("{seconds} s {direction} {name}")
}

fn names(services: impl Iterator<Item = Service>) -> String {
    services.map(Service::name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::verdict::State;
    use super::*;

    fn reading(service: Service, ahead: i64) -> Reading {
        Reading { service, ahead }
    }

    #[test]
    fn a_clock_that_differs_from_all_is_ours() {
        let all = [reading(Service::Graph, 420), reading(Service::Cosmos, 419)];
        let verdict = judge(&all, &[]);
        assert_eq!(verdict.state, State::Finding);
        let said = "this machine's clock is 420 s behind Microsoft Graph, 419 s behind Azure Cosmos DB; ";
        assert!(verdict.what.starts_with(said), "{}", verdict.what);
        assert_eq!(verdict.command.as_deref(), Some("sudo timedatectl set-ntp true"));
    }

    #[test]
    fn a_clock_that_differs_alone_is_not_ours() {
        let verdict = judge(&[reading(Service::Graph, -31), reading(Service::Cosmos, 2)], &[Service::Entra]);
        assert_eq!((verdict.state, verdict.command), (State::Finding, None));
        assert!(verdict.what.contains("31 s ahead of Microsoft Graph; from"), "{}", verdict.what);
        assert!(verdict.what.ends_with("; Microsoft Entra ID gave no time"));
    }

    #[test]
    fn some_seconds_are_no_difference_and_no_answer_is_no_finding() {
        assert_eq!(
            judge(&[reading(Service::Graph, 30), reading(Service::Cosmos, -30)], &[]).state,
            State::Ok
        );
        assert_eq!(judge(&[], &[Service::Graph]).state, State::Skipped);
    }
}
