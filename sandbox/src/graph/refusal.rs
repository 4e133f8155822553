//! Objects that are there although what lies below them cannot be read.

/// What a request for anything below an object is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// 403 or 404.
    pub status: u16,
    /// The code of the error.
    pub code: String,
    /// What it says.
    pub message: String,
    /// Only collections of this service refuse.
    pub service: Option<String>,
}

impl Refusal {
    /// A user without a mailbox in Exchange Online: no licence, or one on premises.
    pub fn no_mailbox() -> Self {
        let message = "The mailbox is either inactive, soft-deleted, or is hosted on-premise.";
        Self::of(404, "MailboxNotEnabledForRESTAPI", message).by("outlook")
    }

    /// What is below is not there.
    pub fn not_found() -> Self {
        Self::of(404, "ResourceNotFound", "Resource could not be discovered.")
    }

    /// The app may not read this one.
    pub fn forbidden() -> Self {
        Self::of(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
    }

    /// Any other one.
    pub fn of(status: u16, code: &str, message: &str) -> Self {
        Self { status, code: code.to_owned(), message: message.to_owned(), service: None }
    }

    /// The same for collections of one service.
    #[must_use]
    pub fn by(self, service: &str) -> Self {
        Self { service: Some(service.to_owned()), ..self }
    }
}
