//! Shared by the handlers: the registry, the state, and the look-up of tenants and users.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::response::Response;

use super::{
    error::{Ids, OAuthError},
    form::{Form, Request},
    registration::Registration,
    state::{Consents, State},
};
use crate::{
    identity::{Failed, Inner, Options, User},
    script::lock,
};

/// The desk at which requests are answered.
pub(super) struct Desk {
    pub registry: Arc<Inner>,
    pub origin: String,
    pub state: Mutex<State>,
    pub is_down: Mutex<bool>,
}

impl Desk {
    pub fn new(registry: Arc<Inner>, origin: String) -> Self {
        let state = new_state(&registry).into();
        Self { registry, origin, state, is_down: false.into() }
    }

    pub fn random(&self) -> u128 {
        lock(&self.registry.issued).random()
    }

    /// Keeps a request, and says its number.
    pub fn record(&self, endpoint: &str, tenant: &str, form: &Form) -> usize {
        let request = Request::of(endpoint, tenant, form);
        let mut state = lock(&self.state);
        state.sent.extend(form.secrets());
        state.recorded += 1;
        let number = state.recorded;
        state.requests.push((number, request));
        number
    }

    /// Keeps with what a request was refused, unless it was forgotten meanwhile.
    pub fn note_error(&self, number: usize, refusal: &OAuthError) {
        let mut state = lock(&self.state);
        if let Some((_, request)) = state.requests.iter_mut().find(|(other, _)| *other == number) {
            request.error = Some(refusal.error.clone());
        }
    }

    /// Answers a request. A refusal is kept with the request; the status of a fault replaces its own.
    pub fn reply(
        &self,
        number: usize,
        ids: &Ids,
        failed: Option<Failed>,
        give: impl FnOnce() -> Result<Response, OAuthError>,
    ) -> Response {
        let given = failed.as_ref().map_or_else(give, |failed| Err(OAuthError::of_fault(failed)));
        given.unwrap_or_else(|refusal| {
            self.note_error(number, &refusal);
            match failed {
                Some(Failed::Status(status)) => refusal.respond_as(status, ids),
                _ => refusal.respond(ids),
            }
        })
    }

    /// Whether this names the tenant: by its id or a domain name.
    pub fn is_tenant(&self, tenant: &str, options: &Options) -> bool {
        tenant == options.tenant_id || tenant.eq_ignore_ascii_case(&options.domain)
    }

    /// Refuses what names neither the tenant nor all of them.
    pub fn check_tenant(&self, tenant: &str) -> Result<(), OAuthError> {
        let is_known = matches!(tenant, "common" | "organizations")
            || self.is_tenant(tenant, &lock(&self.registry.options));
        if is_known { Ok(()) } else { Err(self.no_tenant(tenant)) }
    }

    pub fn no_tenant(&self, tenant: &str) -> OAuthError {
        let sentence = format!(
            "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into \
             the correct cloud."
        );
        OAuthError::new("invalid_request", 90002, sentence)
    }

    /// Changes the confidential client.
    pub fn confidential<T>(&self, change: impl FnOnce(&mut Registration) -> T) -> T {
        change(&mut lock(&self.state).registrations[0])
    }

    /// The present client secret.
    pub fn secret(&self) -> String {
        self.confidential(|app| app.secret.as_ref().map(|secret| secret.value.clone())).unwrap_or_default()
    }

    pub fn users(&self) -> Vec<User> {
        lock(&self.registry.options).users.clone()
    }

    /// The user with this name or object id.
    pub fn user(&self, name: &str) -> Option<User> {
        let is_named = |user: &User| {
            user.user_principal_name.eq_ignore_ascii_case(name.trim()) || user.object_id == name.trim()
        };
        self.users().into_iter().find(is_named)
    }
}

fn new_state(registry: &Inner) -> State {
    let options = lock(&registry.options).clone();
    let confidential = Registration::confidential(options.app_registration, new_secret(registry));
    State {
        registrations: vec![confidential, Registration::public(options.public_client)],
        issuers: HashMap::new(),
        codes: HashMap::new(),
        devices: Vec::new(),
        refresh_tokens: HashMap::new(),
        consents: Consents::default(),
        assertions: Default::default(),
        signed_in: None,
        interaction: None,
        version_1: false,
        rotates: true,
        interval: Duration::from_secs(5),
        requests: Vec::new(),
        recorded: 0,
        sent: HashSet::new(),
    }
}

/// Looks like one of Entra's.
pub(super) fn new_secret(registry: &Inner) -> String {
    format!("sbx8Q~{:032x}.~", lock(&registry.issued).random())
}
