//! What is said of a name that no resource has; pure.

use crate::catalogue;

/// Most names that an answer tells.
const MOST: usize = 5;

/// What is said of a name that no resource has.
pub fn unknown(given: &str) -> String {
    let like = like(given, catalogue::resources().iter().map(|resource| &*resource.name));
    let like = if like.is_empty() { String::new() } else { format!("; like it are: {}", like.join(", ")) };
    format!("there is no resource '{given}'{like}; `graph-mirror resources` lists all")
}

/// The names that begin like this one, or hold it.
fn like<'n>(given: &str, names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let given = given.to_ascii_lowercase();
    let start = given.get(..4).unwrap_or(&given);
    let is_like = |name: &&str| {
        let name = name.to_ascii_lowercase();
        !given.is_empty() && (name.contains(&given) || name.starts_with(start))
    };
    let mut like: Vec<_> = names.filter(is_like).collect();
    like.sort_by_key(|name| name.len());
    like.truncate(MOST);
    like
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn names_that_begin_alike_or_hold_it_are_told_the_shortest_first() {
        let names = ["userDrives", "users", "riskyUsers", "groups", "authenticationMethods"];
        assert_eq!(like("user", names.into_iter()), ["users", "userDrives", "riskyUsers"]);
        assert_eq!(like("groupps", names.into_iter()), ["groups"]);
        assert_eq!(like("nobodies", names.into_iter()), [""; 0]);
        assert_eq!(like("ä", names.into_iter()), [""; 0]);
    }
}
