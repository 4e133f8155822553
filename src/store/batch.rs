//! What the operations of a transactional batch answered; pure.
//!
//! Promises: a batch that failed is never taken for one that was carried out, though Cosmos answers it without an error. The
//! sub-status is read here: Cosmos writes `subStatusCode`, and the SDK looks for `substatusCode`.

use std::time::Duration;

use serde_json::value::RawValue;

use super::error::{self, OTHER_KEY, StoreError};
use crate::json::Members;

/// Status of an operation that failed only because another one of its batch did.
const FAILED_DEPENDENCY: u16 = 424;
/// Wait where a refused operation names none.
const DEFAULT_WAIT: Duration = Duration::from_millis(100);

/// The answer to one operation.
struct Answer {
    status: u16,
    sub: Option<u32>,
    after: Option<Duration>,
}

/// Whether all operations of a batch of upserts were carried out.
///
/// # Errors
/// The refusal of the first operation that failed by itself; [`StoreError::Unknown`] where that cannot be read.
pub(super) fn judged(body: &[u8]) -> Result<(), StoreError> {
    let operations: Option<Vec<&RawValue>> = serde_json::from_slice(body).ok();
    let answers: Option<Vec<_>> = operations.and_then(|all| all.into_iter().map(Answer::read).collect());
    let answers = answers.ok_or_else(|| StoreError::Unknown("a batch whose answer cannot be read".into()))?;
    let mut failed = answers.iter().filter(|answer| !(200..300).contains(&answer.status)).peekable();
    if failed.peek().is_none() {
        return Ok(());
    }
    let itself = failed.find(|answer| answer.status != FAILED_DEPENDENCY);
    let nobody = || StoreError::Unknown("a batch of which no operation failed by itself".into());
    Err(itself.map_or_else(nobody, Answer::refusal))
}

impl Answer {
    fn read(text: &RawValue) -> Option<Self> {
        let members = Members::of(text.get())?;
        let status = u16::try_from(members.number("statusCode")?).ok()?;
        let sub = members.number("subStatusCode").and_then(|sub| u32::try_from(sub).ok());
        let after = members.number("retryAfterMilliseconds").and_then(|wait| u64::try_from(wait).ok());
        Some(Self { status, sub, after: after.map(Duration::from_millis) })
    }

    fn refusal(&self) -> StoreError {
        let (status, sub) = (self.status, self.sub);
        let text = format!("status {status}/{} of an operation in a batch", sub.unwrap_or(0));
        match status {
            _ if error::is_other_container(status, sub) => StoreError::OtherContainer(text),
            429 | 449 => StoreError::Throttled { after: self.after.unwrap_or(DEFAULT_WAIT) },
            412 => StoreError::Overtaken,
            400 if sub == Some(OTHER_KEY) => StoreError::OtherKey(text),
            400 | 413 => StoreError::Refused(text),
            // A batch upserts: a conflict is one of a unique key, and a 404 is about the container.
            404 => StoreError::NoContainer(text),
            _ => StoreError::of_status(status, sub, "", &text).unwrap_or(StoreError::Unknown(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_operation_that_failed_by_itself_says_why_the_batch_failed() {
        let body = |sub: &str| {
            format!(r#"[{{"statusCode":424}},{{"statusCode":400{sub}}},{{"statusCode":413}}]"#).into_bytes()
        };
        let why = |sub: &str| judged(&body(sub)).unwrap_err();
        assert!(matches!(why(""), StoreError::Refused(_)));
        assert!(matches!(why(r#","subStatusCode":1001"#), StoreError::OtherKey(_)));
        assert!(matches!(why(r#","subStatusCode":1024"#), StoreError::OtherContainer(_)));
        assert!(
            matches!(why(r#","substatusCode":1024"#), StoreError::OtherContainer(_)),
            "as the SDK spells it"
        );
        let after = Duration::from_millis(20);
        let busy = judged(br#"[{"statusCode":429,"retryAfterMilliseconds":20}]"#);
        assert_eq!(busy, Err(StoreError::Throttled { after }));
    }

    #[test]
    fn a_batch_whose_answer_cannot_be_read_is_not_taken_for_one_that_was_carried_out() {
        assert_eq!(judged(br#"[{"statusCode":201},{"statusCode":200,"eTag":"1"}]"#), Ok(()));
        for body in
            ["", "{}", "[1]", "[{}]", r#"[{"statusCode":201},{"statusCode":-1}]"#, r#"[{"statusCode":424}]"#]
        {
            assert!(matches!(judged(body.as_bytes()), Err(StoreError::Unknown(_))), "{body}");
        }
    }
}
