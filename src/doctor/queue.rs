//! Judges where the Functions host keeps its queue; pure.
//!
//! `AzureWebJobsStorage` is a connection string, or the prefix of settings that name the services for an identity:
//! <https://learn.microsoft.com/azure/azure-functions/functions-reference#connecting-to-host-storage-with-an-identity>.
//! Only the host opens it; it is judged by what is set.

use super::verdict::{Check, Verdict};
use crate::settings::HostStorage;

/// Judges the storage; `is_host`: functions run with these settings.
pub fn judge(storage: &HostStorage, is_host: bool) -> Verdict {
    const NEXT: &str = "set AzureWebJobsStorage, or for an identity AzureWebJobsStorage__accountName and \
                        AzureWebJobsStorage__credential; on Azure:";
    const COMMAND: &str = "az functionapp config appsettings set -g <group> -n <app> --settings \
                           AzureWebJobsStorage__accountName=<storage account> \
                           AzureWebJobsStorage__credential=managedidentity";
    let missing = |what: &str| match is_host {
        true => Verdict::finding(Check::Queue, what, NEXT).by(COMMAND),
        false => {
            let why = format!("{what}; the Functions host needs it, this command does not");
            Verdict::skipped(Check::Queue, why)
        }
    };
    match storage {
        HostStorage::ConnectionString => Verdict::ok(Check::Queue, "AzureWebJobsStorage is set"),
        HostStorage::Account => Verdict::ok(Check::Queue, "AzureWebJobsStorage__accountName is set"),
        HostStorage::Services { queue: true, blob: true } => {
            Verdict::ok(Check::Queue, "AzureWebJobsStorage__queueServiceUri and __blobServiceUri are set")
        }
        HostStorage::Services { queue: false, blob: true } => missing(
            "AzureWebJobsStorage__queueServiceUri is not set: runs that outgrow an invocation have no queue to go on in",
        ),
        HostStorage::Services { queue: true, blob: false } => {
            missing("AzureWebJobsStorage__blobServiceUri is not set: timers and function keys are kept there")
        }
        HostStorage::Services { queue: false, blob: false } => missing(
            "AzureWebJobsStorage is not set: timers do not run, and runs that outgrow an invocation have no queue to \
             go on in",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::verdict::State;
    use super::*;

    #[test]
    fn what_the_host_lacks_is_a_finding_only_where_functions_run() {
        let some = |queue, blob| HostStorage::Services { queue, blob };
        for (storage, state) in [
            (HostStorage::ConnectionString, State::Ok),
            (HostStorage::Account, State::Ok),
            (some(true, true), State::Ok),
            (some(false, true), State::Finding),
            (some(true, false), State::Finding),
            (some(false, false), State::Finding),
        ] {
            assert_eq!(judge(&storage, true).state, state, "{storage:?}");
            let at_a_terminal = if state == State::Finding { State::Skipped } else { state };
            assert_eq!(judge(&storage, false).state, at_a_terminal, "{storage:?}");
        }
    }
}
