//! Documents as a whole: one by its id, or all the living ones of a container.

use std::time::Instant;

use azure_data_cosmos::options::ItemReadOptions;
use azure_data_cosmos::{FeedScope, Query};
use serde_json::value::RawValue;

use super::attempt;
use super::connection::{READ_TIMEOUT, Store, read_options};
use super::error::StoreError;
use super::found::{FIELDS, Found, Row};
use super::newest;
use crate::protocol::{Candidate, Kept};

impl Row for Kept {
    fn read(row: &RawValue) -> Result<Self, &'static str> {
        Self::of(row.to_owned())
    }
}

impl Store {
    /// One document; none when there is none.
    ///
    /// # Errors
    /// [`StoreError`], also when it is not a document of this mirror.
    pub async fn kept(&self, container: &str, partition: &str, id: &str) -> Result<Option<Kept>, StoreError> {
        let lacks =
            |what| StoreError::Unknown(format!("a document that is none of this mirror: it lacks `{what}`"));
        let read = self.text_of(container, partition, id).await?;
        read.map(|(text, charge)| Ok(Kept { charge, ..Kept::of(text).map_err(lacks)? })).transpose()
    }

    /// One document of this mirror; none when there is none, or when what is there is none of ours: the feed overwrites it.
    ///
    /// # Errors
    /// [`StoreError`], as it cannot be read.
    pub async fn known(&self, container: &str, id: &str) -> Result<Option<Kept>, StoreError> {
        let read = self.text_of(container, id, id).await?;
        Ok(read.and_then(|(text, charge)| Some(Kept { charge, ..Kept::of(text).ok()? })))
    }

    /// Has the next read see the newest version of a document, for whoever decides by it to write nothing.
    ///
    /// # Errors
    /// [`StoreError`], when Cosmos could not be asked.
    pub async fn reach_newest(&self, container: &str, kept: &Kept) -> Result<(), StoreError> {
        let (id, name, container) = (&kept.marks.id, container, self.container(container).await?);
        match newest::reach(&container, id, id, &kept.text, Instant::now() + READ_TIMEOUT).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.blame(name, error).await),
        }
    }

    /// The text of a document, and what it cost to read it.
    async fn text_of(
        &self,
        container: &str,
        partition: &str,
        id: &str,
    ) -> Result<Option<(Box<RawValue>, f64)>, StoreError> {
        let (name, container) = (container, self.container(container).await?);
        let deadline = Instant::now() + READ_TIMEOUT;
        let answer = attempt::patiently(deadline, || {
            let options = ItemReadOptions::default().with_operation_options(read_options());
            attempt::once(deadline, container.read_item(partition.to_owned(), id, Some(options)))
        });
        match answer.await {
            Ok(response) => {
                let charge = attempt::charge(&response);
                let text = response.into_model();
                let text = text.map_err(|_| StoreError::Unknown("a document that is no JSON".into()))?;
                Ok(Some((text, charge)))
            }
            Err(StoreError::Missing(_)) => Ok(None),
            Err(error) => Err(self.blame(name, error).await),
        }
    }

    /// Streams the living documents of a container, whole.
    ///
    /// # Errors
    /// As [`Store::older_than`].
    pub async fn living(&self, container: &str) -> Result<impl Found<Kept> + use<>, StoreError> {
        let text = "SELECT * FROM c WHERE NOT IS_DEFINED(c._mirror.removed)";
        self.query(container, Query::from(text)).await
    }

    /// Streams the living links that lie under `parent`.
    ///
    /// # Errors
    /// As [`Store::older_than`].
    pub async fn living_under(
        &self,
        container: &str,
        parent: &str,
    ) -> Result<impl Found<Candidate> + use<>, StoreError> {
        let text = format!("{FIELDS}NOT IS_DEFINED(c._mirror.removed)");
        self.query_in(container, FeedScope::partition(parent.to_owned()), Query::from(text)).await
    }

    /// Streams the marks of the living documents of a container.
    ///
    /// # Errors
    /// As [`Store::older_than`].
    pub async fn living_marks(&self, container: &str) -> Result<impl Found<Candidate> + use<>, StoreError> {
        self.query(container, Query::from(format!("{FIELDS}NOT IS_DEFINED(c._mirror.removed)"))).await
    }
}
