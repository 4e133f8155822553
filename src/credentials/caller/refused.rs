//! Why somebody is not taken for a caller, in words that tell them what to send instead.

/// What is wrong with what was sent. Nothing of it is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotACaller {
    /// There is no token.
    #[error("there is no access token; send `Authorization: Bearer <a user's access token for this API>`")]
    Missing,
    /// `Authorization` has something else.
    #[error(
        "`Authorization` has no bearer token; send `Authorization: Bearer <a user's access token for this API>`"
    )]
    NotBearer,
    /// There is only the header of App Service, and App Service is not asked to authenticate.
    #[error(
        "`X-MS-TOKEN-AAD-ACCESS-TOKEN` counts only where the authentication of App Service is on, which it is not here; send \
         `Authorization: Bearer <a user's access token for this API>`"
    )]
    NotFromPlatform,
    /// It is no JSON Web Token.
    #[error("the access token is not one of Microsoft Entra: {0}")]
    Malformed(&'static str),
    /// It is signed in another way, or not at all.
    #[error("the access token is not signed with RS256, as those of Microsoft Entra are")]
    Algorithm,
    /// Its key is not published.
    #[error("no key of Microsoft Entra has the name of the one that signed the access token")]
    UnknownKey,
    /// Its signature is not that of its key.
    #[error("the signature of the access token is wrong")]
    Signature,
    /// Another tenant issued it, or somebody who is not Entra.
    #[error("the access token was issued by another tenant")]
    Tenant,
    /// It is for Graph.
    #[error(
        "the access token is one for Microsoft Graph, which nobody else may use; ask for one with a scope of this API and \
         send that"
    )]
    ForGraph,
    /// It is for another API.
    #[error("the access token is for another API; ask for one with a scope of this API")]
    Audience,
    /// It is too old.
    #[error("the access token has expired; ask for a new one")]
    Expired,
    /// It is too new.
    #[error("the access token is not good yet; see that the clocks agree")]
    NotYet,
    /// It is of an application, or an id token.
    #[error(
        "the access token is not a user's: an application has no resources that are read as a person, and an id token is no access token"
    )]
    NoUser,
}
