//! Checks ids from callers before any request uses them.

use super::AppError;

/// Most ids in one request, as in a `$batch` of Graph (<https://learn.microsoft.com/graph/json-batching>).
const MOST: usize = 20;
/// Longest id in bytes: longer than any id of Graph.
const LONGEST: usize = 512;

/// Returns the ids as Graph writes them, each once, in the order of the request.
///
/// # Errors
/// [`AppError::BadIds`] describes the first invalid id, or the excess of ids.
pub(super) fn checked(ids: &[String]) -> Result<Vec<String>, AppError> {
    if ids.len() > MOST {
        return Err(AppError::BadIds(format!("{} ids; at most {MOST} at a time", ids.len())));
    }
    let mut checked: Vec<String> = Vec::with_capacity(ids.len());
    for id in ids {
        // An invalid id may be an address, so the message does not repeat it.
        if is_principal_name(id) {
            return Err(AppError::BadIds("a user principal name is no id: use the object id".into()));
        }
        if !is_id(id) {
            return Err(AppError::BadIds(format!(
                "the text of {} characters is no id: an id is one to {LONGEST} characters without / \\ ? # % and blanks",
                id.chars().count()
            )));
        }
        // Graph accepts directory ids in either case, and returns them in lower case.
        let id = if uuid::Uuid::try_parse(id).is_ok() { id.to_ascii_lowercase() } else { id.clone() };
        if !checked.contains(&id) {
            checked.push(id);
        }
    }
    Ok(checked)
}

/// One id as Graph writes it, if it is one.
pub(super) fn one(id: &str) -> Option<String> {
    checked(&[id.to_owned()]).ok()?.pop()
}

/// Whether the value is a user principal name, also of a guest, or an e-mail address. Ids of chats contain an `@` too,
/// but begin with a number and a colon.
fn is_principal_name(id: &str) -> bool {
    let Some((name, domain)) = id.rsplit_once('@') else { return false };
    let is_chat =
        name.split_once(':').is_some_and(|(kind, _)| kind.bytes().all(|byte| byte.is_ascii_digit()));
    !is_chat && domain.contains('.') && !domain.contains(['/', ' '])
}

fn is_id(id: &str) -> bool {
    let is_odd = |c: char| matches!(c, '/' | '\\' | '?' | '#' | '%') || c.is_control() || c.is_whitespace();
    !matches!(id, "" | "." | "..") && id.len() <= LONGEST && !id.contains(is_odd)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts<const N: usize>(ids: [&str; N]) -> Vec<String> {
        ids.map(str::to_owned).to_vec()
    }

    #[test]
    fn ids_are_what_graph_writes_and_nothing_that_leads_elsewhere() {
        let ids =
            texts(["6EA91A8D-E32E-41A1-B7BD-D2D185EED0E0", "AAMk=", "6ea91a8d-e32e-41a1-b7bd-d2d185eed0e0"]);
        assert_eq!(checked(&ids).unwrap(), texts(["6ea91a8d-e32e-41a1-b7bd-d2d185eed0e0", "AAMk="]));
        for odd in ["", ".", "..", "a/b", "a%2fb", "a b", "a?x", "a#b", "a\\b", "a\nb", &"x".repeat(513)] {
            assert!(checked(&texts([odd])).is_err(), "{odd}");
        }
        for name in ["ada@contoso.com", "ada_x.com#EXT#@contoso.onmicrosoft.com"] {
            let error = checked(&texts([name])).unwrap_err().to_string();
            assert!(error.contains("use the object id") && !error.contains("ada"), "{error}");
        }
        assert!(checked(&texts(["19:meeting_x@thread.v2"])).is_ok());
        let many = |count: usize| -> Vec<String> { (0..count).map(|n| n.to_string()).collect() };
        assert_eq!(checked(&many(20)).unwrap().len(), 20);
        assert!(checked(&many(21)).unwrap_err().to_string().contains("at most 20"));
    }
}
