//! `resources`: the catalogue, as it is built in. Needs no settings.

use serde_json::json;

use super::output::{Exit, Output, print_json, print_table};
use crate::app;

/// What `resources` is told.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// How the resources are written on stdout.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

const EXAMPLES: &str = "Examples:
  graph-mirror resources                    one line per container
  graph-mirror resources --output json      one JSON object per resource, with ids to grant permissions by

The permission is the least application permission of Microsoft Graph that reads the resource.";

/// Lists the rows of the catalogue.
pub fn run(args: &Args) -> Exit {
    match args.output {
        Output::Table => table(),
        Output::Json => objects(),
    }
    Exit::Done
}

/// A line per container; what belongs to the resource is on its first one.
fn table() {
    let headings = ["RESOURCE", "GRAPH PATH", "CONTAINER", "PARTITION KEY", "PERMISSION", "APP ROLE ID"];
    let lines = app::rows().iter().flat_map(|row| {
        row.containers().enumerate().map(move |(place, (container, key))| {
            let first = |text: &str| if place == 0 { text.to_owned() } else { String::new() };
            let permission = &row.permission;
            [
                first(row.resource),
                first(row.path),
                container.to_owned(),
                key.to_owned(),
                first(permission.name),
                first(permission.app_role_id),
            ]
        })
    });
    print_table(headings, lines);
}

fn objects() {
    for row in app::rows() {
        let containers: Vec<_> = row
            .containers()
            .map(|(name, partition_key)| json!({ "name": name, "partitionKey": partition_key }))
            .collect();
        print_json(&json!({
            "resource": row.resource,
            "path": row.path,
            "containers": containers,
            "permission": { "name": row.permission.name, "appRoleId": row.permission.app_role_id },
        }));
    }
}
