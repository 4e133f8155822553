//! Bicep files as far as they say something without being evaluated: declarations, and the values in them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tree_sitter::{Node, Parser};

/// One file.
pub struct File {
    /// Its path below `infra/`.
    pub path: String,
    /// What it says.
    pub text: String,
    /// Resources and modules, also those inside others.
    pub declared: Vec<Declared>,
    /// Parameters, with their default values.
    pub parameters: BTreeMap<String, Option<Value>>,
    /// Variables.
    pub variables: BTreeMap<String, Value>,
    /// Names of the outputs.
    pub outputs: Vec<String>,
    /// Names that expressions use.
    pub used: Vec<String>,
    /// Names that loops and lambdas bring along.
    pub bound: Vec<String>,
    /// What is asked of the outputs of modules: module and output.
    pub asked: Vec<(String, String)>,
    /// Places that are no Bicep.
    pub errors: Vec<String>,
}

/// A resource or a module.
pub struct Declared {
    /// By what the file knows it.
    pub symbol: String,
    /// `<type>@<version>` of a resource, with the types of those around it; the path of a module.
    pub what: String,
    /// It is a module.
    pub is_module: bool,
    /// Its body; of a loop, that of each.
    pub body: Value,
}

/// A value, as far as it stands there.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A string, interpolations as they are written.
    Text(String),
    /// An object.
    Object(BTreeMap<String, Value>),
    /// A list.
    List(Vec<Value>),
    /// Any other expression, as it is written.
    Code(String),
}

impl Value {
    /// What is at a path of property names, joined by dots.
    pub fn at(&self, path: &str) -> Option<&Value> {
        path.split('.').try_fold(self, |value, name| match value {
            Value::Object(properties) => properties.get(name),
            _ => None,
        })
    }

    /// What is there, as text: of strings and of code.
    pub fn says(&self, path: &str) -> Option<&str> {
        match self.at(path)? {
            Value::Text(text) | Value::Code(text) => Some(text),
            _ => None,
        }
    }

    /// The names of its properties.
    pub fn names(&self) -> Vec<&str> {
        match self {
            Value::Object(properties) => properties.keys().map(String::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

/// All files below a folder.
pub fn read(folder: &Path) -> Vec<File> {
    let mut paths = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "bicep") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    let name = |path: &Path| path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
    paths.iter().map(|path| parse(name(path), &fs::read_to_string(path).unwrap())).collect()
}

/// One file from its text.
pub fn parse(path: String, text: &str) -> File {
    // The grammar does not have `extension` yet.
    let known = |line: &str| if line.starts_with("extension ") { "" } else { line }.to_owned();
    let text: String = text.lines().map(|line| known(line) + "\n").collect();
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_bicep::LANGUAGE.into()).unwrap();
    let tree = parser.parse(&text, None).unwrap();
    let mut file = File {
        path,
        text,
        declared: Vec::new(),
        parameters: BTreeMap::new(),
        variables: BTreeMap::new(),
        outputs: Vec::new(),
        used: Vec::new(),
        bound: Vec::new(),
        asked: Vec::new(),
        errors: Vec::new(),
    };
    file.walk(tree.root_node(), "");
    // A missing bracket is no node with a name.
    if tree.root_node().has_error() && file.errors.is_empty() {
        file.errors.push(format!("{}: something is missing", file.path));
    }
    file
}

fn children<'a>(node: Node<'a>) -> Vec<Node<'a>> {
    (0..node.named_child_count()).filter_map(|index| node.named_child(index as u32)).collect()
}

fn is_type(node: Node) -> bool {
    node.kind().ends_with("type")
}

impl File {
    /// What a node says.
    fn source(&self, node: Node) -> String {
        self.text[node.byte_range()].to_owned()
    }

