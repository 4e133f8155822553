//! One subscription for some minutes, which Graph creates only after it has called the notification address: G-21.

use std::time::Instant;

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::asker::{Asker, Said, said, shown};
use super::ground::Ground;
use super::ledger::Ledger;
use crate::graph::{GraphError, NewSubscription, subscription};

/// It ends by itself after so long; Graph takes no shorter life for some resources.
const LIFE: Duration = Duration::minutes(45);

/// Creates it and deletes it. It is not dropped in between, also when the run is stopped.
pub(super) async fn ask(ground: &Ground, ledger: &Ledger) {
    let note = |why: &str| ledger.not_testable("G-21", why);
    let Some(on) = &ground.notifications else {
        return note("notifications are off: set NOTIFICATION_URL and NOTIFICATION_SECRET");
    };
    if let Some(why) = ground.without_graph() {
        return note(&why);
    }
    let subscribed = ground.resources.iter().copied().find_map(|row| Some((row, row.notified()?)));
    let Some((row, to)) = subscribed else { return note("no mirrored resource has a subscription") };
    let asker = Asker::new(ground, ledger, row, &[]);
    // By this it is told apart from a subscription of the app. The function takes no notice of it.
    let mut url = on.url.clone();
    url.query_pairs_mut().append_pair("prove", &Uuid::new_v4().to_string());
    let wanted = NewSubscription {
        change_type: &to.changes,
        resource: &to.resource,
        notification_url: url.as_str(),
        lifecycle_notification_url: url.as_str(),
        // No key has made it, so its notifications are dropped as not genuine.
        client_state: &Uuid::new_v4().to_string(),
        expires: OffsetDateTime::now_utc() + LIFE,
    };
    let created = subscription::create(&asker.graph, &wanted, patience()).await;
    let deleted = match &created {
        Ok(created) => subscription::delete(&asker.graph, &created.id, patience()).await,
        Err(error) => match said(error) {
            Said::Refused(_) => Ok(()),
            // It may be there although no answer came.
            _ => delete_by_address(&asker, url.as_str()).await,
        },
    };
    let end = match deleted {
        Ok(()) => "it is deleted again",
        Err(_) => "it could not be deleted, and ends by itself within 45 minutes",
    };
    match created {
        Ok(_) => {
            let what = format!("Graph has called the address and created a subscription; {end}");
            ledger.confirmed("G-21", asker.says(what));
        }
        Err(error) => refused(&asker, &error),
    }
}

/// Graph calls the address before it answers, which may take ten seconds each for two addresses.
fn patience() -> Instant {
    Instant::now() + std::time::Duration::from_secs(40)
}

async fn delete_by_address(asker: &Asker<'_>, url: &str) -> Result<(), GraphError> {
    for one in subscription::all(&asker.graph, patience()).await? {
        if one.notification_url == url {
            subscription::delete(&asker.graph, &one.id, patience()).await?;
        }
    }
    Ok(())
}

fn refused(asker: &Asker<'_>, error: &GraphError) {
    let note = |why: &str| asker.ledger.not_testable("G-21", asker.says(why));
    match said(error) {
        Said::Refused(refusal) if refusal.status == 409 => {
            note("this app has such a subscription already, which Graph validated when it was created");
        }
        Said::Refused(refusal) => {
            let what = format!("Graph creates no subscription: {}", shown(refusal));
            asker.ledger.refuted("G-21", asker.says(what));
        }
        Said::Nonsense(what) => asker.ledger.refuted("G-21", asker.says(format!("Graph answers {what}"))),
        Said::Elsewhere => note("the answer leads to another origin"),
        Said::Nothing(why) => note(&why),
    }
}
