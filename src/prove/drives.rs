//! A time in the place of a token: G-18, where such a resource is mirrored.

use std::sync::Arc;

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::asker::{Asker, deadline};
use super::ground::Ground;
use super::ledger::{Ledger, counted};
use super::single::id;
use crate::catalogue::{Resource, resources};
use crate::graph::{GraphError, Request};
use crate::protocol::Next;

/// Reads what changed in one drive within the last hour.
pub(super) async fn ask(ground: &Ground, ledger: &Ledger) {
    let row = ground.resources.iter().copied().find(|row| row.time_token);
    let Some(row) = row else {
        return ledger.not_testable("G-18", "no resource with drives is mirrored");
    };
    let ids = match parents(ground, ledger, row).await {
        Ok(Some(ids)) => ids,
        Ok(None) => return ledger.not_testable("G-18", "no drive was found"),
        Err((asker, error)) => return asker.note("G-18", "the list of what drives lie under", &error),
    };
    let asker = Asker::new(ground, ledger, row, &ids);
    let Request::Initial { path, select, mut query } = asker.source.first(None) else { return };
    let hour_ago = (OffsetDateTime::now_utc() - Duration::HOUR).truncate_to_second();
    query.push(("token".to_owned(), hour_ago.format(&Rfc3339).unwrap_or_default()));
    match asker.source.page(&Request::Initial { path, select, query }, deadline()).await {
        Ok(page) if page.next != Next::End => {
            let items = counted(page.objects.len(), "item");
            let what = format!("a time in the place of a token gives {items} and a link");
            ledger.confirmed("G-18", asker.says(what));
        }
        Ok(_) => {
            ledger.refuted("G-18", asker.says("a time in the place of a token gives a page without a link"))
        }
        Err(error) => asker.note("G-18", "a time in the place of a token", &error),
    }
}

/// The ids of the first parents of a feed: the first object of each list on the way.
async fn parents<'a>(
    ground: &'a Ground,
    ledger: &'a Ledger,
    row: &'static Arc<Resource>,
) -> Result<Option<Vec<String>>, (Asker<'a>, GraphError)> {
    let mut ids: Vec<String> = Vec::new();
    for name in row.parents() {
        let Some(above) = resources().iter().find(|row| row.name == *name) else { return Ok(None) };
        let asker = Asker::new(ground, ledger, above, &ids);
        let page = match asker.source.page(&asker.source.first(None), deadline()).await {
            Ok(page) => page,
            Err(error) => return Err((asker, error)),
        };
        let Some(first) = page.objects.iter().find_map(|object| id(object)) else { return Ok(None) };
        ids.push(first);
    }
    Ok(Some(ids))
}
