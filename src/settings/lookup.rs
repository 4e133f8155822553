//! Reading single variables, and collecting what is wrong with them.

use std::fmt;
use std::ops::RangeInclusive;

use url::{Host, Url};

/// What is wrong with the settings: one line each, `NAME: what to do`. No value is quoted: it may be a secret that was
/// put into the wrong variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(Vec<String>);

impl Problems {
    /// The value, unless there are problems.
    pub(super) fn none_of<T>(lines: Vec<String>, value: T) -> Result<T, Self> {
        if lines.is_empty() { Ok(value) } else { Err(Self(lines)) }
    }

    /// The single problems, in the order in which they were found.
    pub fn lines(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "settings are wrong: {}", self.0.join("; "))
    }
}

impl std::error::Error for Problems {}

/// How references begin that App Service resolves before a process sees its settings.
const UNRESOLVED: [&str; 2] = ["@Microsoft.KeyVault(", "@Microsoft.AppConfiguration("];

type Lookup<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Reads variables one by one and goes on after a wrong one.
pub(super) struct Reader<'a> {
    lookup: Box<Lookup<'a>>,
    problems: Vec<String>,
}

impl<'a> Reader<'a> {
    pub fn new(lookup: impl Fn(&str) -> Option<String> + 'a) -> Self {
        Self { lookup: Box::new(lookup), problems: Vec::new() }
    }

    pub fn finish<T>(self, read: T) -> Result<T, Problems> {
        if self.problems.is_empty() { Ok(read) } else { Err(Problems(self.problems)) }
    }

    /// One problem for each variable: what follows from the first one is no news.
    pub fn problem(&mut self, name: &str, what: impl fmt::Display) {
        let start = format!("{name}: ");
        if !self.problems.iter().any(|known| known.starts_with(&start)) {
            self.problems.push(format!("{start}{what}"));
        }
    }

    /// The trimmed value; empty counts as unset. A reference that the platform could not resolve arrives as it is
    /// written, and would pass for a secret that anybody can guess
    /// (<https://learn.microsoft.com/azure/app-service/app-service-key-vault-references>).
    pub fn text(&mut self, name: &str) -> Option<String> {
        let value = (self.lookup)(name)?;
        let value = value.trim();
        if UNRESOLVED.iter().any(|reference| value.starts_with(reference)) {
            self.problem(
                name,
                "is a reference that the platform could not resolve; see that the identity of the app may read the \
                 secret, and that the secret is there",
            );
            return None;
        }
        (!value.is_empty()).then(|| value.to_owned())
    }

    pub fn number(&mut self, name: &str, default: f64, range: RangeInclusive<f64>) -> f64 {
        self.number_because(name, default, range, "")
    }

    /// A number whose range has a reason that whoever sets it should know.
    pub fn number_because(
        &mut self,
        name: &str,
        default: f64,
        range: RangeInclusive<f64>,
        reason: &str,
    ) -> f64 {
        let Some(text) = self.text(name) else {
            return default;
        };
        match text.parse::<f64>() {
            Ok(value) if range.contains(&value) => value,
            _ => {
                let (low, high) = (range.start(), range.end());
                self.problem(name, format!("is not a number from {low} to {high}{reason}"));
                default
            }
        }
    }

    /// `true` or `1`, `false` or `0`; unset is false.
    pub fn flag(&mut self, name: &str) -> bool {
        match self.text(name).as_deref() {
            None | Some("false" | "0") => false,
            Some("true" | "1") => true,
            Some(_) => {
                self.problem(name, "is neither true nor false");
                false
            }
        }
    }

    /// The value; when there is none, a problem that says what to set.
    pub fn required(&mut self, name: &str, what: &str) -> String {
        self.text(name).unwrap_or_else(|| {
            self.problem(name, format!("is not set; set it to {what}"));
            String::new()
        })
    }

    pub fn required_endpoint(&mut self, name: &str, example: &str) -> Url {
        match self.text(name) {
            Some(text) => self.endpoint(name, &text),
            None => {
                self.required(name, &format!("something like {example}"));
                placeholder()
            }
        }
    }

    /// https anywhere, http on loopback only.
    pub fn endpoint(&mut self, name: &str, text: &str) -> Url {
        match Url::parse(text) {
            Ok(url) if is_allowed(&url) => url,
            Ok(_) => {
                self.problem(name, "must be https (http is allowed on loopback only)");
                placeholder()
            }
            Err(error) => {
                self.problem(name, format!("is not a URL: {error}"));
                placeholder()
            }
        }
    }
}

fn is_allowed(url: &Url) -> bool {
    let plain = url.username().is_empty() && url.password().is_none() && url.has_host();
    plain
        && match url.scheme() {
            "https" => true,
            "http" => is_loopback(url),
            _ => false,
        }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Stands in for a wrong endpoint until all problems are collected; never used, since `finish` then errs.
fn placeholder() -> Url {
    Url::parse("https://unset.invalid/").expect("a constant URL parses")
}
