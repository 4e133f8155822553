//! Firing a timer: retries with the same invocation id, and never two runs of one timer at once
//! (`TimerListener`, `FunctionExecutorExtensions.TryExecuteAsync`).

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use time::OffsetDateTime;
use uuid::Uuid;

use super::attempt::{Attempt, Verdict};
use super::envelope::{self, RetryContext, ScheduleStatus, Sys, TimerInfo};
use super::function_json::{Function, Trigger};
use super::inner::Inner;
use super::invocation::attempt;

/// How a timer fires.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fire {
    /// What `TimerInfo` says.
    pub occasion: Occasion,
    /// At most so many attempts; `None` is what the function's retry policy says. One attempt is also what is
    /// left of a firing when the host itself dies.
    pub attempts: Option<u32>,
}

impl Fire {
    /// One attempt on time, whatever the retry policy says.
    #[must_use]
    pub fn once() -> Self {
        Self { attempts: Some(1), ..Self::default() }
    }
}

/// The variants of `TimerInfo` that occur.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Occasion {
    /// On time, with the status of the run before.
    #[default]
    Normal,
    /// No run before: `0001-01-01T00:00:00`.
    FirstRun,
    /// No run before, in the other spelling: `0001-01-01T00:00:00+00:00`.
    FirstRunWithOffset,
    /// The host was down when the timer should have fired.
    PastDue,
    /// `ScheduleStatus` is null, as with `useMonitor: false` or a period below a minute.
    Unmonitored,
}

/// All attempts of one firing.
#[derive(Debug, Clone)]
pub struct Firing {
    /// In order, at least one.
    pub attempts: Vec<Attempt>,
}

impl Firing {
    /// Whether the last attempt succeeded.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.last().succeeded()
    }

    /// The last attempt.
    ///
    /// # Panics
    /// Never for a firing of [`Host::fire`](super::Host::fire), which has at least one attempt.
    #[must_use]
    pub fn last(&self) -> &Attempt {
        self.attempts.last().expect("a firing has an attempt")
    }
}

/// Fires a timer with its retries.
pub(super) async fn fire(inner: &Inner, name: &str, fire: Fire) -> Result<Firing> {
    let function = inner.function(name)?;
    ensure!(matches!(function.trigger, Trigger::Timer { .. }), "{name} has no timer trigger");
    ensure!(!function.disabled, "{name} is disabled");
    let lock = inner.timers.get(name).with_context(|| format!("{name} has no timer"))?;
    let mut last_run = lock.lock().await;
    let started = OffsetDateTime::now_utc();
    let info = timer_info(function, fire.occasion, *last_run, started);
    let firing = attempts(inner, function, &info, fire.attempts).await;
    *last_run = Some(started);
    firing
}

/// Runs the attempts of one firing until one succeeds or no retry is left.
async fn attempts(
    inner: &Inner,
    function: &Function,
    info: &TimerInfo,
    limit: Option<u32>,
) -> Result<Firing> {
    let id = Uuid::new_v4();
    let mut attempts = Vec::new();
    let mut exception = None;
    for count in 0.. {
        let context = function.retry.as_ref().map(|retry| RetryContext { count, max: retry.max, exception });
        let text = envelope::timer(&function.binding, info, context.as_ref(), &Sys::of(&function.name));
        let (attempt, _) = attempt(inner, function, id, text).await;
        let reason = match &attempt.verdict {
            Verdict::Succeeded { .. } => None,
            Verdict::Failed { reason } => Some(reason.clone()),
            Verdict::WouldHang { reason } => bail!("{reason}"),
        };
        attempts.push(attempt);
        if reason.is_none() || !is_retried(inner, function, count, limit) {
            break;
        }
        exception = reason;
    }
    Ok(Firing { attempts })
}

/// Whether another attempt follows. A host that is stopping retries no more.
fn is_retried(inner: &Inner, function: &Function, count: u32, limit: Option<u32>) -> bool {
    let Some(retry) = &function.retry else { return false };
    let done = i64::from(count) + 1;
    let policy_ends = retry.max >= 0 && done > retry.max;
    let limit_ends = limit.is_some_and(|limit| done >= i64::from(limit));
    !policy_ends && !limit_ends && !inner.has_ended()
}

/// What the timer knows at this firing.
pub(super) fn timer_info(
    function: &Function,
    occasion: Occasion,
    last: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> TimerInfo {
    let next = now.replace_nanosecond(0).unwrap_or(now);
    let last = last.unwrap_or(next - Duration::from_secs(300));
    let monitored = matches!(function.trigger, Trigger::Timer { monitor: true, .. });
    let status = match occasion {
        _ if !monitored => None,
        Occasion::Unmonitored => None,
        Occasion::FirstRun => Some(ScheduleStatus::Never { next, with_offset: false }),
        Occasion::FirstRunWithOffset => Some(ScheduleStatus::Never { next, with_offset: true }),
        Occasion::Normal | Occasion::PastDue => Some(ScheduleStatus::Ran { last, next }),
    };
    TimerInfo { past_due: occasion == Occasion::PastDue, status }
}
