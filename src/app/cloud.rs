//! Which resources a Microsoft cloud lacks: the catalogue says so. Pure.

use crate::catalogue::{Cloud, Resource, Word as _};

/// What to say of a resource that this cloud lacks; nothing of one that it has.
pub(super) fn lacks(cloud: &str, row: &Resource) -> Option<String> {
    let (_, asked) = Cloud::ALL.iter().find(|(name, _)| *name == cloud)?;
    if row.is_in(*asked) {
        return None;
    }
    let clouds = row.clouds.iter().map(|cloud| cloud.word()).collect::<Vec<_>>().join(", ");
    Some(format!(
        "Microsoft Graph has no `{}` in the cloud {cloud}, only in {clouds}; delete its function, or name another cloud",
        row.name
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    #[test]
    fn a_cloud_lacks_what_its_row_does_not_name() {
        let users = catalogue::embedded().unwrap().iter().find(|row| row.name == "users").unwrap();
        let row = Resource { clouds: vec![Cloud::Global, Cloud::China], ..Resource::clone(users) };
        assert_eq!((lacks("global", &row), lacks("china", &row)), (None, None));
        let said = lacks("usgov", &row).unwrap();
        for word in ["`users`", "usgov", "only in global, china"] {
            assert!(said.contains(word), "{word}: {said}");
        }
        assert!(Cloud::ALL.iter().all(|(name, _)| lacks(name, users).is_none()));
    }
}
