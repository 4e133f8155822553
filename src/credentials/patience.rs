//! How long a credential may take, and when a token is refreshed.

use std::time::Duration;

use azure_core::credentials::AccessToken;
use azure_core::time::OffsetDateTime;

/// A token is refreshed when less than this is left (or a third of a shorter life).
const AHEAD: Duration = Duration::from_secs(300);

/// In the context of a token request: the caller has a valid token, so no person is to be asked.
#[derive(Debug)]
pub(super) struct Quiet;

/// How long a credential may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Longest wait of a caller that has no valid token.
    pub refresh: Duration,
    /// Longest wait of a caller whose token is still valid.
    pub early: Duration,
}

impl Patience {
    /// For an identity server that answers by itself: less than a write has under a lease of 15 s, so that a token
    /// that ends in mid-turn is reported as what it is, and not as a write without an answer. A caller with a valid
    /// token waits less: its own deadline may be that of a lease.
    pub const APPLICATION: Self = Self { refresh: Duration::from_secs(8), early: Duration::from_secs(3) };
    /// For a tool, which starts an interpreter and asks Entra itself: a little more than the tool is given, so that the
    /// error names the tool, and less than a lease of 15 s.
    pub const TOOL: Self = Self { refresh: Duration::from_millis(8_500), early: Duration::from_secs(6) };
    /// For credentials that are tried one after the other, on the command line only.
    pub const CHAIN: Self = Self { refresh: Duration::from_secs(14), early: Duration::from_secs(8) };
    /// For a credential that bounds its own steps, one of which may be a person who signs in.
    pub const PERSON: Self = Self { refresh: Duration::from_secs(40 * 60), early: Duration::from_secs(3) };
}

/// From here on a token that came at `now` is refreshed.
pub(super) fn refresh_at(token: &AccessToken, now: OffsetDateTime) -> OffsetDateTime {
    let life = token.expires_on - now;
    let ahead = if life / 3 < AHEAD { life / 3 } else { AHEAD.try_into().unwrap_or(life / 3) };
    token.expires_on - ahead
}
