//! One resource of Graph that is asked about, and what an answer says.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::ground::Ground;
use super::ledger::Ledger;
use crate::catalogue::Resource;
use crate::graph::{Client, GraphError, Lane, Manner, Refusal, Shape};
use crate::protocol::Feed;
use crate::source::{Minimise, Reader, Source};

/// Longest wait for the answer to one question, retries included.
pub(super) const LONGEST: Duration = Duration::from_secs(15);

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
