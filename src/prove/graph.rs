//! The questions to Graph, in order: for each mirrored resource with a delta query of its own, then for drives.

use std::sync::Arc;

use super::asker::{Asker, LONGEST};
use super::ground::Ground;
use super::ledger::Ledger;
use super::{drives, listed, nulls, single, walk};
use crate::catalogue::{Mode, Resource};
use crate::graph::{Load, probe};

/// What is asked of each resource.
const OF_RESOURCE: [&str; 10] = ["G-2", "G-4", "G-6", "G-9", "G-12", "G-13", "G-14", "G-15", "G-16", "G-17"];

/// Asks all.
pub(super) async fn ask(ground: &Ground, ledger: &Ledger) {
    if let Some(why) = ground.without_graph() {
        ledger.none_testable(&OF_RESOURCE, &why);
        ledger.none_testable(&["G-11", "G-18", "G-20"], &why);
        return;
    }
    let is_asked = |row: &&Arc<Resource>| {
        row.mode == Mode::Delta && row.parents().is_empty() && row.object_path.is_some()
    };
    for &row in ground.resources.iter().filter(|row| is_asked(row)) {
        if let Some(why) = ground.without(&row.name) {
            ledger.none_testable(&OF_RESOURCE, &why);
            ledger.none_testable(&["G-11", "G-20"], &why);
            continue;
        }
        if !ground.silence.is_there() {
            resource(&Asker::new(ground, ledger, row, &[])).await;
        }
    }
    match ground.silence.is_there() {
        true => {
            ledger.none_testable(&["G-11", "G-18", "G-20"], "Microsoft Graph stopped answering; run it again")
        }
        false => drives::ask(ground, ledger).await,
    }
    let none = "no mirrored resource is listed for its first copy";
    ledger.none_testable(&["G-13", "G-14", "G-15", "G-16"], none);
    let none = "no mirrored resource has a delta query that needs no parent";
    ledger.none_testable(&OF_RESOURCE, none);
    ledger.none_testable(&["G-11", "G-20"], none);
}

/// What is asked of a resource after its first pages.
#[derive(Clone, Copy)]
enum Question {
    DeadToken,
    Missing,
    Batch,
    Count,
    Filter,
    Fresh,
    Nulls,
}

const QUESTIONS: [Question; 7] = [
    Question::DeadToken,
    Question::Missing,
    Question::Batch,
    Question::Count,
    Question::Filter,
    Question::Fresh,
    Question::Nulls,
];

async fn resource(asker: &Asker<'_>) {
    throttling(asker).await;
    let walked = walk::walk(asker).await;
    for question in QUESTIONS {
        if asker.ground.silence.is_there() {
            let why = asker.says("Microsoft Graph stopped answering; run it again");
            return asker.ledger.none_testable(&OF_RESOURCE, &why);
        }
        match question {
            Question::DeadToken => walk::dead_token(asker, &walked).await,
            Question::Missing | Question::Batch if !walked.has_guids() => {
                let why = asker.says("no object with a GUID was shown, so no other id can be made up");
                asker.ledger.none_testable(&["G-9", "G-12"], &why);
            }
            Question::Missing => single::missing(asker).await,
            Question::Batch => single::batch(asker, &walked.objects).await,
            Question::Count => listed::count(asker).await,
            Question::Filter => listed::filter(asker, &walked.objects).await,
            Question::Fresh => listed::fresh(asker, &walked).await,
            Question::Nulls => nulls::compare(asker, &walked.objects).await,
        }
    }
}

/// G-11 can be seen only where Graph throttles.
async fn throttling(asker: &Asker<'_>) {
    let Asker { row, ledger, .. } = asker;
    let asked = probe(&asker.graph, row.object_path.as_deref().unwrap_or(&row.path), "$top=1&$select=id");
    match tokio::time::timeout(LONGEST, asked).await {
        Ok(Ok(probe)) if matches!(probe.status, 429 | 503) => match probe.load {
            Load { retry_after: Some(after), .. } => {
                let seconds = after.as_secs();
                let what = format!("{}: status {} with a Retry-After of {seconds} s", row.name, probe.status);
                ledger.confirmed("G-11", what);
            }
            _ => ledger.not_testable("G-11", "it was throttled without Retry-After, which is allowed"),
        },
        _ => ledger.not_testable("G-11", "no request was throttled: a run under load shows it"),
    }
}
