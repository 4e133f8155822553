//! The app: creates its parts from the settings, and offers the verbs that the command line and the functions call.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::graph::Priority;
use crate::mirror::Progress;
use crate::notify::{Delivery, NotADelivery, Tallied};
use crate::protocol::Ending;
use crate::report::{Outcome, Shown};
use crate::settings::Settings;
use crate::subscriptions;
use crate::sync::{Preview, Refreshed};
use crate::verify::{Difference, NotCompared, Verified};
use named::Meant;
use notifications::Notifications;
use parts::Parts;

mod add;
mod ask;
mod below;
mod callers;
mod checked;
mod cloud;
mod deployment;
mod erase;
mod error;
mod ids;
mod init;
mod lane;
mod named;
mod notifications;
mod notified;
mod parts;
mod relooks;
mod subscribed;
mod tokens;
mod unknown;
mod verbs;

pub use crate::catalogue::{Mode, Permission, Resource, Status, Word};
pub use crate::protocol::Feed;
pub use crate::subscriptions::Renewal;
pub use add::{AddError, Added, Choice, Wishes, add};
pub use ask::Asker;
pub use callers::Presented;
pub use checked::{checked, load_catalogue, resources};
pub use deployment::{Container, Deployment, deployment, mirrored};
pub use erase::Erased;
pub use error::{AppError, Fault};
pub use init::{Creation, containers, create_commands};
pub use subscribed::{Listed, ResourceStatus, Subscription};
pub use tokens::tenant;
pub use unknown::unknown;

/// The app with all its parts. The process has one.
#[derive(Debug)]
pub struct App {
    parts: Parts,
    /// Change notifications, if they are on.
    notifications: Option<Notifications>,
}

impl App {
    /// Creates the app. It opens no connection and requests no token; it only checks which functions exist.
    pub fn new(settings: Settings) -> Self {
        let functions = settings.functions.as_deref();
        let renewal = deployment::schedule(functions, "renew_subscriptions");
        let renewal = renewal.and_then(|text| subscriptions::period(&text)).unwrap_or(subscriptions::PERIOD);
        let relook = settings.limits.relook;
        let on = settings.notifications.as_ref();
        let notifications = on.map(|on| Notifications::new(on, renewal, relook));
        Self { parts: Parts::new(settings), notifications }
    }

    /// Syncs a feed for at most the budget of an inline turn.
    ///
    /// # Errors
    /// [`AppError`]; nothing is lost, and the next turn continues.
    pub async fn sync(&self, feed: &Feed) -> Result<Outcome, AppError> {
        self.turn(feed, self.parts.budget(), self.parts.priority()).await
    }

    /// Syncs a feed after a notification or a request, or after an earlier turn left work. With `ids`, updates the copies of
    /// these objects only, or names the feeds that they are about.
    ///
    /// If nothing new is found, a sync follows later (`relooks` says why). `requested`: a person waits for it, so its
    /// requests to Graph are urgent, and all parents are due.
    ///
    /// # Errors
    /// As [`App::sync`].
    pub async fn rerun(&self, feed: &Feed, ids: &[String], requested: bool) -> Result<Outcome, AppError> {
        let give_up = self.parts.give_up();
        let priority = if requested { Priority::High } else { self.parts.priority() };
        let (feed, outcome, may_lag) = match Box::pin(below::meant(&self.parts, feed, ids)).await? {
            Meant::Feed(feed) => {
                let outcome = self.turn(&feed, self.parts.budget(), priority).await?;
                let is_nothing = outcome.counts.is_nothing();
                (feed, outcome, is_nothing)
            }
            Meant::Done { outcome, may_lag } => (feed.clone(), *outcome, may_lag),
        };
        // Below a parent nobody waits: there are too many feeds, and what a fan-out has named must reach the queue.
        let is_whole = may_lag && self.parts.resource(&feed)?.parents().is_empty();
        let is_over = is_whole && outcome.ending == Ending::Complete;
        match self.notifications.as_ref().filter(|_| is_over) {
            Some(on) if on.wait_for_relook(&feed, give_up).await => {
                self.turn(&feed, give_up.saturating_duration_since(Instant::now()), priority).await
            }
            _ => Ok(outcome),
        }
    }

    /// Updates the copies of single objects or, without ids, the whole feed like [`App::sync`]. The caller waits for
    /// the result.
    ///
    /// # Errors
    /// [`AppError`]; some of the single objects may have been written.
    pub async fn refresh(&self, feed: &Feed, ids: &[String]) -> Result<Refreshed, AppError> {
        if !ids.is_empty() {
            return verbs::refresh(&self.parts, feed, ids, Priority::High).await;
        }
        let budget = self.parts.budget().min(verbs::REFRESH_BUDGET);
        let outcome = self.turn(feed, budget, Priority::High).await?;
        Ok(Refreshed { outcome, not_found: Vec::new() })
    }

    /// Whether `refresh` reads this resource as its caller.
    pub fn is_read_for_callers(&self, resource: &str) -> bool {
        self.parts.named(resource).is_some_and(|row| row.on_behalf_of)
    }

    /// As [`App::refresh`], of what the caller sees, who says who they are. Nothing goes on with it later: their token is
    /// not kept.
    ///
    /// # Errors
    /// [`AppError`]; some of the objects may have been written.
    pub async fn refresh_as(
        &self,
        presented: &Presented,
        feed: &Feed,
        ids: &[String],
    ) -> Result<Refreshed, AppError> {
        Box::pin(verbs::refresh_as(&self.parts, presented, feed, ids)).await
    }

    /// Makes the next turn read the whole feed again.
    ///
    /// # Errors
    /// [`AppError`].
    pub async fn reset(&self, feed: &Feed) -> Result<Outcome, AppError> {
        verbs::reset(&self.parts, feed).await
    }

