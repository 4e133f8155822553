//! The containers of a feed, as far as anything follows from them (rule 14). Pure.

use std::collections::BTreeMap;
use std::time::Duration;

/// How long a look at a container is good for.
const GOOD_FOR: Duration = Duration::from_secs(3600);

/// Resource ids of containers, by name.
pub type Ids = BTreeMap<String, String>;

/// What a look at the containers of a feed has shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Containers {
    /// The resource ids of those that are there.
    pub ids: Ids,
    /// One that is not as it has to be.
    pub unfit: Option<Unusable>,
}

/// A container to which nothing may be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// Its name.
    pub container: String,
    /// It is not there, or documents of it may have expired: everything has to be read anew, once it is mended.
    pub is_lossy: bool,
}

/// Whether a look that is so old still tells what container there is, where the checkpoint knows the id `known`: one that
/// knows another id than we may have been saved by a process that looked later.
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
