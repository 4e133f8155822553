//! How near each service is to its limits, as headers tell it.
//! Sources: <https://learn.microsoft.com/graph/throttling>, and for the scope on a 429
//! <https://learn.microsoft.com/graph/throttling-limits#identity-and-access-service-limits>.

use std::collections::BTreeMap;

use super::{answer::Answer, request::Record};

/// From this share of a limit on, answers tell it.
const TOLD_FROM: f64 = 0.8;

/// The share of its limit that each service has used up.
#[derive(Debug, Default)]
pub(super) struct Loads(BTreeMap<String, f64>);

impl Loads {
    pub(super) fn set(&mut self, service: &str, share: f64) {
        self.0.insert(service.to_owned(), share);
    }

    /// An answer with what it tells of the load.
    pub(super) fn tell(&self, record: &Record, tenant: &str, answer: Answer) -> Answer {
        let Some(service) = record.service() else { return answer };
        if answer.status == 429 {
            let scope = format!("Tenant_Application/ReadWrite/app/{tenant}");
            return answer
                .with("x-ms-throttle-scope", &scope)
                .with("x-ms-throttle-information", "ResourceUnitLimitExceeded");
        }
        match self.0.get(service).filter(|share| **share >= TOLD_FROM) {
            Some(share) => answer.with("x-ms-throttle-limit-percentage", &share.to_string()),
            None => answer,
        }
    }
}