    fn walk(&mut self, node: Node, around: &str) {
        if node.is_error() || node.is_missing() {
            self.errors.push(format!("{}:{}", self.path, node.start_position().row + 1));
        }
        let parts = children(node);
        let mut inside = around.to_owned();
        match node.kind() {
            "resource_declaration" | "module_declaration" => inside = self.declare(node, around),
            "parameter_declaration" => {
                let default =
                    parts.iter().skip(1).find(|part| !is_type(**part)).map(|part| self.value(*part));
                self.parameters.insert(self.source(parts[0]), default);
            }
            "variable_declaration" => {
                let value = self.value(parts[1]);
                self.variables.insert(self.source(parts[0]), value);
            }
            "output_declaration" => self.outputs.push(self.source(parts[0])),
            "lambda_expression" | "loop_variable" | "loop_enumerator" | "for_statement" => self.bind(node),
            "member_expression" => self.ask(node),
            "identifier" if is_used(node) => self.used.push(self.source(node)),
            _ => {}
        }
        for part in parts {
            self.walk(part, &inside);
        }
    }

    fn declare(&mut self, node: Node, around: &str) -> String {
        let parts = children(node);
        let text = |kind: &str| parts.iter().find(|part| part.kind() == kind).copied();
        let what = text("string").map(|node| self.string(node)).unwrap_or_default();
        let what = match what.split_once('@') {
            _ if around.is_empty() => what,
            Some(_) => what,
            // A child inside its parent goes by its last name, and its parent's version.
            None => around.replace('@', &format!("/{what}@")),
        };
        let body = parts.last().map_or(Value::Code(String::new()), |body| self.value(*body));
        self.declared.push(Declared {
            symbol: text("identifier").map(|node| self.source(node)).unwrap_or_default(),
            what: what.clone(),
            is_module: node.kind() == "module_declaration",
            body,
        });
        what
    }

    /// The names that a loop or a lambda brings along.
    fn bind(&mut self, node: Node) {
        let name = match node.kind() {
            "lambda_expression" => node.named_child(0),
            "for_statement" => node.child_by_field_name("initializer"),
            _ => Some(node),
        };
        self.bound.extend(name.map(|name| self.source(name)));
    }

    /// `<module>.outputs.<name>`, with or without `!`.
    fn ask(&mut self, node: Node) {
        let text = self.source(node);
        if let [module, "outputs", output] = text.split('.').collect::<Vec<_>>()[..] {
            self.asked.push((module.trim_end_matches('!').to_owned(), output.to_owned()));
        }
    }

    fn value(&self, node: Node) -> Value {
        match node.kind() {
            "string" => Value::Text(self.string(node)),
            "object" => Value::Object(self.properties(node)),
            "array" => Value::List(children(node).into_iter().map(|item| self.value(item)).collect()),
            "if_statement" | "for_statement" => {
                children(node).last().map_or(Value::Code(String::new()), |body| self.value(*body))
            }
            _ => Value::Code(self.source(node)),
        }
    }

    fn properties(&self, object: Node) -> BTreeMap<String, Value> {
        let properties = children(object).into_iter().filter(|child| child.kind() == "object_property");
        let pair = |property: Node| {
            let parts = children(property);
            let (name, value) = (parts.first()?, parts.get(1)?);
            let name = if name.kind() == "string" { self.string(*name) } else { self.source(*name) };
            Some((name, self.value(*value)))
        };
        properties.filter_map(pair).collect()
    }

    /// A string without its quotes; a quote in it is written `\'`.
    fn string(&self, node: Node) -> String {
        self.source(node).trim_matches('\'').replace("\\'", "'")
    }
}

/// An identifier in an expression, and neither a declaration's nor a property's name.
fn is_used(node: Node) -> bool {
    let Some(parent) = node.parent() else { return false };
    let is_first = parent.named_child(0) == Some(node);
    match parent.kind() {
        "parameter_declaration" | "variable_declaration" | "output_declaration" | "lambda_expression" => {
            !is_first
        }
        "resource_declaration" | "module_declaration" => false,
        "object_property" => !is_first,
        "call_expression" => parent.child_by_field_name("function") != Some(node),
        kind => !kind.ends_with("type") && kind != "compatible_identifier" && kind != "decorator",
    }
}
