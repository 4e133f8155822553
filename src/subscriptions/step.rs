//! One step about one subscription, and what comes of it.

use std::time::Instant;

use time::{Duration, OffsetDateTime};

use super::Keeper;
use super::plan::{self, Step};
use super::record::Record;
use super::target::Target;
use crate::graph::{GraphError, NewSubscription, Subscription, is_gone, subscription};

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Did {
    Nothing,
    Extended,
    Created,
    Failed,
}

/// One feed's subscription, while it is looked after.
pub(super) struct Case<'a> {
    pub keeper: &'a Keeper<'a>,
    pub target: &'a Target<'a>,
    pub client_state: String,
    pub deadline: Instant,
    pub record: Record,
}

impl Case<'_> {
    /// Does it; the record says what there is then.
    pub async fn perform(&mut self, step: Step) -> Result<Did, GraphError> {
        match step {
            Step::Keep | Step::Doubt => Ok(Did::Nothing),
            Step::Extend(id) => match self.extend(&id).await {
                Err(GraphError::Refused(refusal)) if is_gone(&refusal) => self.create(Vec::new()).await,
                extended => extended,
            },
            Step::Create { instead_of } => self.create(instead_of).await,
        }
    }

    async fn extend(&mut self, id: &str) -> Result<Did, GraphError> {
        loop {
            let now = OffsetDateTime::now_utc();
            let answer = subscription::extend(self.keeper.graph, id, self.end(now), self.deadline).await;
            if let Some(expires) = self.unless_too_long(answer)? {
                self.note(id.to_owned(), expires, now);
                return Ok(Did::Extended);
            }
        }
    }

    async fn create(&mut self, instead_of: Vec<String>) -> Result<Did, GraphError> {
        for id in &instead_of {
            subscription::delete(self.keeper.graph, id, self.deadline).await?;
        }
        // Not before: what could not be ended must not be forgotten.
        self.record.subscription_id = None;
        loop {
            let now = OffsetDateTime::now_utc();
            let wanted = NewSubscription {
                change_type: &self.target.to.changes,
                resource: &self.target.to.resource,
                notification_url: self.keeper.url.as_str(),
                lifecycle_notification_url: self.keeper.url.as_str(),
                client_state: &self.client_state,
                expires: self.end(now),
            };
            let answer = subscription::create(self.keeper.graph, &wanted, self.deadline).await;
            let answer = match answer {
                // The answer to an earlier try was lost: the one that there is may be ours.
                Err(GraphError::Refused(refusal)) if refusal.status == 409 => {
                    self.adopt().await?.ok_or(GraphError::Refused(refusal))
                }
                answer => answer,
            };
            if let Some(there) = self.unless_too_long(answer)? {
                self.note(there.id, there.expires, now);
                return Ok(Did::Created);
            }
        }
    }

    /// The subscription that is in the way, if it sends to us. What was there before had ended by then, so it is
    /// what this turn created.
    async fn adopt(&self) -> Result<Option<Subscription>, GraphError> {
        let all = subscription::all(self.keeper.graph, self.deadline).await?;
        let is_ours = |one: &Subscription| {
            plan::is_same(&one.resource, &self.target.to.resource)
                && one.notification_url == self.keeper.url.as_str()
        };
        Ok(all.into_iter().find(is_ours))
    }

    /// An answer, unless it may be that Graph grants shorter lives only: then the next one is to be tried. The
    /// documentation's numbers and those of the services differ at times.
    fn unless_too_long<T>(&mut self, answer: Result<T, GraphError>) -> Result<Option<T>, GraphError> {
        match answer {
            Err(GraphError::Refused(refusal)) if refusal.status == 400 => match plan::shorter(self.minutes())
            {
                Some(shorter) => {
                    self.record.minutes = Some(shorter);
                    Ok(None)
                }
                None => {
                    self.record.minutes = None;
                    Err(GraphError::Refused(refusal))
                }
            },
            answer => answer.map(Some),
        }
    }

    fn minutes(&self) -> u32 {
        self.record.minutes.unwrap_or(self.target.to.minutes)
    }

    fn end(&self, now: OffsetDateTime) -> OffsetDateTime {
        now + Duration::minutes(self.minutes().into())
    }

    fn note(&mut self, id: String, expires: OffsetDateTime, now: OffsetDateTime) {
        self.record.subscription_id = Some(id);
        self.record.expires = Some(expires);
        self.record.since = Some(now);
    }
}
