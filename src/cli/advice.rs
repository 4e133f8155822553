//! What somebody can do whose request Microsoft Graph refused; pure.
//!
//! It speaks of what the status and the path tell. Microsoft Graph's own message is left out on purpose: it may quote
//! what was asked for, and what is there.

use url::Url;

use crate::app;
use crate::graph::GraphError;

/// The next step, if one is known. `application` is the credential, when it is known that its token belongs to an
/// application and to no signed-in user.
pub fn advice(url: &Url, error: &GraphError, application: Option<&str>) -> Option<String> {
    if let Some(credential) = application
        && matches!(error.refusal().map(|refusal| refusal.status), Some(400 | 403 | 404))
    {
        return Some(format!(
            "`me` is the signed-in user, and with GRAPH_CREDENTIAL={credential} nobody is signed in: set \
             GRAPH_CREDENTIAL to one that signs a person in, such as device-code, or ask for /users/<id>"
        ));
    }
    Some(match error {
        GraphError::Forbidden(_) => forbidden(url),
        GraphError::Unauthorized(_) => {
            "the access token is forgotten: run the command again for a new one; if that is refused too, a policy of \
             the tenant blocks it, or GRAPH_ENDPOINT, GRAPH_SCOPES and AZURE_CLOUD do not mean the same Microsoft cloud"
                .into()
        }
        GraphError::Gone { .. } => {
            "a page token ended before its page was asked for: run the command again".into()
        }
        GraphError::Refused(refusal) => match refusal.status {
            404 => {
                "there is no such object, or no such path in this version of the API (--beta has more)".into()
            }
            400 if refusal.code.contains("Request_UnsupportedQuery") => {
                "an advanced query needs --header 'ConsistencyLevel: eventual' and $count=true in the path"
                    .into()
            }
            400 => "see that the path, --select and --filter name what the page of this request names".into(),
            _ => return None,
        },
        GraphError::Nonsense(what) if what.contains("`value`") => {
            "without --all, the answer is printed whatever its form is".into()
        }
        GraphError::ForeignLink { .. } => {
            "files and reports that Microsoft Graph serves from another host cannot be read with `get`".into()
        }
        _ => return None,
    })
}

/// Whether a request is about the signed-in user.
pub fn is_about_me(url: &Url) -> bool {
    segments(url).first().is_some_and(|first| first.eq_ignore_ascii_case("me"))
}

/// A resource of the catalogue has a permission that is known; of anything else its page says it.
fn forbidden(url: &Url) -> String {
    let segments = segments(url);
    let row = app::resources().iter().find(|row| is_of(&row.path, &segments));
    let which = match row {
        Some(row) => format!("an application needs {} at least", row.permission.name),
        None => "the page of this request in the Microsoft Graph documentation lists the permissions that do"
            .into(),
    };
    format!(
        "the token lacks a permission for this path: {which}; grant it with the consent of an administrator, and ask \
         again with a new token (a managed identity may keep its old one for a day)"
    )
}

/// Whether a path is that of a row, or of one object in it.
fn is_of(path: &str, segments: &[&str]) -> bool {
    let own: Vec<_> = path.trim_end_matches("/delta").split('/').skip(1).collect();
    let is_same = |(own, asked): (&&str, &&str)| own == asked || own.starts_with('{');
    (own.len()..=own.len() + 1).contains(&segments.len()) && own.iter().zip(segments).all(is_same)
}

/// The path below the API version.
fn segments(url: &Url) -> Vec<&str> {
    url.path_segments().into_iter().flatten().skip(1).filter(|segment| !segment.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Refusal;

    fn url(path: &str) -> Url {
        Url::parse("https://graph.microsoft.com").unwrap().join(path).unwrap()
    }

    fn refusal(status: u16, code: &str) -> Refusal {
        Refusal { status, code: code.into(), request_id: "r".into(), says: None }
    }

    #[test]
    fn a_missing_permission_is_named_where_the_catalogue_knows_it() {
        let forbidden = GraphError::Forbidden(refusal(403, "Authorization_RequestDenied"));
        let said = |path: &str| advice(&url(path), &forbidden, None).unwrap();
        assert!(
            said("/v1.0/users").contains("User.Read.All") && said("/beta/users/1").contains("User.Read.All")
        );
        assert!(said("/v1.0/users/1/messages").contains("the page of this request"));
        assert!(said("/v1.0/users/1/chats").contains("Chat.ReadBasic.All"), "by its path");
        assert!(said("/v1.0/contacts").contains("OrgContact.Read.All"), "and not by its name");
    }

    #[test]
    fn me_is_explained_to_an_application_only() {
        assert!(is_about_me(&url("/v1.0/me/messages")) && is_about_me(&url("/beta/Me")));
        assert!(!is_about_me(&url("/v1.0/users/me")));
        let bad = GraphError::Refused(refusal(400, "BadRequest"));
        let to_application = advice(&url("/v1.0/me"), &bad, Some("client-secret")).unwrap();
        assert!(to_application.contains("GRAPH_CREDENTIAL=client-secret"), "{to_application}");
        assert!(!advice(&url("/v1.0/me"), &bad, None).unwrap().contains("GRAPH_CREDENTIAL"));
    }
}
