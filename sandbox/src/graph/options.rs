//! How the fake is set up.

use super::quirks::Quirks;

/// How the fake is set up, with defaults that suit most tests.
#[derive(Clone, Debug)]
pub struct Options {
    /// Seed of orders and tokens.
    pub seed: u64,
    /// Objects per page; Graph gives about 100 for users.
    pub page_size: usize,
    /// Members (and owners) that a group shows at once; one with more appears again with the others.
    pub members_per_slice: usize,
    /// The oddities to begin with.
    pub quirks: Quirks,
    /// Audiences that are accepted besides the own origin.
    pub audiences: Vec<String>,
    /// The origin that clients see, where something stands before the fake.
    pub origin: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            page_size: 100,
            members_per_slice: 20,
            quirks: Quirks::default(),
            audiences: vec!["https://graph.microsoft.com".into()],
            origin: None,
        }
    }
}
