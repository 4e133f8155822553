//! Resources under objects of other resources: `/users/{users}/mailFolders/delta`; pure.

use std::collections::BTreeMap;

/// The names that a path holds in braces, each once.
pub(super) fn named(path: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for name in path.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The parents of a resource, outermost first: the last name in its path is the direct parent, and the parents of that one
/// come before it. `paths` has the paths of all resources.
///
/// # Errors
/// What is wrong with the path.
pub(super) fn chain(name: &str, paths: &BTreeMap<&str, &str>) -> Result<Vec<String>, String> {
    let mut chain = Vec::new();
    let mut at = name;
    while let Some(parent) = paths.get(at).and_then(|path| named(path).pop()) {
        if !paths.contains_key(parent) {
            return Err(format!("{{{parent}}} is not allowed; allowed: the name of a resource"));
        }
        if parent == name || chain.iter().any(|known| known == parent) {
            return Err(format!(
                "{{{parent}}} is not allowed; allowed: a resource that does not lie under this one"
            ));
        }
        chain.insert(0, parent.to_owned());
        at = parent;
    }
    let own = paths.get(name).map(|path| named(path)).unwrap_or_default();
    match own.iter().find(|parent| !chain.iter().any(|known| known == *parent)) {
        Some(parent) => Err(format!(
            "{{{parent}}} is not allowed; allowed: {}, out of the path of its parent",
            chain.iter().map(|known| format!("{{{known}}}")).collect::<Vec<_>>().join(", ")
        )),
        None => Ok(chain),
    }
}
