//! Rows and permissions out of the files of the catalogue; pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::resource::PERSONS;
use super::{File, Resource, Resources, parents};
use known::Known;
use permissions::permissions;
use row::row;

mod choice;
mod known;
mod links;
mod parts;
mod permissions;
mod row;
mod syntax;
mod together;

/// The file that is no resource.
pub(super) const PERMISSIONS: &str = "permissions";

/// The resources of files.
///
/// # Errors
/// All faults of all files, a line each.
pub(super) fn resources(files: &[File]) -> Result<Resources, Vec<String>> {
    let mut faults = Vec::new();
    let mut read: BTreeMap<&str, (&File, Value)> = BTreeMap::new();
    for file in files {
        match serde_json::from_str(&file.text) {
            Ok(value) => drop(read.insert(&file.name, (file, changed(file, value)))),
            Err(error) => faults.push(format!("{}: {error}; allowed: an object", file.path)),
        }
    }
    let permissions =
        read.remove(PERMISSIONS).map(|(file, value)| permissions(&file.path, &value, &mut faults));
    let names = files.iter().map(|file| &*file.name).filter(|name| *name != PERMISSIONS);
    let known = Known { resources: names.collect(), permissions: permissions.unwrap_or_default() };
    let rows = read
        .iter()
        .filter_map(|(name, (file, value))| row((&file.path, file.is_own), name, value, &known, &mut faults));
    let mut rows: Vec<_> = rows.collect();
    if !faults.is_empty() {
        return Err(faults);
    }
    find_parents(&mut rows, |name| read[name].0.path.clone())?;
    let leads_away = |row: &Resource| row.targets.iter().any(|target| *target != row.name);
    // Parents come before what lies under them.
    let place = |row: &Resource| (row.chain.len(), leads_away(row), row.name.clone());
    rows.sort_by_cached_key(place);
    let targets: BTreeSet<_> = rows.iter().flat_map(|row| row.targets.clone()).collect();
    rows.iter_mut().for_each(|row| row.is_linked_to = targets.contains(&row.container));
    Ok(rows.into_iter().map(Arc::new).collect())
}

/// The embedded row of this name with the keys of a file that has no path; else the file as it is.
fn changed(file: &File, own: Value) -> Value {
    let embedded = file.changes.as_ref().and_then(|text| serde_json::from_str(text).ok());
    match (embedded, own) {
        (Some(Value::Object(mut row)), Value::Object(own)) if !own.contains_key("path") => {
            row.extend(own);
            Value::Object(row)
        }
        (_, own) => own,
    }
}

/// Finds the parents of all rows, once all paths are known.
fn find_parents(rows: &mut [Resource], file: impl Fn(&str) -> String) -> Result<(), Vec<String>> {
    let paths: BTreeMap<_, _> = rows.iter().map(|row| (&*row.name, &*row.path)).collect();
    let (mut chains, mut faults) = (Vec::new(), Vec::new());
    let of_persons: Vec<_> = rows.iter().filter(|row| row.is_delegated()).map(|row| &*row.name).collect();
    for row in rows.iter() {
        let is_of_person = |name: &&str| of_persons.contains(name);
        let named = row.targets.iter().map(String::as_str).chain(parents::named(&row.path));
        for name in named.filter(is_of_person) {
            let allowed = "allowed: a resource that no person has a feed of";
            faults.push(format!("{}: {name:?} is not allowed; {allowed}", file(&row.name)));
        }
        if is_of_person(&&*row.name) {
            chains.push(vec![PERSONS.to_owned()]);
            continue;
        }
        let others = row.object_path.iter().chain(row.subscription.iter().map(|to| &to.resource));
        match parents::chain(&row.name, &paths) {
            Ok(chain) => {
                let chosen = row.chosen.as_ref().map(|chosen| &chosen.resource);
                if let Some(name) = chosen.filter(|name| !chain.contains(name)) {
                    faults.push(format!(
                        "{}: parents: {name:?} is not allowed; allowed: {}",
                        file(&row.name),
                        if chain.is_empty() { "a row with parents".to_owned() } else { chain.join(", ") }
                    ));
                }
                for name in others
                    .flat_map(|path| parents::named(path))
                    .filter(|name| !chain.iter().any(|known| known == name))
                {
                    faults.push(format!(
                        "{}: {{{name}}} is not allowed; allowed: names out of path",
                        file(&row.name)
                    ));
                }
                chains.push(chain);
            }
            Err(fault) => faults.push(format!("{}: path: {fault}", file(&row.name))),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    rows.iter_mut().zip(chains).for_each(|(row, chain)| row.chain = chain);
    Ok(())
}

#[cfg(test)]
mod tests;
