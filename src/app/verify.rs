//! The verb `verify`, and how far whatever is under way is.

use std::sync::Arc;

use tracing::Instrument as _;

use super::{App, AppError};
use crate::mirror::{self, Difference, NotCompared, Progress, Verified};

impl App {
    /// Compares the copy of a resource with Graph, for as long as that takes. Changes nothing.
    ///
    /// # Errors
    /// [`AppError`].
    pub async fn verify(&self, resource: &str) -> Result<Verified, AppError> {
        let row = self.row(resource)?;
        let reader = self.tokens.reader().await?;
        let span = tracing::info_span!("verify", resource);
        let verified = mirror::verify(&self.mirror, row, &reader).instrument(span).await;
        verified.map_err(|source| self.failed("verify", row, source))
    }

    /// Looks at differences again: those that are left, and what could not be looked at.
    ///
    /// # Errors
    /// As [`App::verify`].
    pub async fn verify_again(
        &self,
        resource: &str,
        differences: &[Difference],
    ) -> Result<(Vec<Difference>, Vec<NotCompared>), AppError> {
        let row = self.row(resource)?;
        let reader = self.tokens.reader().await?;
        let left = mirror::verify_again(&self.mirror, row, &reader, differences).await;
        left.map_err(|source| self.failed("verify", row, source))
    }

    /// How far whatever is under way is.
    pub fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.mirror.progress)
    }
}
