//! The grants, one file each: what a request has to show, and what it gets.

mod authorization_code;
mod client_credentials;
mod device_code;
mod on_behalf_of;
mod refresh_token;

pub(super) use authorization_code::authorization_code;
pub(super) use client_credentials::client_credentials;
pub(super) use device_code::device_code;
pub(super) use on_behalf_of::on_behalf_of;
pub(super) use refresh_token::refresh_token;
