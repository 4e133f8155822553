//! `resources`: the catalogue, one row of it in full, or what a deployment needs of it. Needs no settings.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::named::Named;
use super::output::{Exit, Output, complain, print, print_json, print_table};
use crate::app::{self, Mode, Resource, Word as _};

mod cost;
mod example;
mod full;
mod object;

/// What `resources` is told.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The resource to show in full. Without one, all are listed.
    #[arg(value_name = "RESOURCE", value_parser = Named, hide_possible_values = true)]
    resource: Option<String>,
    /// Only resources that are read in this mode: delta, list or window.
    #[arg(long, value_name = "MODE", value_parser = ["delta", "list", "window"], hide_possible_values = true, conflicts_with = "resource")]
    mode: Option<String>,
    /// Only resources that can be read with this application permission.
    #[arg(long, value_name = "PERMISSION", conflicts_with = "resource")]
    permission: Option<String>,
    /// Only resources with this text in their name, path, type or quirks, in either case.
    #[arg(long, value_name = "TEXT", conflicts_with = "resource")]
    search: Option<String>,
    /// How the resources are written on stdout.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
    /// Only what the functions in this folder mirror (`sync_<resource>`): the containers and permissions that
    /// their deployment needs, as one JSON object. `infra/resources.json` is made so.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["output", "resource", "mode", "permission", "search"])]
    deployment: Option<PathBuf>,
}

const EXAMPLES: &str = "Examples:
  graph-mirror resources                    one line per resource
  graph-mirror resources --search risk      those with `risk` in their name, path, type or quirks
  graph-mirror resources --mode window --permission AuditLog.Read.All
                                            those that are read by time with this permission
  graph-mirror resources messages           one in full: containers, permissions, cost, an example document
  graph-mirror resources --output json      one JSON object per resource, with ids to grant permissions by
  graph-mirror resources --deployment functions > infra/resources.json
                                            what the functions of this folder need

The permission in the list is the least application permission of Microsoft Graph that reads the resource.
`graph-mirror add <resource>` has a resource mirrored.

Exit codes: 0 done; 1 no resource is like that, or what a folder needs cannot be told; 2 wrong usage.";

/// Lists the rows of the catalogue, or shows one.
pub fn run(args: &Args) -> Exit {
    if let Some(folder) = &args.deployment {
        return deployment(folder);
    }
    let wanted: Vec<_> = app::resources().iter().filter(|row| args.wants(row)).collect();
    match (args.output, &args.resource) {
        (Output::Json, None) => wanted.iter().for_each(|row| print_json(&object::of(row))),
        (Output::Json, Some(_)) => wanted.iter().for_each(|row| print_json(&object::with_example(row))),
        (Output::Table, Some(_)) => wanted.iter().for_each(|row| full::lines(row).iter().for_each(print)),
        (Output::Table, None) if wanted.is_empty() => {}
        (Output::Table, None) => table(&wanted),
    }
    if wanted.is_empty() {
        complain("no resource is like that; `graph-mirror resources` lists all");
        return Exit::Failed;
    }
    Exit::Done
}

impl Args {
    fn wants(&self, row: &Resource) -> bool {
        let is_named = self.resource.as_ref().is_none_or(|name| *name == row.name);
        let is_mode = self.mode.as_ref().is_none_or(|mode| *mode == row.mode.word());
        let has = |name: &String| row.accepted().any(|accepted| accepted.eq_ignore_ascii_case(name));
        let holds = |text: &String| {
            let text = text.to_lowercase();
            let of_row = [&row.name, &row.path].into_iter().chain(&row.entity_type).chain(&row.quirks);
            of_row.map(|part| part.to_lowercase()).any(|part| part.contains(&text))
        };
        is_named
            && is_mode
            && self.permission.as_ref().is_none_or(has)
            && self.search.as_ref().is_none_or(holds)
    }
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

/// A line for each.
fn table(rows: &[&Arc<Resource>]) {
    let headings = ["RESOURCE", "MODE", "STATUS", "PERMISSION", "PARENTS", "GRAPH PATH"];
    let lines = rows.iter().map(|row| {
        let parents = if row.is_delegated() { "a person".to_owned() } else { row.parents().join(", ") };
        [
            row.name.clone(),
            row.mode.word().to_owned(),
            row.status.word().to_owned(),
            row.permission.name.clone(),
            if parents.is_empty() { "-".to_owned() } else { parents },
            row.path.clone(),
        ]
    });
    print_table(headings, lines);
}

/// How a resource is read, in words.
fn read(row: &Resource) -> &'static str {
    match row.mode {
        Mode::List if row.single => "a turn reads the object and compares it with the copy",
        Mode::Delta => "a turn reads what changed since the last one",
        Mode::List => "a turn reads the whole list and compares it with the copy",
        Mode::Window => "a turn reads what is newer than the last one, and an overlap",
    }
}
