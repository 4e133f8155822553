//! The questions to Cosmos DB, in order. The documents of its own are deleted at the end, whatever came of the questions.

use serde_json::json;
use uuid::Uuid;

use super::cause::cause;
use super::ground::Ground;
use super::ledger::{Ledger, counted};
use super::limits;
use super::report::Items;
use super::stop::Stop;
use super::writes;
use crate::protocol::{CHECKPOINT, Checkpoint};
use crate::store::trial::Trial;
use crate::store::{Control, StoreError, properties};

/// What needs documents of its own.
const OF_TRIAL: [&str; 8] = ["C-1", "C-2", "C-3", "C-4", "C-7", "C-9", "C-11", "C-12"];

/// One question; each has its turn, unless the run is stopped before.
#[derive(Clone, Copy)]
enum Question {
    Role,
    Versions,
    OwnWrites,
    OfOthers,
    Together,
    Limits,
    Expiry,
}

const QUESTIONS: [Question; 7] = [
    Question::Role,
    Question::Versions,
    Question::OwnWrites,
    Question::OfOthers,
    Question::Together,
    Question::Limits,
    Question::Expiry,
];

/// Asks all; what became of the documents.
pub(super) async fn ask(ground: &Ground, ledger: &Ledger, stop: &Stop) -> Items {
    if let Some(why) = ground.without_account() {
        ledger.none_testable(&["C-10", "E-5"], &why);
        ledger.none_testable(&OF_TRIAL, &why);
        return Items::None;
    }
    stop.unless(Box::pin(containers(ground, ledger))).await;
    if let Some(why) = ground.without_control() {
        ledger.none_testable(&OF_TRIAL, &why);
        ledger.not_testable("E-5", why);
        return Items::None;
    }
    stop.unless(Box::pin(tenant(ground, ledger))).await;
    let partition = format!("~prove-{}", Uuid::new_v4());
    let opened = tokio::try_join!(
        Trial::open(&ground.store, &partition),
        Trial::open(&ground.other_store, &partition)
    );
    let (trial, other) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            ledger.none_testable(&OF_TRIAL, cause(&error));
            return Items::None;
        }
    };
    for question in QUESTIONS {
        if stop.is_set() {
            break;
        }
        if trial.is_silent() {
            ledger.none_testable(&OF_TRIAL, "Cosmos DB stopped answering; run it again");
            break;
        }
        match question {
            Question::Role => role(ground, &trial, ledger).await,
            Question::Versions => writes::versions(&trial, ground, ledger).await,
            Question::OwnWrites => writes::own(&trial, ledger).await,
            Question::OfOthers => writes::of_others(&trial, &other, ledger).await,
            Question::Together => writes::together(&trial, ledger).await,
            Question::Limits => limits::ask(&trial, ledger).await,
            Question::Expiry => limits::expiry(&trial, ledger, stop).await,
        }
    }
    match trial.clear().await {
        Ok(0) => Items::Removed,
        Ok(_) | Err(_) => Items::Expiring,
    }
}

