//! Finding links by their ends.

use azure_data_cosmos::Query;

use super::connection::{Store, with};
use super::error::StoreError;
use super::found::{FIELDS, Found};
use crate::protocol::Candidate;

impl Store {
    /// Streams the living links from or to one of `ids`.
    ///
    /// # Errors
    /// As [`Store::older_than`].
    pub async fn linked(
        &self,
        container: &str,
        ids: impl ExactSizeIterator<Item = &String>,
    ) -> Result<impl Found<Candidate>, StoreError> {
        let names: Vec<_> = (0..ids.len()).map(|number| format!("@id{number}")).collect();
        let list = names.join(", ");
        let text = format!(
            "{FIELDS}NOT IS_DEFINED(c._mirror.removed) AND (c.targetId IN ({list}) OR c.sourceId IN ({list}))"
        );
        let mut query = Query::from(text);
        for (name, id) in names.into_iter().zip(ids) {
            query = with(query, &name, id)?;
        }
        self.query(container, query).await
    }

    /// Streams the living links from one of `sources`.
    ///
    /// # Errors
    /// As [`Store::older_than`].
    pub async fn links_from(
        &self,
        container: &str,
        sources: &[String],
    ) -> Result<impl Found<Candidate> + use<>, StoreError> {
        let names: Vec<_> = (0..sources.len()).map(|number| format!("@id{number}")).collect();
        let list = names.join(", ");
        let text = format!("{FIELDS}NOT IS_DEFINED(c._mirror.removed) AND c.sourceId IN ({list})");
        let mut query = Query::from(text);
        for (name, id) in names.iter().zip(sources) {
            query = with(query, name, id)?;
        }
        self.query(container, query).await
    }
}
