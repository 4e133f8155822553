//! What a grant sees and what it gives: the values between the token endpoint and the grants.

use serde_json::Value;

use super::{
    assertion::Endpoints, authenticate, error::OAuthError, form::Form, registration::Registration,
    scope::Scopes, state::State,
};
use crate::identity::{Options, User};

/// What a grant gives: for whom, and how far.
pub(super) struct Granted {
    pub app: Registration,
    /// Nobody for the app itself.
    pub user: Option<User>,
    pub scopes: Scopes,
    pub nonce: Option<String>,
    /// The `claims` parameter of an earlier request, if this one has none.
    pub asked: Value,
}

/// What a grant sees.
pub(super) struct Context<'a> {
    pub state: &'a mut State,
    pub options: &'a Options,
    pub app: &'a Registration,
    pub form: &'a Form,
    pub endpoints: &'a Endpoints,
}

impl Context<'_> {
    /// The client has to be a confidential one and to show it.
    pub fn confidential(&mut self) -> Result<(), OAuthError> {
        authenticate::confidential(self.state, self.app, self.endpoints, self.form)
    }
}