    /// Reads the checkpoint of a feed, complete except for the link, which is a secret; none if nothing was copied yet.
    ///
    /// # Errors
    /// [`AppError`].
    pub async fn checkpoint(&self, feed: &Feed) -> Result<Option<Shown>, AppError> {
        verbs::checkpoint(&self.parts, feed).await
    }

    /// The status of a feed, or of all resources, each with its last `runs` runs. It sends requests to Cosmos DB only:
    /// a few reads and one bounded query for each feed.
    ///
    /// # Errors
    /// [`AppError`].
    pub async fn status(&self, feed: Option<&Feed>, runs: u32) -> Result<Vec<ResourceStatus>, AppError> {
        let all = verbs::status(&self.parts, feed, runs).await?;
        subscribed::beside(&self.parts, all, self.notifications.is_some()).await
    }

    /// Reports what the next run on a feed would do, from Graph and the copy. It writes nothing.
    ///
    /// # Errors
    /// As [`App::sync`].
    pub async fn preview(&self, feed: &Feed) -> Result<Preview, AppError> {
        Box::pin(verbs::preview(&self.parts, feed)).await
    }

    /// Compares the copy of a feed with Graph, however long it takes. It changes nothing.
    ///
    /// # Errors
    /// [`AppError`].
    pub async fn verify(&self, feed: &Feed) -> Result<Verified, AppError> {
        verbs::verify(&self.parts, feed).await
    }

    /// Reads the objects of these differences again. Returns the remaining differences and the suspects that could not
    /// be compared.
    ///
    /// # Errors
    /// As [`App::verify`].
    pub async fn verify_again(
        &self,
        feed: &Feed,
        differences: &[Difference],
    ) -> Result<(Vec<Difference>, Vec<NotCompared>), AppError> {
        verbs::verify_again(&self.parts, feed, differences).await
    }

    /// The progress of the current operation.
    pub fn progress(&self) -> Arc<Progress> {
        Arc::clone(self.parts.progress())
    }

    /// Whether change notifications are on.
    pub fn is_notified(&self) -> bool {
        self.notifications.is_some()
    }

    /// Decides what to do with the body of a notification request. It sends no request.
    ///
    /// # Errors
    /// [`NotADelivery`] says why the body is not a delivery.
    pub fn judge(&self, body: &str) -> Result<Delivery, NotADelivery> {
        match &self.notifications {
            Some(on) => on.judge(&self.parts, body),
            None => Ok(Delivery::default()),
        }
    }

    /// Counts the notifications of a request. Logs the numbers of those that are not genuine at most once a minute.
    pub fn count(&self, some: Tallied) {
        self.notifications.iter().for_each(|on| on.count(some));
    }

    /// Counts a validation request for the notification URL; the sender may or may not be Graph.
    pub fn count_validation(&self) {
        self.notifications.iter().for_each(Notifications::count_validation);
    }

    /// Creates and renews the subscriptions, or ends them if notifications are off. `urgent`: Graph reported that a
    /// subscription needs attention.
    ///
    /// # Errors
    /// [`AppError`] if the whole operation failed; [`Renewal`] lists single feeds that failed.
    pub async fn keep_subscriptions(&self, urgent: bool) -> Result<Renewal, AppError> {
        Box::pin(subscribed::keep(&self.parts, self.notifications.as_ref(), urgent)).await
    }

    /// Creates or renews the subscription below one parent, of which Graph reported that it needs attention.
    ///
    /// # Errors
    /// As [`App::keep_subscriptions`].
    pub async fn keep_subscription(&self, feed: &Feed) -> Result<Renewal, AppError> {
        Box::pin(subscribed::keep_one(&self.parts, self.notifications.as_ref(), feed)).await
    }

    /// Reports what [`App::keep_subscriptions`] would do. It writes nothing.
    ///
    /// # Errors
    /// As [`App::keep_subscriptions`].
    pub async fn preview_subscriptions(&self) -> Result<Renewal, AppError> {
        subscribed::preview(&self.parts, self.notifications.as_ref()).await
    }

    /// Lists the subscriptions of this app in this tenant, as Graph returns them.
    ///
    /// # Errors
    /// [`AppError`].
    pub async fn list_subscriptions(&self) -> Result<Vec<Listed>, AppError> {
        subscribed::list(&self.parts, self.notifications.as_ref()).await
    }

    /// Ends a subscription, whichever deployment created it. It succeeds if there was none.
    ///
    /// # Errors
    /// [`AppError`].
    pub async fn delete_subscription(&self, id: &str) -> Result<(), AppError> {
        subscribed::delete(&self.parts, id).await
    }

    /// Deletes everything that this deployment has about one object: its document, its links on both ends, what lies under
    /// it, and the run records that name it. It asks nothing of Graph. Returns the numbers by container.
    ///
    /// # Errors
    /// [`AppError`]; run it again to go on.
    pub async fn erase(&self, resource: &str, id: &str) -> Result<Vec<Erased>, AppError> {
        Box::pin(erase::erase(&self.parts, resource, id)).await
    }

    /// Creates the database and all missing [`containers`]. Returns the result for each, the database first. It
    /// requires the account key.
    ///
    /// # Errors
    /// [`AppError::Init`]; run it again to continue.
    pub async fn init(&self) -> Result<Vec<(&'static str, Creation)>, AppError> {
        init::init(&self.parts).await
    }

    async fn turn(&self, feed: &Feed, budget: Duration, priority: Priority) -> Result<Outcome, AppError> {
        if let Some(on) = &self.notifications {
            on.write_down(&self.parts).await;
        }
        Box::pin(verbs::sync(&self.parts, feed, budget, priority)).await
    }
}
