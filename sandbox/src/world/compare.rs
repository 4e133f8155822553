//! The copy beside the tenant: how they differ, and what was written to the copy.

use anyhow::{Result, ensure};

use crate::copy::{self, Difference, ExpectedLinks};
use crate::cosmos::{Cosmos, Write};
use crate::graph::{Graph, Relationship};

/// Differences that an error names.
const NAMED: usize = 5;

pub(super) async fn differences(feeds: &[&str], graph: &Graph, cosmos: &Cosmos) -> Vec<Difference> {
    let mut differences = Vec::new();
    for feed in feeds {
        let objects = cosmos.documents_if_any(feed).await;
        differences.extend(graph.tenant(|tenant| copy::differences_of(feed, tenant, &objects)));
        for relationship in Relationship::tracked_by(feed) {
            let links = cosmos.documents_if_any(relationship.container()).await;
            differences.extend(
                graph.tenant(|tenant| {
                    copy::link_differences(&ExpectedLinks::of(tenant, relationship), &links)
                }),
            );
        }
    }
    differences
}

pub(super) fn ensure_none(differences: &[Difference]) -> Result<()> {
    let named: Vec<_> = differences.iter().take(NAMED).map(ToString::to_string).collect();
    ensure!(differences.is_empty(), "{} differences: {}", differences.len(), named.join("; "));
    Ok(())
}

/// The writes outside the container `mirror`, but for those over a version or a document that is not there.
pub(super) fn document_writes(cosmos: &Cosmos) -> Vec<Write> {
    let is_of_document =
        |write: &Write| write.container != "mirror" && !matches!(write.status, Some(404 | 412));
    cosmos.writes().into_iter().filter(is_of_document).collect()
}
