//! The catalogue: which Graph resources there are, and how each is read.
//!
//! Resources are rows, not code: a new one is a new file `catalogue/<resource>.json`, which the binary embeds, or a file
//! `resource.json` in the folder of its function, which may also take the place of an embedded one. Permissions are in
//! `catalogue/permissions.json`. `catalogue/README.md` has their format. Knows neither Graph's wire nor the store.

use std::path::Path;
use std::sync::{Arc, LazyLock, OnceLock};
use std::{fs, io};

mod chosen;
mod described;
mod fields;
mod parents;
mod permission;
mod read;
mod resource;
mod words;

pub use chosen::{Chosen, Who};
pub use described::{Range, Relationship, Subscribed, Window};
pub use permission::Permission;
pub use resource::Resource;
pub use words::{Cloud, Mode, Operators, PageSizeBy, Removal, Status, Updates, Word, Write};

/// How the folders of the functions are called that mirror a resource.
pub const PREFIX: &str = "sync_";

/// The files in `catalogue/`: name and text, as `build.rs` found them.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));

/// What [`load`] has read.
static LOADED: OnceLock<Resources> = OnceLock::new();

static EMBEDDED: LazyLock<Result<Resources, Vec<String>>> =
    LazyLock::new(|| read::resources(&embedded_files()));

/// Resources, in the order in which they are listed: those whose links lead to other resources come last, so that
/// objects are copied before the links to them.
pub type Resources = Vec<Arc<Resource>>;

/// A file with a row, or with the permissions.
#[derive(Debug)]
struct File {
    /// Its path, as faults name it.
    path: String,
    /// The name of the resource.
    name: String,
    text: String,
    /// It is in the folder of a function.
    is_own: bool,
    /// The text of the embedded row of this name, which it may change key by key.
    changes: Option<String>,
}

/// The resources that the binary embeds.
///
/// # Errors
/// All that is wrong with the files, a line each, with file, key and the allowed values.
pub fn embedded() -> Result<&'static Resources, &'static [String]> {
    EMBEDDED.as_ref().map_err(Vec::as_slice)
}

/// Reads the rows, those in a folder of functions too, once and before anything asks for one.
///
/// # Errors
/// As [`with_functions`].
pub fn load(functions: Option<&Path>) -> Result<(), Vec<String>> {
    let read = match functions {
        Some(folder) => with_functions(folder)?,
        None => embedded().map_err(<[String]>::to_vec)?.clone(),
    };
    // Whoever was first has read the same files.
    let _ = LOADED.set(read);
    Ok(())
}

/// The resources that [`load`] has read, else those that the binary embeds; none where these are unsound, which ends the
/// binary before anything else is done.
pub fn resources() -> &'static [Arc<Resource>] {
    LOADED.get().or_else(|| embedded().ok()).map(Vec::as_slice).unwrap_or_default()
}

/// The embedded resources, and those of each `sync_<resource>/resource.json` in a folder of functions. Such a file takes the
/// place of the embedded row of the same name; without a `path`, it changes that row key by key.
///
/// # Errors
/// As [`embedded`]; a file that is there and cannot be read is a fault too.
pub fn with_functions(folder: &Path) -> Result<Resources, Vec<String>> {
    let (mut files, mut faults) = (embedded_files(), Vec::new());
    // A folder that is not there has no functions; whoever needs one names it.
    for name in resource_folders(folder).unwrap_or_default() {
        let Some(resource) = name.strip_prefix(PREFIX) else { continue };
        let path = folder.join(&name).join("resource.json");
        let shown = path.display().to_string();
        match fs::read_to_string(&path) {
            Ok(_) if resource == read::PERMISSIONS => {
                faults.push(format!("{shown}: {resource:?} is not allowed; allowed: the name of a resource"));
            }
            Ok(text) => {
                let embedded = files.iter().position(|file| file.name == resource);
                let changes = embedded.map(|place| files.swap_remove(place).text);
                files.push(File { path: shown, name: resource.to_owned(), text, is_own: true, changes });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => faults.push(format!("{shown}: {error}; allowed: a readable file")),
        }
    }
    let read = read::resources(&files);
    faults
        .extend(read.iter().flatten().filter(|row| row.is_own && row.is_delegated()).filter_map(takes_place));
    match faults.is_empty() {
        true => read,
        false => Err([faults, read.err().unwrap_or_default()].concat()),
    }
}

/// What is wrong with a row that is read as a person, and has the name of an embedded one: their views would share a
/// container.
fn takes_place(row: &Arc<Resource>) -> Option<String> {
    let is_embedded = FILES.iter().any(|(name, _)| *name == row.name);
    let allowed = "allowed: for a feed that is read as a person, a name that the catalogue does not have";
    is_embedded.then(|| format!("{}: {:?} is not allowed; {allowed}", row.file, row.name))
}

/// The folders that the host takes for functions: those with a `function.json`.
///
/// # Errors
/// The folder cannot be read.
pub fn function_names(folder: &Path) -> io::Result<Vec<String>> {
    folders(folder, &["function.json"])
}

/// The folders that may stand for a resource: one with a `resource.json` and no `function.json` has no timer, and its
/// resource is read when somebody asks for it.
///
/// # Errors
/// As [`function_names`].
pub fn resource_folders(folder: &Path) -> io::Result<Vec<String>> {
    folders(folder, &["function.json", "resource.json"])
}

/// The folders with one of these files, by name.
fn folders(folder: &Path, files: &[&str]) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if files.iter().any(|file| entry.path().join(file).is_file()) {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn embedded_files() -> Vec<File> {
    let file = |(name, text): &(&str, &str)| File {
        path: format!("catalogue/{name}.json"),
        name: (*name).to_owned(),
        text: (*text).to_owned(),
        is_own: false,
        changes: None,
    };
    FILES.iter().map(file).collect()
}

#[cfg(test)]
mod tests;
