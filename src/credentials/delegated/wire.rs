//! The endpoints of Entra that take a form: `token` and `devicecode`.
//!
//! Promises: an answer or an error within [`PATIENCE`], with a few more tries where Entra said that it is busy or no
//! connection came about; a request that may have been read is not sent again, because a code and some refresh tokens
//! are good for one use. An answer is read member by member. No error carries text of an answer.
//! Leaves out on purpose: what a grant needs (its own file says so), and what a refusal means to a person.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::failure::{Failure, Refusal};
use crate::credentials::Registration;
use crate::json::Members;

/// Longest wait for one answer, all tries included.
pub const PATIENCE: Duration = Duration::from_secs(8);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TRIES: u32 = 4;
/// An answer has a few tokens of a few kilobytes each.
const MOST_BYTES: usize = 1 << 20;

/// One form: names and values.
pub type Form<'a> = Vec<(&'static str, &'a str)>;

/// The endpoints of one tenant.
#[derive(Debug)]
pub struct Endpoint {
    registration: Registration,
    http: OnceLock<reqwest::Client>,
}

impl Endpoint {
    /// The endpoints of the tenant of an app registration; opens nothing before the first request.
    pub fn new(registration: Registration) -> Self {
        Self { registration, http: OnceLock::new() }
    }

    /// The app registration.
    pub fn registration(&self) -> &Registration {
        &self.registration
    }

    /// The address of an endpoint: `token`, `devicecode` or `authorize`.
    pub fn address(&self, name: &str) -> String {
        let Registration { authority, tenant_id, .. } = &self.registration;
        format!("{}/{tenant_id}/oauth2/v2.0/{name}", authority.as_str().trim_end_matches('/'))
    }

    /// Sends a form; the members of the answer.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn post(&self, name: &str, form: &Form<'_>) -> Result<Map<String, Value>, Failure> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        tokio::time::timeout(PATIENCE, self.tried(name, &body)).await.unwrap_or(Err(Failure::Late))
    }

    async fn tried(&self, name: &str, body: &str) -> Result<Map<String, Value>, Failure> {
        let mut wait = Duration::from_millis(200);
        for _ in 1..TRIES {
            match self.attempt(name, body).await {
                Err(failure) if failure.may_pass() => tokio::time::sleep(wait).await,
                answer => return answer,
            }
            wait *= 2;
        }
        self.attempt(name, body).await
    }

    async fn attempt(&self, name: &str, body: &str) -> Result<Map<String, Value>, Failure> {
        let request = self.http()?.post(self.address(name));
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let mut response = request.body(body.to_owned()).send().await.map_err(|error| Failure::of(&error))?;
        let status = response.status().as_u16();
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|_| Failure::Broken)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MOST_BYTES {
                return Err(Failure::Nonsense("it is too long"));
            }
        }
        let members = Members::first_in(&bytes).map(Members::into_map);
        match members {
            Some(members) if (200..300).contains(&status) => Ok(members),
            None if (200..300).contains(&status) => Err(Failure::Nonsense("it is not a JSON object")),
            members => Err(Failure::Refused(Refusal::read(status, &members.unwrap_or_default()))),
        }
    }

    fn http(&self) -> Result<&reqwest::Client, Failure> {
        if self.http.get().is_none() {
            // A redirect would carry a secret elsewhere; these endpoints have none.
            let client = reqwest::Client::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .map_err(|_| Failure::NoClient)?;
            // A second caller may have been faster; either client will do.
            let _ = self.http.set(client);
        }
        self.http.get().ok_or(Failure::NoClient)
    }
}
