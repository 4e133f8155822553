//! `resources`: the catalogue, as it is built in, or what a deployment needs of it. Needs no settings.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::output::{Exit, Output, complain, print, print_json, print_table};
use crate::app;

/// What `resources` is told.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// How the resources are written on stdout.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
    /// Only what the functions in this folder mirror (`sync_<resource>`): the containers and permissions that
    /// their deployment needs, as one JSON object. `infra/resources.json` is made so.
    #[arg(long, value_name = "FOLDER", conflicts_with = "output")]
    deployment: Option<PathBuf>,
}

const EXAMPLES: &str = "Examples:
  graph-mirror resources                    one line per container
  graph-mirror resources --output json      one JSON object per resource, with ids to grant permissions by
  graph-mirror resources --deployment functions > infra/resources.json
                                            what the functions of this folder need

The permission is the least application permission of Microsoft Graph that reads the resource.

Exit codes: 0 done; 1 what a folder needs cannot be told; 2 wrong usage.";

/// Lists the rows of the catalogue.
pub fn run(args: &Args) -> Exit {
    match (&args.deployment, args.output) {
        (Some(folder), _) => return deployment(folder),
        (None, Output::Table) => table(),
        (None, Output::Json) => objects(),
    }
    Exit::Done
}

/// One object for all of them, in the form in which infrastructure is written.
fn deployment(folder: &Path) -> Exit {
    match app::deployment(folder) {
        // Data of our own: names and ids.
        Ok(needs) => print(serde_json::to_string_pretty(&needs).unwrap_or_default()),
        Err(problem) => {
            complain(problem);
            return Exit::Failed;
        }
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
        let containers: Vec<_> = row.containers().map(app::Container::from).collect();
        print_json(&json!({
            "resource": row.resource,
            "path": row.path,
            "containers": containers,
            "permission": { "name": row.permission.name, "appRoleId": row.permission.app_role_id },
        }));
    }
}
