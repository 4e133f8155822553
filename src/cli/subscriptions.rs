//! `subscriptions list|renew|delete`: the subscriptions to change notifications, by hand.

use serde::Serialize;
use serde_json::json;
use time::format_description::well_known::Rfc3339;

use super::output::{Exit, Output, complain, fail, print, print_json, print_table};
use super::start;
use crate::app::{App, AppError, Listed, Renewal};

/// What `subscriptions` is told.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    what: What,
    /// How it is written on stdout.
    #[arg(long, value_enum, default_value_t = Output::Table, global = true)]
    output: Output,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Lists the subscriptions of this app in this tenant, as Microsoft Graph has them.
    List,
    /// Creates what is missing, extends what is older than ten minutes, ends what belongs to nothing.
    Renew {
        /// Says what would be created, extended and ended, and changes nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Ends one; if it belongs to a resource, the timer creates it anew while notifications are on.
    Delete {
        /// Its id, as `list` shows it.
        #[arg(value_name = "ID")]
        id: String,
        /// Says what would be ended, and changes nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

const EXAMPLES: &str = "Examples:
  graph-mirror subscriptions list
  graph-mirror subscriptions renew          what the function `renew_subscriptions` does, at once
  graph-mirror subscriptions renew --dry-run
                                            what it would create, extend and end
  graph-mirror subscriptions delete <id>    also one that sends elsewhere and is in the way

`renew` needs the settings NOTIFICATION_SECRET and NOTIFICATION_URL, and the functions running: Microsoft
Graph calls the function `notifications` before it creates a subscription.

Exit codes: 0 done; 1 failed, or notifications are off; 2 wrong usage; 3 some subscription could not be
created or extended; 78 wrong settings.";

/// Looks after the subscriptions.
pub fn run(args: &Args) -> Exit {
    start::with_app(args.output, |app| done(args, app))
}

#[tokio::main]
async fn done(args: &Args, app: &App) -> Exit {
    let ended = match &args.what {
        What::List => app.list_subscriptions().await.map(|all| list(&all, args.output)),
        What::Renew { dry_run: false } => renew(app, args.output).await,
        What::Renew { dry_run: true } => {
            app.preview_subscriptions().await.map(|kept| foretell(&kept, args.output))
        }
        What::Delete { id, dry_run: true } => {
            app.list_subscriptions().await.map(|all| foretell_end(&all, id, args.output))
        }
        What::Delete { id, dry_run: false } => {
            app.delete_subscription(id).await.map(|()| ended(id, args.output))
        }
    };
    ended.unwrap_or_else(|error| fail(None, &error, args.output))
}

fn list(all: &[Listed], output: Output) -> Exit {
    match output {
        Output::Json => all.iter().for_each(print_json),
        Output::Table => print_table(["ID", "RESOURCE", "EXPIRES", "SENDS HERE"], all.iter().map(line)),
    }
    Exit::Done
}

fn line(one: &Listed) -> [String; 4] {
    let expires = one.expires.truncate_to_second().format(&Rfc3339).unwrap_or_default();
    let here = if one.here { "yes" } else { "no" };
    [one.id.clone(), one.resource.clone(), expires, here.to_owned()]
}

fn foretell(kept: &Renewal, output: Output) -> Exit {
    match output {
        Output::Table => print(format_args!("dry run, nothing was changed; {kept}")),
        Output::Json => print_json(&DryRun { dry_run: true, would: kept }),
    }
    Exit::Done
}

fn foretell_end(all: &[Listed], id: &str, output: Output) -> Exit {
    let found = all.iter().find(|one| one.id == id);
    match (output, found) {
        (Output::Json, _) => print_json(&json!({
            "id": id, "outcome": "complete", "dryRun": true, "subscription": found
        })),
        (Output::Table, Some(one)) => {
            print(format_args!(
                "{id}: dry run, nothing was changed: the subscription to {} would end",
                one.resource
            ));
        }
        (Output::Table, None) => print(format_args!("{id}: dry run: there is no subscription with this id")),
    }
    Exit::Done
}

/// What would be done, marked as not done.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DryRun<'a> {
    dry_run: bool,
    #[serde(flatten)]
    would: &'a Renewal,
}

fn ended(id: &str, output: Output) -> Exit {
    match output {
        Output::Json => print_json(&json!({ "id": id, "outcome": "complete" })),
        Output::Table => print(format_args!("{id}: ended")),
    }
    Exit::Done
}

async fn renew(app: &App, output: Output) -> Result<Exit, AppError> {
    let kept = app.keep_subscriptions(true).await?;
    match output {
        Output::Json => print_json(&kept),
        Output::Table => print(&kept),
    }
    if kept.off {
        complain("set NOTIFICATION_SECRET to turn notifications on");
    }
    Ok(if kept.busy || kept.off {
        Exit::Failed
    } else if kept.failed.is_empty() {
        Exit::Done
    } else {
        complain("`graph-mirror status` says why");
        Exit::Partial
    })
}
