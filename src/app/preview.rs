//! The dry runs: what a verb would do. Nothing is written.

use std::time::Instant;

use super::{App, AppError, PATIENCE};
use crate::mirror::{self, Preview};
use crate::subscriptions::{self, Kept};

impl App {
    /// What the next run on a feed would do, read from Graph and from the copy.
    ///
    /// # Errors
    /// As [`App::sync`].
    pub async fn preview(&self, resource: &str) -> Result<Preview, AppError> {
        let row = self.row(resource)?;
        let reader = self.tokens.reader().await?;
        let preview = mirror::preview(&self.mirror, row, &reader, self.budget).await;
        preview.map_err(|source| self.failed("dry run of sync", row, source))
    }

    /// What a look after the subscriptions would do.
    ///
    /// # Errors
    /// As [`App::keep_subscriptions`].
    pub async fn preview_subscriptions(&self) -> Result<Kept, AppError> {
        let failed = |source| self.subscriptions_failed(source);
        let Some((keys, url)) = &self.notifications else {
            let ended = subscriptions::would_end(&self.mirror.store, crate::catalogue::rows()).await;
            return ended.map_err(failed);
        };
        let reader = self.tokens.reader().await?;
        let keeper = self.keeper(keys, url, &reader.tenant_id);
        subscriptions::preview(&keeper, &self.rows, Instant::now() + PATIENCE).await.map_err(failed)
    }
}
