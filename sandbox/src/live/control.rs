//! The control of a living world: somebody changes the tenant by hand, over plain HTTP on loopback, and is told what was
//! done. It is for people with `curl`; nothing of it looks like Graph on purpose.

use anyhow::Result;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::Say;
use super::deeds::{Deed, LiveTenant, Nothing};
use crate::graph::Life;
use crate::loopback::{Loopback, Server};

/// Users that are listed at most.
const MOST: usize = 20;

#[derive(Clone)]
struct Desk {
    tenant: LiveTenant,
    say: Say,
    origin: String,
}

/// Opens it on a port of its own.
pub(super) async fn open(tenant: LiveTenant, say: Say) -> Result<Server> {
    let loopback = Loopback::bind().await?;
    let desk = Desk { tenant, say, origin: loopback.origin().to_owned() };
    let router = Router::new()
        .route("/", get(|State(desk): State<Desk>| async move { help(&desk.origin) }))
        .route("/users", get(list).post(create))
        .route("/users/{id}", get(show).patch(change).delete(delete))
        .route("/users/{id}/restore", post(restore))
        .route("/deleted", get(deleted))
        .route("/pause", post(|State(desk): State<Desk>| async move { pause(&desk, true) }))
        .route("/resume", post(|State(desk): State<Desk>| async move { pause(&desk, false) }))
        .with_state(desk);
    Ok(loopback.serve(router))
}

/// The commands.
pub(super) fn help(world: &str) -> String {
    let commands = [
        ("", "/users", "", "some users; /deleted has some deleted ones"),
        ("-X PATCH ", "/users/any", r#" -d '{"jobTitle":"Pilot"}'"#, "changes one, or one by its id"),
        ("-X POST ", "/users", r#" -d '{"displayName":"Ada"}'"#, "creates one"),
        ("-X DELETE ", "/users/any", "", "deletes one"),
        ("-X POST ", "/users/any/restore", "", "restores a deleted one"),
        ("-X POST ", "/pause", "", "nothing changes by itself any more; /resume"),
    ];
    let line = |(method, path, body, what)| {
        format!("{:<74} # {what}\n", format!("curl {method}{world}{path}{body}"))
    };
    commands.map(line).concat()
}

async fn list(State(desk): State<Desk>) -> Response {
    answer(StatusCode::OK, &desk.tenant.users(Life::Living, MOST).into())
}

async fn deleted(State(desk): State<Desk>) -> Response {
    answer(StatusCode::OK, &desk.tenant.users(Life::Removed, MOST).into())
}

async fn show(State(desk): State<Desk>, Path(id): Path<String>) -> Response {
    match desk.tenant.user(&id) {
        Ok(user) => answer(StatusCode::OK, &user),
        Err(Nothing(why)) => refuse(StatusCode::NOT_FOUND, &why),
    }
}

async fn create(State(desk): State<Desk>, body: String) -> Response {
    match properties(&body) {
        Some(properties) => did(&desk, Ok(desk.tenant.create(properties))),
        None => malformed(),
    }
}

async fn change(State(desk): State<Desk>, Path(id): Path<String>, body: String) -> Response {
    match properties(&body) {
        Some(properties) => did(&desk, desk.tenant.change(&id, properties)),
        None => malformed(),
    }
}

async fn delete(State(desk): State<Desk>, Path(id): Path<String>) -> Response {
    did(&desk, desk.tenant.delete(&id))
}

async fn restore(State(desk): State<Desk>, Path(id): Path<String>) -> Response {
    did(&desk, desk.tenant.restore(&id))
}

fn pause(desk: &Desk, is_paused: bool) -> Response {
    desk.tenant.pause(is_paused);
    answer(StatusCode::OK, &json!({"did": if is_paused { "paused" } else { "resumed" }}))
}

fn did(desk: &Desk, deed: Result<Deed, Nothing>) -> Response {
    match deed {
        Ok(deed) => {
            (desk.say)(&format!("by hand: {deed}"));
            answer(StatusCode::OK, &deed.json())
        }
        Err(Nothing(why)) => refuse(StatusCode::NOT_FOUND, &why),
    }
}

/// The properties to set. `id` cannot be set.
fn properties(body: &str) -> Option<Value> {
    let body = if body.trim().is_empty() { "{}" } else { body };
    serde_json::from_str(body).ok().filter(|read: &Value| read.is_object() && read.get("id").is_none())
}

fn malformed() -> Response {
    refuse(StatusCode::BAD_REQUEST, "the body is a JSON object of properties, without `id`")
}

fn refuse(status: StatusCode, why: &str) -> Response {
    answer(status, &json!({ "error": why }))
}

fn answer(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], format!("{body}\n")).into_response()
}
