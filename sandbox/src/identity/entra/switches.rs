//! The switches of Entra: a test rotates and expires secrets, codes and tokens, and answers for users.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    desk::{Desk, new_secret},
    device,
    federation::FEDERATED_AUDIENCE,
    registration::{ClientSecret, FederatedCredential},
    state::{Answer, End},
};
use crate::{identity::key::SigningKey, script::lock};

/// The switches of a running Entra. Clones are handles to the same ones.
#[derive(Clone)]
pub struct Switches {
    desk: Arc<Desk>,
}

impl Switches {
    pub(super) fn of(desk: &Arc<Desk>) -> Self {
        Self { desk: Arc::clone(desk) }
    }

    /// Replaces the client secret; the one before is wrong from now on. Tokens that were issued stay good, as in Entra.
    pub fn rotate_secret(&self) -> String {
        let value = new_secret(&self.desk.registry);
        let secret = ClientSecret { value: value.clone(), is_expired: false };
        self.desk.confidential(|app| app.secret = Some(secret));
        value
    }

    /// The present client secret expires.
    pub fn expire_secret(&self) {
        self.desk.confidential(|app| app.secret.iter_mut().for_each(|secret| secret.is_expired = true));
    }

    /// No certificate is registered any more.
    pub fn remove_certificates(&self) {
        self.desk.confidential(|app| app.certificates.clear());
    }

    /// From now on this user is signed in in every browser and meets no page; or nobody, with none.
    pub fn sign_in_by_itself(&self, username: Option<&str>) {
        lock(&self.desk.state).signed_in = username.map(String::from);
    }

    /// The user codes of the devices that wait.
    pub fn device_codes(&self) -> Vec<String> {
        let state = lock(&self.desk.state);
        let waits = state
            .devices
            .iter()
            .filter(|device| device.answer == Answer::None && device.until > Instant::now());
        waits.map(|device| device.user_code.clone()).collect()
    }

    /// The user types the code of a device, and signs in.
    ///
    /// # Errors
    /// When no device waits with this code, or there is no such user.
    pub fn approve_device(&self, user_code: &str, username: &str) -> anyhow::Result<()> {
        device::approve(&self.desk, user_code, username).map_err(anyhow::Error::msg)
    }

    /// The user types the code of a device, and declines.
    ///
    /// # Errors
    /// When no device waits with this code.
    pub fn decline_device(&self, user_code: &str) -> anyhow::Result<()> {
        device::decline(&self.desk, user_code).map_err(anyhow::Error::msg)
    }

    /// The codes of all devices that wait expire.
    pub fn expire_devices(&self) {
        lock(&self.desk.state).devices.iter_mut().for_each(|device| device.until = Instant::now());
    }

    /// From now on, a device has to wait so long between two polls: whole seconds.
    pub fn set_device_interval(&self, interval: Duration) {
        lock(&self.desk.state).interval = interval;
    }

    /// All authorization codes so far expire.
    pub fn expire_codes(&self) {
        lock(&self.desk.state).codes.values_mut().for_each(|code| code.until = Instant::now());
    }

    /// All refresh tokens so far are revoked, as when users reset their passwords.
    pub fn revoke_refresh_tokens(&self) {
        self.end_refresh_tokens(End::Revoked);
    }

    /// All refresh tokens so far have not been used for too long.
    pub fn expire_refresh_tokens(&self) {
        self.end_refresh_tokens(End::Expired);
    }

    fn end_refresh_tokens(&self, end: End) {
        lock(&self.desk.state).refresh_tokens.values_mut().for_each(|token| {
            token.end.get_or_insert(end);
        });
    }

    /// Everything that a client must not show: what it sent as a proof or a grant so far, and the client secret, codes and
    /// refresh tokens that it was given, used ones too. Access tokens are in [`crate::identity::Identity::tokens`].
    pub fn secrets(&self) -> Vec<String> {
        let state = lock(&self.desk.state);
        let devices = state.devices.iter().map(|device| &device.code);
        let given = state.codes.keys().chain(state.refresh_tokens.keys()).chain(devices);
        let mut all: Vec<_> = given.chain(&state.sent).cloned().collect();
        drop(state);
        all.push(self.desk.secret());
        all
    }

    /// Whether a refresh token is dead once it was used; it is unless this says otherwise.
    pub fn set_rotation(&self, rotates: bool) {
        lock(&self.desk.state).rotates = rotates;
    }

    /// A user's consent to an app is taken away; signing in interactively gives it again.
    pub fn withdraw_consent(&self, client_id: &str, user_id: &str) {
        lock(&self.desk.state).consents.withdraw(client_id, user_id);
    }

    /// Whether our own API gets tokens of version 1.0, whose audience is its URI and not its client id.
    pub fn set_version_1(&self, version_1: bool) {
        lock(&self.desk.state).version_1 = version_1;
    }

    /// The confidential client trusts the managed identity in the place of a secret, which is gone.
    pub fn trust_managed_identity(&self) {
        let options = lock(&self.desk.registry.options).clone();
        let issuer = format!("https://sts.windows.net/{}/", options.tenant_id);
        let key = SigningKey::of_server().public().clone();
        lock(&self.desk.state).issuers.insert(issuer.clone(), key);
        self.desk.confidential(|app| {
            app.secret = None;
            app.federated.push(FederatedCredential {
                issuer,
                subject: options.managed_identity.object_id,
                audience: FEDERATED_AUDIENCE.into(),
            });
        });
    }

    /// A policy wants the user again, with these claims: refreshing and on-behalf-of end with `interaction_required`.
    pub fn require_interaction(&self, claims: Option<&str>) {
        lock(&self.desk.state).interaction = claims.map(String::from);
    }
}
