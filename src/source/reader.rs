//! Whose objects are read, and by whom.

/// The tenant whose objects are read, and the identity that reads them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// The id of the tenant.
    pub tenant_id: String,
    /// The object id of our service principal, for error messages.
    pub principal_id: Option<String>,
    /// The Graph permissions in our token, for error messages.
    pub granted: Vec<String>,
    /// The object id of the person, where one is signed in.
    pub person: Option<String>,
}
