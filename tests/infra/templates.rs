//! The templates as a compiler would read them, as far as that goes without one.

use std::collections::BTreeSet;

use crate::{files, root};

#[test]
fn every_file_is_bicep() {
    for file in files() {
        assert!(file.errors.is_empty(), "{:?}", file.errors);
        let declares = !file.declared.is_empty();
        assert!(declares, "{} declares nothing", file.path);
    }
}

#[test]
fn what_is_no_bicep_is_noticed() {
    for text in [
        "resource a 'b@1' = {\n  name: ]\n}\n",
        "resource a 'b@1' = {\n  name: f(1\n}\n",
        "@minValue(1\nparam a int\n",
    ] {
        assert!(!crate::bicep::parse("x".into(), text).errors.is_empty(), "{text}");
    }
}

#[test]
fn every_name_is_declared_and_every_parameter_is_used() {
    for file in files() {
        let mut known: BTreeSet<&str> = file.declared.iter().map(|one| one.symbol.as_str()).collect();
        known.extend(file.parameters.keys().map(String::as_str));
        known.extend(file.variables.keys().map(String::as_str));
        known.extend(file.bound.iter().map(String::as_str));
        for used in &file.used {
            assert!(known.contains(used.as_str()), "{}: {used} is not declared", file.path);
        }
        let used: BTreeSet<&str> = file.used.iter().map(String::as_str).collect();
        for name in file.parameters.keys().chain(file.variables.keys()) {
            assert!(used.contains(name.as_str()), "{}: {name} is not used", file.path);
        }
    }
}

#[test]
fn modules_get_exactly_what_they_take_and_are_asked_for_what_they_give() {
    let files = files();
    for file in &files {
        let folder = std::path::Path::new(&file.path).parent().unwrap();
        let modules = file.declared.iter().filter(|one| one.is_module);
        for module in modules {
            let path = folder.join(&module.what);
            let Some(target) = files.iter().find(|file| std::path::Path::new(&file.path) == path) else {
                panic!("{}: no module {}", file.path, module.what);
            };
            let given: BTreeSet<&str> = module.body.at("params").unwrap().names().into_iter().collect();
            for (name, default) in &target.parameters {
                assert!(default.is_some() || given.contains(name.as_str()), "{}: needs {name}", module.what);
            }
            for name in given {
                assert!(target.parameters.contains_key(name), "{}: takes no {name}", module.what);
            }
            let asked = file.asked.iter().filter(|(of, _)| *of == module.symbol);
            for (_, output) in asked {
                assert!(target.outputs.contains(output), "{}: gives no {output}", module.what);
            }
        }
    }
}

#[test]
fn what_is_loaded_is_there() {
    for file in files() {
        let folder = root().join("infra").join(&file.path);
        for load in ["loadJsonContent('", "loadTextContent('"] {
            for path in file.text.split(load).skip(1).map(|rest| rest.split('\'').next().unwrap()) {
                assert!(folder.parent().unwrap().join(path).is_file(), "{}: no {path}", file.path);
            }
        }
    }
}
