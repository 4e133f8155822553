//! The state of the containers of a feed (rule 14). Pure.

use std::collections::BTreeMap;
use std::time::Duration;

/// How long the result of a container check is valid.
const GOOD_FOR: Duration = Duration::from_secs(3600);

/// Resource ids of containers, by name.
pub type Ids = BTreeMap<String, String>;

/// The result of checking the containers of a feed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Containers {
    /// The resource ids of the containers that exist.
    pub ids: Ids,
    /// A container that cannot be used, if there is one.
    pub unfit: Option<Unusable>,
}

/// A container that must not be written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// Its name.
    pub container: String,
    /// Whether the container is missing, or its documents may have expired: all objects must be read again once it is
    /// fixed.
    pub is_lossy: bool,
}

/// Whether a container check of this age is still valid, where the checkpoint has the id `known`. If the checkpoint has
/// another id than `seen`, a process that checked later may have saved it.
pub fn is_good(age: Duration, seen: &str, known: Option<&str>) -> bool {
    age < GOOD_FOR && known.is_none_or(|known| known == seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_good_for_an_hour_unless_the_checkpoint_knows_another_container() {
        let (fresh, old) = (Duration::from_secs(3599), Duration::from_secs(3600));
        assert!(is_good(fresh, "a", None) && is_good(fresh, "a", Some("a")));
        assert!(!is_good(old, "a", Some("a")));
        assert!(!is_good(fresh, "a", Some("b")), "somebody looked later than we did");
    }
}
