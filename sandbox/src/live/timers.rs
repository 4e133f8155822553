//! The clock of the Functions host: timers fire on schedule, and the queue is polled.

use time::OffsetDateTime;

use super::{Pace, Say};
use crate::host::{Attempt, Fire, Host, Schedule, Verdict};

/// Fires a timer again and again, with the retries of its policy.
pub(super) async fn follow(host: Host, name: String, schedule: Schedule, pace: Pace, say: Say) {
    while let Some(wait) = pace.until(&schedule, OffsetDateTime::now_utc()) {
        tokio::time::sleep(wait).await;
        match host.fire(&name, Fire::default()).await {
            Ok(firing) => firing.attempts.iter().filter_map(line_about).for_each(|line| say(&line)),
            Err(error) => say(&format!("timer {name}: {error:#}")),
        }
    }
}

/// Delivers what is on a queue, as it comes.
pub(super) async fn deliver(host: Host, queue: &'static str, pace: Pace, say: Say) {
    loop {
        tokio::time::sleep(pace.latency()).await;
        match host.pump_wide(queue, host.queue_width()).await {
            Ok(attempts) => attempts.iter().filter_map(line_about).for_each(|line| say(&line)),
            Err(error) => say(&format!("queue {queue}: {error:#}")),
        }
    }
}

/// The line about an attempt; none for an attempt without work.
fn line_about(attempt: &Attempt) -> Option<String> {
    let function = &attempt.function;
    match &attempt.verdict {
        Verdict::Succeeded { logs, .. } => {
            let sentence = logs.first()?;
            let is_idle = sentence.contains(" 0 upserted, 0 removed, 0 set aside, ")
                && !sentence.contains("links")
                || sentence.contains("created none; extended none; 0 ended; failed none");
            (!is_idle).then(|| format!("{function}: {sentence}"))
        }
        Verdict::Failed { reason } | Verdict::WouldHang { reason } => {
            Some(format!("{function} failed: {reason}"))
        }
    }
}
