//! `add`: has a resource mirrored, by a function in a folder.

use std::path::PathBuf;

use serde_json::json;

use super::named::Named;
use super::output::{Exit, Output, complain, fail, print, print_json};
use crate::app::{self, Added, Choice, Resource, Status, Wishes};

/// What `add` is told.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The resource to mirror.
    #[arg(value_name = "RESOURCE", value_parser = Named, hide_possible_values = true)]
    resource: String,
    /// When its timer fires, as an NCRONTAB expression of six fields.
    #[arg(long, value_name = "NCRONTAB")]
    schedule: Option<String>,
    /// Adds a resource too that rests on something that Microsoft does not document.
    #[arg(long)]
    unverified: bool,
    /// Copies what lies below the members of this group only, also of groups in it.
    #[arg(long, value_name = "ID", group = "parents")]
    group: Option<String>,
    /// Copies what lies below the parents with these ids only.
    #[arg(long, value_name = "ID,…", value_delimiter = ',', group = "parents")]
    ids: Vec<String>,
    /// Copies what lies below every parent.
    #[arg(long, group = "parents")]
    all: bool,
    /// The folder of the functions.
    #[arg(long, value_name = "FOLDER", default_value = "functions")]
    functions: PathBuf,
    /// How the result is written on stdout.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

const EXAMPLES: &str = "Examples:
  graph-mirror resources applications       what it is, needs and costs
  graph-mirror add applications             functions/sync_applications/function.json
  graph-mirror add signIns --schedule \"0 */15 * * * *\"
                                            every quarter of an hour
  graph-mirror add events --unverified --all
                                            although Microsoft does not document all of it
  graph-mirror add messages --group <id>    the mail of the members of a group

It writes functions/sync_<resource>/function.json, resource.json beside it where parents are chosen, and infra/resources.json beside the folder, if that is there. Without
--schedule the timer fires every five minutes where Graph reports changes (mode delta), and every hour for lists and
windows; the second follows from the name of the resource. Afterwards, `azd up` deploys its containers and permissions;
`graph-mirror init` creates the containers for local use, and `graph-mirror doctor` says what is missing.

Exit codes: 0 done; 1 it is there already, is unverified, or cannot be written; 2 wrong usage.";

/// Adds it, and says what is left to be done.
pub fn run(args: &Args) -> Exit {
    let Some(row) = app::resources().iter().find(|row| row.name == args.resource) else {
        complain(app::unknown(&args.resource));
        return Exit::Usage;
    };
    let wishes = Wishes {
        schedule: args.schedule.as_deref(),
        takes_unverified: args.unverified,
        parents: match (&args.group, args.all) {
            (Some(group), _) => Some(Choice::Group(group.clone())),
            (None, true) => Some(Choice::All),
            (None, false) => (!args.ids.is_empty()).then(|| Choice::Ids(args.ids.clone())),
        },
    };
    match app::add(row, &args.functions, &wishes) {
        Ok(added) => said(row, &added, args.output),
        Err(error) => return fail(Some(&row.name), &error, args.output),
    }
    Exit::Done
}

fn said(row: &Resource, added: &Added, output: Output) {
    let permission = &row.permission;
    let file = added.function.display().to_string();
    let infra = added.infra.as_ref().map(|_| "infra/resources.json");
    if output == Output::Json {
        return print_json(&json!({
            "resource": row.name, "outcome": "complete", "function": file, "schedule": added.schedule,
            "infra": infra, "parentsFromGraph": added.parents,
            "permission": { "name": permission.name, "appRoleId": permission.app_role_id },
        }));
    }
    print(format_args!("{file}: written, its timer fires at {}", added.schedule));
    if let Some(infra) = infra {
        print(format_args!("{infra}: has its containers and permission"));
    }
    if !added.parents.is_empty() {
        let parents = added.parents.join(", ");
        print(format_args!(
            "{parents}: no function here mirrors this, so the ids are read from Microsoft Graph"
        ));
    }
    print(format_args!(
        "It needs {}, app role {}: `azd up` grants it, or see docs/permissions.md",
        permission.name, permission.app_role_id
    ));
    if row.status != Status::Ok {
        row.quirks.iter().for_each(|quirk| complain(format_args!("note: {quirk}")));
    }
}
