//! How token requests fail, and which.

use std::time::Duration;

use super::Kind;
use crate::script::Matches;

/// A way to fail a token request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Answers with this status and an error body.
    Status(u16),
    /// Answers as it should, but only after so long.
    Slow(Duration),
    /// Never answers.
    Hang,
    /// Resets the connection.
    Reset,
    /// Entra refuses with this `error` and the number of an AADSTS code; the managed identity answers 400.
    Refuse(&'static str, u32),
}

/// One token request, as faults see it.
pub(super) struct Asked<'a> {
    pub kind: Kind,
    pub audience: &'a str,
    pub grant: Option<&'a str>,
}

/// Which token requests a fault is for.
#[derive(Clone, Debug, Default)]
pub struct Match {
    kind: Option<Kind>,
    audience: Option<String>,
    grant: Option<&'static str>,
}

impl Match {
    /// Any token request.
    #[must_use]
    pub fn any() -> Self {
        Self::default()
    }

    /// Only those of this kind.
    #[must_use]
    pub fn kind(mut self, kind: Kind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Only those with this `grant_type`; `devicecode` means those for a device code, which are no token requests.
    #[must_use]
    pub fn grant(mut self, grant: &'static str) -> Self {
        self.grant = Some(grant);
        self
    }

    /// Only those for this audience.
    #[must_use]
    pub fn audience(mut self, audience: &str) -> Self {
        self.audience = Some(audience.trim_end_matches('/').to_owned());
        self
    }
}

impl Matches<Asked<'_>> for Match {
    fn fits(&self, asked: &Asked<'_>) -> bool {
        self.kind.is_none_or(|kind| kind == asked.kind)
            && self.grant.is_none_or(|grant| asked.grant == Some(grant))
            && self.audience.as_ref().is_none_or(|audience| audience == asked.audience)
    }
}
