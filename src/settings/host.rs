//! What the Functions host is told, as far as somebody may ask about it: it reads these settings itself.
//!
//! Only whether they are there: <https://learn.microsoft.com/azure/azure-functions/functions-reference#connecting-to-host-storage-with-an-identity>.

use super::lookup::Reader;

/// Where the host keeps its queue, its timers and its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostStorage {
    /// `AzureWebJobsStorage` is a connection string.
    ConnectionString,
    /// `AzureWebJobsStorage__accountName`: an identity opens all services of an account.
    Account,
    /// An identity opens services that are named one by one, or nothing is set.
    Services {
        /// `AzureWebJobsStorage__queueServiceUri` is set.
        queue: bool,
        /// `AzureWebJobsStorage__blobServiceUri` is set.
        blob: bool,
    },
}

/// Whether App Service authenticates callers, and takes its own headers from requests that others send. The platform says
/// so, and whatever else is there means no:
/// <https://learn.microsoft.com/azure/app-service/reference-app-settings#authentication--authorization>.
pub(super) fn authenticates(reader: &mut Reader<'_>) -> bool {
    reader.text("WEBSITE_AUTH_ENABLED").is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

/// Reads what is set.
pub(super) fn storage(reader: &mut Reader<'_>) -> HostStorage {
    let mut is_set = |name: &str| reader.text(name).is_some();
    match (is_set("AzureWebJobsStorage"), is_set("AzureWebJobsStorage__accountName")) {
        (true, _) => HostStorage::ConnectionString,
        (false, true) => HostStorage::Account,
        (false, false) => HostStorage::Services {
            queue: is_set("AzureWebJobsStorage__queueServiceUri"),
            blob: is_set("AzureWebJobsStorage__blobServiceUri"),
        },
    }
}
