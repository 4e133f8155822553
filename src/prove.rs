//! `doctor --prove`: asks the live services what `docs/assumptions.md` says of them.
//!
//! Promises: each assumption ends once, as confirmed, refuted or not testable, with a sentence. Sentences have fixed
//! words, counts, status codes and names of properties from the catalogue, and nothing that a service or a person wrote.
//! The tenant is only read, except that [`Asked::with_subscription`] creates one subscription and deletes it. Items of
//! its own lie in one partition of `mirror`, expire by themselves, and are deleted at the end, also when it is stopped.
//! Each question has 15 seconds, and the whole ten minutes. Leaves out on purpose: what only days or a deployment show.
//!
//! Reading order: [`assumptions`] (all of them), [`ledger`] (what was seen), [`report`]; [`ground`] (what is asked,
//! and what the doctor found first); then a file for each family of questions.

use std::future::Future;
use std::time::Duration;

use crate::doctor;
use crate::settings::Settings;

mod asker;
mod assumptions;
mod cause;
mod cosmos;
mod drives;
mod entra;
mod graph;
mod ground;
mod ledger;
mod limits;
mod listed;
mod nulls;
mod report;
mod single;
mod stop;
mod subscription;
mod walk;
mod writes;

pub use assumptions::{asked, ids};
pub use ledger::{Outcome, Proof};
pub use report::{End, Report};

use ground::Ground;
use ledger::Ledger;
use report::About;
use stop::{Stop, Stopper};

/// After this nothing more is asked; the question under way and the removal of the items take two minutes more at most.
const LONGEST: Duration = Duration::from_secs(8 * 60);

/// What is to be proved.
#[derive(Debug)]
pub struct Asked {
    /// The settings, as for a turn.
    pub settings: Settings,
    /// One subscription is created, and deleted again.
    pub with_subscription: bool,
}

/// Asks all services side by side; when `stopped` ends, it stops asking, removes its own items and reports.
pub async fn prove(asked: Asked, stopped: impl Future<Output = ()>) -> Report {
    let (ledger, stopper) = (Ledger::default(), Stopper::default());
    let about = About::of(&asked.settings);
    let mut work = Box::pin(questions(asked, &ledger, stopper.stop()));
    let end = tokio::select! {
        left = &mut work => (End::Complete, left),
        () = stopped => (End::Stopped, stopper.and_wait(work).await),
        () = tokio::time::sleep(LONGEST) => (End::OutOfTime, stopper.and_wait(work).await),
    };
    let (end, items) = end;
    Report::new(about, end, items, ledger.proofs())
}

/// All questions; what became of the items of its own.
async fn questions(asked: Asked, ledger: &Ledger, stop: Stop) -> report::Items {
    let examined = stop.unless(Box::pin(doctor::examine(asked.settings.clone()))).await;
    let Some(verdicts) = examined else { return report::Items::None };
    let ground = Ground::new(asked.settings, verdicts);
    entra::judge(&ground, ledger);
    let graph = stop.unless(Box::pin(graph::ask(&ground, ledger)));
    let cosmos = Box::pin(cosmos::ask(&ground, ledger, &stop));
    let subscription = async {
        if asked.with_subscription {
            Box::pin(subscription::ask(&ground, ledger)).await;
        }
    };
    let (_, items, ()) = tokio::join!(graph, cosmos, subscription);
    items
}