/// The resource id of each container: C-10, as far as it can be seen without creating one anew.
async fn containers(ground: &Ground, ledger: &Ledger) {
    let mut found: Vec<(&str, String)> = Vec::new();
    for name in ground.containers() {
        match properties::properties(&ground.store, name).await {
            Ok(there) => found.push((name, there.id)),
            // A container that is missing is a finding of the doctor.
            Err(StoreError::Container(_)) => {}
            Err(StoreError::Unknown(why)) if why.ends_with("has no resource id") => {
                return ledger.refuted("C-10", format!("the container `{name}` has no `_rid`"));
            }
            Err(StoreError::OtherContainer(_) | StoreError::Recreated { .. }) => {
                return other_id(name, ledger);
            }
            Err(error) => return ledger.not_testable("C-10", cause(&error)),
        }
    }
    for (name, id) in &found {
        if found.iter().any(|(other, theirs)| other != name && theirs == id) {
            return ledger.refuted("C-10", format!("the container `{name}` has the `_rid` of another one"));
        }
        match properties::properties(&ground.store, name).await {
            Ok(again) if again.id != *id => {
                return ledger
                    .refuted("C-10", format!("the container `{name}` has another `_rid` with each answer"));
            }
            Ok(_) => {}
            Err(StoreError::OtherContainer(_) | StoreError::Recreated { .. }) => {
                return other_id(name, ledger);
            }
            Err(error) => return ledger.not_testable("C-10", cause(&error)),
        }
    }
    match found.len() {
        0 => ledger.not_testable("C-10", "there is no container; `graph-mirror doctor` has the command"),
        count => {
            let what =
                format!("each of {count} containers has a `_rid` of its own, the same with each answer");
            ledger.confirmed(
                "C-10",
                format!("{what}; that one which is created anew gets another one was not tried"),
            );
        }
    }
}

fn other_id(name: &str, ledger: &Ledger) {
    ledger.refuted("C-10", format!("the container `{name}` has another `_rid` with each answer"));
}

/// The tenant of the token, and the one that checkpoints name: E-5.
async fn tenant(ground: &Ground, ledger: &Ledger) {
    let identity = ground.token().and_then(|token| token.identity.as_ref());
    let Some(tenant) = identity.and_then(|identity| identity.tenant_id.as_deref()) else {
        return ledger.not_testable("E-5", "the token names no tenant");
    };
    let (mut same, mut others) = (0, 0);
    for row in &ground.resources {
        let read =
            async { Control::open(&ground.store, &row.name).await?.read::<Checkpoint>(CHECKPOINT).await };
        match Box::pin(read).await {
            Ok(Some(saved)) if saved.document.tenant_id.eq_ignore_ascii_case(tenant) => same += 1,
            Ok(Some(_)) => others += 1,
            Ok(None) => {}
            Err(error) => return ledger.not_testable("E-5", cause(&error)),
        }
    }
    match (same, others) {
        (0, 0) => ledger.not_testable("E-5", "nothing was copied yet; run it again after the first turn"),
        (same, 0) => {
            ledger.confirmed("E-5", format!("{} of the tenant of the token", counted(same, "checkpoint")))
        }
        (_, others) => ledger.refuted(
            "E-5",
            format!("{} of another tenant than that of the token", counted(others, "checkpoint")),
        ),
    }
}

/// What the role allows: C-12. An identity that may not write has another role, which is no fault of Cosmos DB.
async fn role(ground: &Ground, trial: &Trial, ledger: &Ledger) {
    let metadata = properties::properties(&ground.store, "mirror").await.map(drop);
    let read = trial.read("none").await.map(drop);
    let queried = trial.ids().await.map(drop);
    let written = trial.create(&trial.draft("role", json!(null))).await.map(drop);
    let others = [("`readMetadata`", &metadata), ("reading an item", &read), ("a query", &queried)];
    let unknown =
        others.iter().map(|(_, answer)| *answer).chain([&written]).find_map(|answer| match answer {
            Ok(()) | Err(StoreError::Forbidden(_)) => None,
            Err(error) => Some(error),
        });
    let refused: Vec<_> =
        others.iter().filter(|(_, answer)| answer.is_err()).map(|(name, _)| *name).collect();
    match (unknown, &written, refused.is_empty()) {
        (Some(error), ..) => ledger.not_testable("C-12", cause(error)),
        (None, Err(_), _) => {
            ledger.not_testable("C-12", "the identity may not write; `graph-mirror doctor` has the command");
        }
        (None, Ok(()), true) => {
            ledger.confirmed(
                "C-12",
                "items are written, read and queried, and the container's properties read",
            );
        }
        (None, Ok(()), false) => {
            ledger.refuted("C-12", format!("an item is written, but 403 answers {}", refused.join(" and ")));
        }
    }
}
