//! The envelope of a timer trigger (`TimerInfo`, `ScheduleStatus`).

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{Members, Node, Sys, envelope, seconds, ticks};

/// What the timer knows when it fires.
#[derive(Debug, Clone)]
pub(in crate::host) struct TimerInfo {
    pub past_due: bool,
    /// `None` where the host keeps no status: `useMonitor: false`, or a period below a minute.
    pub status: Option<ScheduleStatus>,
}

#[derive(Debug, Clone)]
pub(in crate::host) enum ScheduleStatus {
    /// It ran before. `next` is the occurrence that is firing now.
    Ran { last: OffsetDateTime, next: OffsetDateTime },
    /// It never ran; both spellings of .NET's first instant occur.
    Never { next: OffsetDateTime, with_offset: bool },
}

/// Where in its retries an attempt is; present from the first attempt on when the function has a policy.
#[derive(Debug, Clone)]
pub(in crate::host) struct RetryContext {
    pub count: u32,
    pub max: i64,
    /// Why the attempt before failed.
    pub exception: Option<String>,
}

/// Builds the envelope of one attempt.
pub(in crate::host) fn timer(
    binding: &str,
    info: &TimerInfo,
    retry: Option<&RetryContext>,
    sys: &Sys,
) -> String {
    let mut schedule = Members::default();
    schedule.put("AdjustForDST", true);
    let mut data = Members::default();
    data.put("Schedule", schedule);
    data.put("ScheduleStatus", info.status.as_ref().map_or(Node::Value(Value::Null), ScheduleStatus::node));
    data.put("IsPastDue", info.past_due);

    let mut metadata = Members::default();
    if let Some(retry) = retry {
        metadata.put("RetryContext", retry.members());
    }
    metadata.put("sys", sys.members());
    envelope(binding, data, metadata)
}

impl ScheduleStatus {
    fn node(&self) -> Node {
        let (last, next) = match self {
            Self::Ran { last, next } => (ticks(*last) + "+00:00", next),
            Self::Never { next, with_offset } => {
                ("0001-01-01T00:00:00".to_owned() + if *with_offset { "+00:00" } else { "" }, next)
            }
        };
        let mut members = Members::default();
        members.put("Last", last.clone());
        members.put("Next", seconds(*next));
        members.put("LastUpdated", last);
        members.into()
    }
}

impl RetryContext {
    /// The numbers are real numbers here, unlike everywhere else in the metadata.
    fn members(&self) -> Members {
        let exception = self.exception.as_ref().map(|message| {
            json!({"ClassName": "Microsoft.Azure.WebJobs.Host.FunctionInvocationException", "Message": message})
        });
        let mut members = Members::default();
        members.put("RetryCount", self.count);
        members.put("MaxRetryCount", self.max);
        members.put("Exception", exception.unwrap_or_default());
        members.put("Instance", Value::Null);
        members.put("State", Members::default());
        members
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::super::tests::sys;
    use super::*;

    const SYS: &str = r#""sys":{"MethodName":"sync_users","UtcNow":"2026-11-22T07:00:00.0312345Z","RandGuid":"24ad4c06-24ad-4e5b-8294-3da9714877e9"}"#;
    const NEXT: OffsetDateTime = datetime!(2026-11-22 07:00:00 UTC);

    fn text(info: &TimerInfo, retry: Option<&RetryContext>) -> String {
        timer("timer", info, retry, &sys("sync_users"))
    }

    #[test]
    fn the_envelope_of_a_timer_that_ran_before_has_its_last_run() {
        let last = datetime!(2026-11-22 06:00:00.0053961 UTC);
        let info = TimerInfo { past_due: false, status: Some(ScheduleStatus::Ran { last, next: NEXT }) };
        let expected = [
            r#"{"Data":{"timer":{"Schedule":{"AdjustForDST":true},"ScheduleStatus":{"Last":"2026-11-22T06:00:00.0053961+00:00","#,
            r#""Next":"2026-11-22T07:00:00+00:00","LastUpdated":"2026-11-22T06:00:00.0053961+00:00"},"IsPastDue":false}},"#,
            r#""Metadata":{"#,
            SYS,
            "}}",
        ];
        assert_eq!(text(&info, None), expected.concat());
    }

    #[test]
    fn the_envelope_of_a_first_run_has_no_last_run() {
        let never = |with_offset| Some(ScheduleStatus::Never { next: NEXT, with_offset });
        let first = text(&TimerInfo { past_due: true, status: never(false) }, None);
        assert!(first.contains(r#""Last":"0001-01-01T00:00:00","Next":"#), "{first}");
        assert!(first.contains(r#""IsPastDue":true"#), "{first}");
        let offset = text(&TimerInfo { past_due: false, status: never(true) }, None);
        assert!(offset.contains(r#""LastUpdated":"0001-01-01T00:00:00+00:00""#), "{offset}");
        let none = text(&TimerInfo { past_due: false, status: None }, None);
        assert!(none.contains(r#""ScheduleStatus":null,"#), "{none}");
    }

    #[test]
    fn the_retry_context_has_real_numbers() {
        let info = TimerInfo { past_due: false, status: None };
        let first = RetryContext { count: 0, max: 3, exception: None };
        let expected = r#""RetryContext":{"RetryCount":0,"MaxRetryCount":3,"Exception":null,"Instance":null,"State":{}}"#;
        assert!(text(&info, Some(&first)).contains(expected));
        let second = RetryContext { count: 1, max: 3, exception: Some("500".into()) };
        assert!(text(&info, Some(&second)).contains(r#""RetryCount":1,"MaxRetryCount":3,"Exception":{"#));
    }
}
