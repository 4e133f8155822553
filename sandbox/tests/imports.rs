//! No files of the sandbox import each other, neither two nor a longer circle: whoever reads one of them reads downwards.
//!
//! An import through the re-export of a module root counts as one of the file behind it; re-exporting itself is no import,
//! since that is how a folder shows what it has. Left out: paths in expressions, and tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The modules of the crate by their path, such as `["host", "timer"]`, with their imports.
type Modules = BTreeMap<Vec<String>, Vec<Import>>;

/// One imported name, from the root of the crate on.
#[derive(Clone, Debug, PartialEq)]
struct Import {
    path: Vec<String>,
    is_shown: bool,
}

fn words(path: &str) -> Vec<String> {
    path.split("::").map(|word| word.trim().to_owned()).collect()
}

fn modules(folder: &Path, at: &[String], found: &mut Modules) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let module = [at, std::slice::from_ref(&name)].concat();
        if path.is_dir() && !["tests", "bin"].contains(&name.as_str()) {
            modules(&path, &module, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !name.ends_with("tests") {
            let module = if ["mod", "lib"].contains(&name.as_str()) { at.to_vec() } else { module };
            let imports = imports(&fs::read_to_string(&path).unwrap(), &module);
            found.entry(module).or_default().extend(imports);
        }
    }
}

/// The imports of a file, those of its tests left out.
fn imports(text: &str, module: &[String]) -> Vec<Import> {
    let code: Vec<_> = text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let code = format!("\n{}", code.join("\n"));
    let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let mut all = Vec::new();
    for statement in code.split(';') {
        let shown = statement.rfind("\npub").filter(|at| statement[*at..].contains(" use "));
        let Some(at) = statement.rfind("\nuse ").or(shown) else { continue };
        let tree = statement[at..].split_once("use ").map_or("", |(_, tree)| tree);
        for path in leaves(tree.trim()) {
            all.extend(rooted(&words(&path), module).map(|path| Import { path, is_shown: shown.is_some() }));
        }
    }
    all
}

/// `a::{b, c::{d, e}}` is `a::b`, `a::c::d` and `a::c::e`.
fn leaves(tree: &str) -> Vec<String> {
    let Some((head, rest)) = tree.split_once('{') else {
        return vec![tree.split(" as ").next().unwrap_or_default().trim().to_owned()];
    };
    let inside = rest.strip_suffix('}').unwrap_or(rest);
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for letter in inside.chars() {
        depth += i32::from(letter == '{') - i32::from(letter == '}');
        match letter {
            ',' if depth == 0 => parts.push(String::new()),
            letter => parts.last_mut().unwrap().push(letter),
        }
    }
    let parts = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty());
    parts.flat_map(leaves).map(|leaf| format!("{}{leaf}", head.trim())).collect()
}

/// A path from the root of the crate on. A path that begins with a name may be one of a child module.
fn rooted(path: &[String], module: &[String]) -> Option<Vec<String>> {
    let climbs = path.iter().take_while(|word| *word == "super").count();
    match path.first()?.as_str() {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some([module, &path[1..]].concat()),
        "super" => Some([&module[..module.len().checked_sub(climbs)?], &path[climbs..]].concat()),
        _ => Some([module, path].concat()),
    }
}

/// The module that a path leads to, through as many re-exports as it takes.
fn target(all: &Modules, path: &[String], steps: usize) -> Option<Vec<String>> {
    let known = (0..=path.len()).rev().map(|length| &path[..length]).find(|path| all.contains_key(*path))?;
    let name = path.get(known.len());
    let shown = all[known].iter().find(|import| import.is_shown && import.path.last() == name);
    match shown.filter(|_| steps > 0) {
        Some(import) => target(all, &[&import.path, &path[known.len() + 1..]].concat(), steps - 1),
        None => Some(known.to_vec()),
    }
}

/// The modules that can be reached from one by its imports.
fn reached(edges: &BTreeMap<Vec<String>, BTreeSet<Vec<String>>>, from: &[String]) -> BTreeSet<Vec<String>> {
    let (mut found, mut open) = (BTreeSet::new(), vec![from.to_vec()]);
    while let Some(module) = open.pop() {
        for next in edges.get(&module).into_iter().flatten() {
            if found.insert(next.clone()) {
                open.push(next.clone());
            }
        }
    }
    found
}

/// Every module that imports itself over others.
fn circles(all: &Modules) -> Vec<String> {
    let mut edges = BTreeMap::new();
    for (module, imports) in all {
        let own = imports.iter().filter(|import| !import.is_shown);
        let targets = own.filter_map(|import| target(all, &import.path, 9)).filter(|target| target != module);
        edges.insert(module.clone(), targets.collect::<BTreeSet<_>>());
    }
    let circles = edges.keys().filter(|module| reached(&edges, module).contains(*module));
    circles.map(|module| module.join("::")).collect()
}

#[test]
fn no_files_import_each_other() {
    let mut all = Modules::new();
    modules(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &[], &mut all);
    assert!(all.len() > 100 && all.values().flatten().count() > 500, "{} files", all.len());
    assert_eq!(circles(&all), [""; 0]);
}

#[test]
fn a_circle_is_found_also_over_a_re_export() {
    let module = |name: &str, text: &str| (words(name), imports(text, &words(name)));
    let root = (Vec::new(), imports("pub use b::Thing;\nmod b;", &[]));
    let a = module("a", "use std::fs;\nuse super::{\n    Thing as Other,\n    d::{self, D},\n};");
    let b = module("b", "use crate::c::C;\nfn f() {}");
    let all = |c: &str| Modules::from([root.clone(), a.clone(), b.clone(), module("c", c), module("d", "")]);
    assert_eq!(circles(&all("use super::a::A;")), ["a", "b", "c"]);
    assert_eq!(circles(&all("// use super::a::A;\n#[cfg(test)]\nmod tests {\nuse super::a::A;\n}")), [""; 0]);
}
