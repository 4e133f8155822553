//! The questions to Graph, in order: for each mirrored resource with a delta query of its own, then for drives.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::ground::Ground;
use super::ledger::Ledger;
use super::{drives, listed, nulls, single, walk};
use crate::catalogue::{Mode, Resource};
use crate::graph::{Client, GraphError, Lane, Load, Manner, Refusal, Shape, probe};
use crate::protocol::Feed;
use crate::source::{Minimise, Reader, Source};

/// Longest wait for the answer to one question, retries included.
const LONGEST: Duration = Duration::from_secs(15);
/// What is asked of each resource.
const OF_RESOURCE: [&str; 10] = ["G-2", "G-4", "G-6", "G-9", "G-12", "G-13", "G-14", "G-15", "G-16", "G-17"];

/// One resource of Graph, and where its answers are noted.
pub(super) struct Asker<'a> {
    pub graph: Client,
    pub row: &'static Arc<Resource>,
    pub source: Source,
    pub ground: &'a Ground,
    pub ledger: &'a Ledger,
}

/// What an answer that is not the one hoped for says.
pub(super) enum Said<'e> {
    /// Graph answered this status and code.
    Refused(&'e Refusal),
    /// Graph answered what its contract does not know; in words of the product.
    Nonsense(&'e str),
    /// A link leads elsewhere.
    Elsewhere,
    /// Nothing about the assumption.
    Nothing(String),
}

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
    List,
    Nulls,
}

const QUESTIONS: [Question; 5] =
    [Question::DeadToken, Question::Missing, Question::Batch, Question::List, Question::Nulls];

async fn resource(asker: &Asker<'_>) {
    throttling(asker).await;
    let walked = walk::walk(asker).await;
    for question in QUESTIONS {
        if asker.ground.silence.is_there() {
            let why = asker.says("Microsoft Graph stopped answering; run it again");
            return asker.ledger.none_testable(&OF_RESOURCE, &why);
        }
        match question {
            Question::DeadToken => walk::dead_token(asker).await,
            Question::Missing => single::missing(asker).await,
            Question::Batch => single::batch(asker, &walked.objects).await,
            Question::List => listed::ask(asker, &walked).await,
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

impl<'a> Asker<'a> {
    /// Of this resource, below these parents.
    pub fn new(
        ground: &'a Ground,
        ledger: &'a Ledger,
        row: &'static Arc<Resource>,
        parents: &[String],
    ) -> Self {
        let lane = Lane { service: row.service.clone(), ..Lane::default() };
        let graph = ground.graph.in_lane(lane);
        let feed = Feed::under(&row.name, &parents.iter().map(String::as_str).collect::<Vec<_>>());
        // It is for the words of errors, which are not used.
        let reader =
            Reader { tenant_id: String::new(), principal_id: None, granted: Vec::new(), person: None };
        let source = Source::new(graph.clone(), Arc::clone(row), feed, reader, Minimise::default());
        Self { graph, row, source, ground, ledger }
    }

    /// How lists of the resource are asked for.
    pub fn list_manner(&self) -> Manner {
        let (prefer, key) = (self.row.prefer.clone(), self.row.key.clone());
        Manner { shape: Shape::List, prefer, key, ..Manner::delta() }
    }

    /// How its delta pages are asked for.
    pub fn delta_manner(&self) -> Manner {
        Manner { shape: Shape::Delta, ..self.list_manner() }
    }

    /// The collection, in which objects are read by their ids.
    pub fn collection(&self) -> &str {
        self.row.object_path.as_deref().unwrap_or(&self.row.path)
    }

    /// A sentence about this resource.
    pub fn says(&self, what: impl std::fmt::Display) -> String {
        format!("{}: {what}", self.row.name)
    }

    /// Notes what an error says about an assumption; `asked` says what Graph was asked for.
    pub fn note(&self, id: &'static str, asked: &str, error: &GraphError) {
        match said(error) {
            Said::Refused(refusal) => {
                self.ledger.refuted(id, self.says(format!("{asked} answers {}", shown(refusal))))
            }
            Said::Nonsense(what) => self.ledger.refuted(id, self.says(format!("{asked} answers {what}"))),
            Said::Elsewhere => {
                self.ledger.refuted("G-20", self.says(format!("{asked} has a link to another origin")));
                self.ledger
                    .not_testable(id, self.says("the link leads to another origin, and is not followed"));
            }
            Said::Nothing(why) => {
                if !error.refuses_token() {
                    self.ground.silence.note();
                }
                self.ledger.not_testable(id, self.says(why));
            }
        }
    }
}

/// When an answer has to be there.
pub(super) fn deadline() -> Instant {
    Instant::now() + LONGEST
}

/// Status and code; codes are known words only.
pub(super) fn shown(refusal: &Refusal) -> String {
    match refusal.code.as_str() {
        "" => format!("status {}, without a code", refusal.status),
        code => format!("status {}, code `{code}`", refusal.status),
    }
}

/// What an error says about what was asked.
pub(super) fn said(error: &GraphError) -> Said<'_> {
    let nothing = |why: &str| Said::Nothing(why.to_owned());
    match error {
        GraphError::Gone { refusal, .. } | GraphError::Refused(refusal) => Said::Refused(refusal),
        GraphError::Nonsense(what) => Said::Nonsense(what),
        GraphError::ForeignLink { .. } => Said::Elsewhere,
        GraphError::Forbidden(refusal) | GraphError::Unauthorized(refusal) => Said::Nothing(format!(
            "Microsoft Graph refuses it with {}; `graph-mirror doctor` has the remedy",
            shown(refusal)
        )),
        GraphError::Throttled { .. } => nothing("Microsoft Graph throttles; run it again later"),
        GraphError::Failing { status, .. } => {
            Said::Nothing(format!("Microsoft Graph fails with status {status}; run it again later"))
        }
        GraphError::TooLarge { .. } => {
            nothing("the answer is larger than any of Graph's pages; look for a proxy")
        }
        GraphError::Distrusted { .. } => nothing("the certificate is not trusted; look for a proxy"),
        GraphError::NoToken(_) => nothing("there is no token any more; `graph-mirror doctor` has the remedy"),
        GraphError::Unreachable(_) | GraphError::Loop(_) | GraphError::BadGet(_) => {
            nothing("there was no answer; run it again")
        }
    }
}
