//! How often the SDK tries to get a token.

use azure_core::http::{ExponentialRetryOptions, RetryOptions};
use azure_core::time::Duration;

/// Retries that fit into an invocation: the SDK's own budget is over a minute.
pub(super) fn retry() -> RetryOptions {
    RetryOptions::exponential(ExponentialRetryOptions {
        initial_delay: Duration::milliseconds(200),
        max_retries: 3,
        max_total_elapsed: Duration::seconds(6),
        max_delay: Duration::seconds(2),
    })
}
