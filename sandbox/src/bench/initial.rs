//! A first copy of very many users: Graph as pages that are made when they are asked for, and Cosmos DB as an account that
//! only answers, so that nothing but the handler grows.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, ensure};
use axum::extract::State;
use axum::http::{Uri, header};
use axum::response::IntoResponse;
use axum::{Router, response::Response};
use serde_json::{Value, json};

use super::used;
use crate::cosmos::{Fault, Match};
use crate::loopback::Loopback;
use crate::product::staged;
use crate::world::{Setup, WORK_QUEUE, World, sentence};

/// Users on a page of a delta query.
const PAGE: usize = 200;

/// The pages.
struct Users {
    origin: String,
    count: usize,
    /// A user as JSON without its id, its names and the closing brace.
    rest: String,
}

/// Copies so many users in turns of so many seconds.
///
/// # Errors
/// When the world does not come up, or not every user was written.
pub async fn initial(count: usize, budget: u32) -> Result<Value> {
    let product = staged()?;
    let graph = Loopback::bind().await?;
    let setup = Setup { users: 1, ..Setup::new(product.path()) };
    let setup = setup.set("GRAPH_ENDPOINT", graph.origin()).set("SYNC_BUDGET_SECONDS", &budget.to_string());
    let world = World::start(setup).await?;
    let users = Users { origin: graph.origin().to_owned(), count, rest: rest(&world) };
    let _server = graph.serve(Router::new().fallback(page).with_state(Arc::new(users)));
    for container in ["users", "users-manager"] {
        world.cosmos.fail(Match::writes().container(container), 2 * count, Fault::Pretended);
    }
    let begun = Instant::now();
    let (mut written, mut turns) = (upserted(&sentence(&world.fire_feed("users").await?)?), 1);
    for turn in world.host.pump(WORK_QUEUE).await? {
        written += upserted(&sentence(&turn)?);
        turns += 1;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let handler = used(&world.host);
    world.host.shutdown().await;
    ensure!(written == count, "{written} of {count} users were written");
    let per_1000 = handler["cpuSeconds"].as_f64().unwrap_or_default() * 1000.0 / count as f64;
    Ok(json!({
        "users": count, "turns": turns, "seconds": seconds, "objectsPerSecond": count as f64 / seconds,
        "cpuSecondsPer1000": per_1000, "handler": handler,
    }))
}

/// What all users have in common: the one of the tenant.
fn rest(world: &World) -> String {
    let user = world.graph.tenant(|tenant| tenant.living("users").next().map(|(_, user)| user.clone()));
    let mut user = user.unwrap_or_default();
    for name in ["id", "displayName", "userPrincipalName"] {
        user.remove(name);
    }
    Value::Object(user).to_string().trim_start_matches('{').to_owned()
}

/// A page: where it begins is in the token.
async fn page(State(users): State<Arc<Users>>, uri: Uri) -> Response {
    let query = uri.query().unwrap_or_default();
    let from: usize = match query.contains("$deltatoken=") {
        // Nothing changes: a round that several turns read is followed by another one.
        true => users.count,
        false => query.split("$skiptoken=").nth(1).and_then(|at| at.parse().ok()).unwrap_or_default(),
    };
    let to = (from + PAGE).min(users.count);
    let mut text = String::with_capacity((to - from) * (users.rest.len() + 200));
    text.push_str(r#"{"value":["#);
    for number in from..to {
        let comma = if number == from { "" } else { "," };
        let id = format!("00000000-0000-4000-8000-{number:012}");
        let names =
            format!(r#""displayName":"User {number}","userPrincipalName":"user{number}@contoso.example""#);
        text.push_str(&format!(r#"{comma}{{"id":"{id}",{names},{}"#, users.rest));
    }
    let (origin, path) = (&users.origin, "/v1.0/users/delta");
    text.push_str(&match to == users.count {
        true => format!(r#"],"@odata.deltaLink":"{origin}{path}?$deltatoken=end"}}"#),
        false => format!(r#"],"@odata.nextLink":"{origin}{path}?$skiptoken={to}"}}"#),
    });
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// The number that a turn says that it wrote.
fn upserted(sentence: &str) -> usize {
    let before = sentence.split(" upserted").next().unwrap_or_default();
    before.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or_default()
}
