//! The first pages of a delta query, and a token that Graph never gave.

use serde_json::value::RawValue;

use super::asker::{Asker, Said, deadline, said, shown};
use super::ledger::counted;
use super::single::id;
use crate::catalogue::Removal;
use crate::graph::{GraphError, Request};
use crate::json::{Members, shown_id};
use crate::protocol::{Link, Next};

/// Pages that are read at most.
const MOST_PAGES: usize = 5;

/// How the directory names tokens in its links; those of other services are named otherwise.
const TOKENS: [&str; 4] = ["$deltatoken=", "$skiptoken=", "%24deltatoken=", "%24skiptoken="];

/// What the first pages have shown.
pub(super) struct Walked {
    /// The objects, those that are removed left out.
    pub objects: Vec<Box<RawValue>>,
    /// The delta link, if the round ended.
    pub delta: Option<Link>,
    /// Its links have the tokens of the directory, so one can be made up.
    pub has_known_tokens: bool,
}

impl Walked {
    /// Whether the ids of the objects are GUIDs, so that one can be made up which no object has.
    pub fn has_guids(&self) -> bool {
        let id = self.objects.iter().find_map(|object| id(object));
        id.is_some_and(|id| shown_id(&id) == id)
    }
}

/// Reads the first pages: G-2, G-4 and G-20.
pub(super) async fn walk(asker: &Asker<'_>) -> Walked {
    let mut walked = Walked { objects: Vec::new(), delta: None, has_known_tokens: false };
    let (mut pages, mut removed) = (0, Removed::default());
    let mut request = asker.source.first(None);
    while pages < MOST_PAGES && walked.delta.is_none() {
        let page = match asker.source.page(&request, deadline()).await {
            Ok(page) => page,
            Err(error) => {
                asker.note("G-2", &format!("page {} of the delta query", pages + 1), &error);
                break;
            }
        };
        pages += 1;
        for object in page.objects {
            if !removed.note(&object) {
                walked.objects.push(object);
            }
        }
        let link = page.next.link().map(Link::expose).unwrap_or_default();
        walked.has_known_tokens |= TOKENS.iter().any(|name| link.contains(name));
        match page.next {
            Next::NextLink(link) => request = Request::Follow(link),
            Next::DeltaLink(link) => walked.delta = Some(link),
            Next::End | Next::Shards(_) => break,
        }
    }
    if pages > 0 {
        let what =
            format!("{} of the delta query, each with a next link or the delta link", counted(pages, "page"));
        asker.ledger.confirmed("G-2", asker.says(what));
        let what = format!("the links of {} lead to the configured origin", counted(pages, "page"));
        asker.ledger.confirmed("G-20", asker.says(what));
    }
    if asker.row.removal == Removal::Annotation {
        removed.judge(asker, pages);
    }
    walked
}

/// The entries with `@removed`.
#[derive(Default)]
struct Removed {
    known: usize,
    odd: usize,
}

impl Removed {
    /// Counts an object that has `@removed`; whether it has.
    fn note(&mut self, object: &RawValue) -> bool {
        let Some(members) = Members::of(object.get()) else { return false };
        let Some(removed) = members.exact("@removed") else { return false };
        let removed = Members::of(removed.get());
        let reason = removed.as_ref().and_then(|removed| removed.text("reason"));
        match reason.as_deref() {
            Some("changed" | "deleted") => self.known += 1,
            _ => self.odd += 1,
        }
        true
    }

    fn judge(&self, asker: &Asker<'_>, pages: usize) {
        match (self.odd, self.known) {
            (0, 0) => {
                let pages = counted(pages, "page");
                let why = format!("{pages} without a removed object; delete a test object, and run it again");
                asker.ledger.not_testable("G-4", asker.says(why));
            }
            (0, known) => {
                let what = format!(
                    "{}, each with the reason `changed` or `deleted`",
                    counted(known, "removed object")
                );
                asker.ledger.confirmed("G-4", asker.says(what));
            }
            (odd, _) => {
                let what = format!("{} with no reason, or with another one", counted(odd, "removed object"));
                asker.ledger.refuted("G-4", asker.says(what));
            }
        }
    }
}

/// Asks with a token that Graph never gave, as a turn asks with a stored link: G-6.
pub(super) async fn dead_token(asker: &Asker<'_>, walked: &Walked) {
    if !walked.has_known_tokens {
        return asker.ledger.not_testable("G-6", asker.says("its links have tokens of another form"));
    }
    let mut url = asker.ground.origin.clone();
    url.set_path(&format!("/v1.0{}", asker.row.path));
    url.set_query(Some("$deltatoken=graph-mirror-never-had-it"));
    let request = Request::Follow(Link::new(url));
    match asker.source.page(&request, deadline()).await {
        Ok(_) => {
            asker.ledger.refuted("G-6", asker.says("a delta token that Graph never gave is answered a page"))
        }
        Err(GraphError::Gone { refusal, .. }) => {
            let what = format!("a delta token that Graph never gave is answered {}", shown(&refusal));
            asker.ledger.confirmed(
                "G-6",
                asker.says(format!("{what}; one that died of age may be answered otherwise")),
            );
        }
        Err(error) => match said(&error) {
            Said::Refused(refusal) => {
                let what = format!("a delta token that Graph never gave is answered {}", shown(refusal));
                asker
                    .ledger
                    .refuted("G-6", asker.says(format!("{what}, which is not known for a dead token")));
            }
            _ => asker.note("G-6", "a delta token that Graph never gave", &error),
        },
    }
}
