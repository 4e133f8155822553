//! The Microsoft clouds: one name sets the Graph host and the scope together.
//!
//! Hosts: <https://learn.microsoft.com/graph/deployments>.

use super::{Graph, lookup::Reader};

const CLOUDS: [(&str, &str); 4] = [
    ("global", "https://graph.microsoft.com"),
    ("usgov", "https://graph.microsoft.us"),
    ("usgov-dod", "https://dod-graph.microsoft.us"),
    ("china", "https://microsoftgraph.chinacloudapi.cn"),
];

/// Graph's origin and scope from `AZURE_CLOUD`, `GRAPH_ENDPOINT` (which wins) and `GRAPH_SCOPES`.
pub(super) fn graph(reader: &mut Reader<'_>) -> Graph {
    let cloud = reader.text("AZURE_CLOUD").unwrap_or_else(|| "global".into());
    let host = CLOUDS.iter().find(|(name, _)| *name == cloud).map(|(_, host)| *host);
    if host.is_none() {
        let known = CLOUDS.map(|(name, _)| name).join(", ");
        reader.problem("AZURE_CLOUD", format!("`{cloud}` is none of {known}"));
    }
    let text = reader.text("GRAPH_ENDPOINT").unwrap_or_else(|| host.unwrap_or(CLOUDS[0].1).to_owned());
    let endpoint = reader.endpoint("GRAPH_ENDPOINT", &text);
    if endpoint.path() != "/" || endpoint.query().is_some() || endpoint.fragment().is_some() {
        reader
            .problem("GRAPH_ENDPOINT", "must be an origin without a path, like https://graph.microsoft.com");
    }
    let scope = reader
        .text("GRAPH_SCOPES")
        .unwrap_or_else(|| format!("{}/.default", endpoint.origin().ascii_serialization()));
    Graph { endpoint, scope }
}
