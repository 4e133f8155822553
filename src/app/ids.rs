//! Ids from outside, checked before anything is asked with them.

use super::AppError;

/// Most ids at a time, as in a `$batch` of Graph's (<https://learn.microsoft.com/graph/json-batching>).
const MOST: usize = 20;
/// Longest id, in bytes: longer than any of Graph's.
const LONGEST: usize = 512;

/// The ids as Graph writes them, each once, in the order in which they came.
///
/// # Errors
/// [`AppError::BadIds`] names the first one that can be no id.
pub(super) fn checked(ids: &[String]) -> Result<Vec<String>, AppError> {
    if ids.len() > MOST {
        return Err(AppError::BadIds(format!("{} ids; at most {MOST} at a time", ids.len())));
    }
    let mut checked: Vec<String> = Vec::with_capacity(ids.len());
    for id in ids {
        if !is_id(id) {
            let shown: String = id.chars().filter(|c| !c.is_control()).take(80).collect();
            return Err(AppError::BadIds(format!(
                "`{shown}` is no id: an id is one to {LONGEST} characters without / \\ ? # % and blanks"
            )));
        }
        // Graph takes the ids of the directory in either case, and writes them in lower case.
        let id = if uuid::Uuid::try_parse(id).is_ok() { id.to_ascii_lowercase() } else { id.clone() };
        if !checked.contains(&id) {
            checked.push(id);
        }
    }
    Ok(checked)
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
        let many = |count: usize| -> Vec<String> { (0..count).map(|n| n.to_string()).collect() };
        assert_eq!(checked(&many(20)).unwrap().len(), 20);
        assert!(checked(&many(21)).unwrap_err().to_string().contains("at most 20"));
    }
}
