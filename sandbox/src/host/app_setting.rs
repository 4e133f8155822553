//! App settings where `function.json` refers to them.

use anyhow::{Context, Result};

/// Replaces every `%NAME%` by the app setting; an unset one is an error, as at the host's index time.
pub(super) fn resolve(text: &str, settings: &[(String, String)]) -> Result<String> {
    let mut parts = text.split('%');
    let mut resolved = parts.next().unwrap_or_default().to_owned();
    while let Some(name) = parts.next() {
        let rest = parts.next().with_context(|| format!("{text:?} has a % without its partner"))?;
        let value =
            find(name, settings).with_context(|| format!("the setting {name} of {text:?} is missing"))?;
        resolved += value;
        resolved += rest;
    }
    Ok(resolved)
}

/// `AzureWebJobs.<name>.Disabled`, or with underscores where setting names cannot have dots
/// (`HostListenerFactory`).
pub(super) fn is_disabled(function: &str, settings: &[(String, String)]) -> bool {
    [format!("AzureWebJobs.{function}.Disabled"), format!("AzureWebJobs_{function}_Disabled")]
        .iter()
        .filter_map(|key| find(key, settings))
        .any(|value| value == "1" || value.eq_ignore_ascii_case("true"))
}

fn find<'a>(name: &str, settings: &'a [(String, String)]) -> Option<&'a str> {
    settings.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Vec<(String, String)> {
        [("QUEUE", "work"), ("AzureWebJobs_off_Disabled", "True"), ("AzureWebJobs.gone.Disabled", "1")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec()
    }

    #[test]
    fn names_between_percents_are_replaced() {
        assert_eq!(resolve("a-%QUEUE%-%QUEUE%", &settings()).unwrap(), "a-work-work");
        assert_eq!(resolve("plain", &settings()).unwrap(), "plain");
        let error = resolve("%UNSET%", &settings()).unwrap_err();
        assert!(error.to_string().contains("UNSET"), "{error}");
        assert!(resolve("50%", &settings()).is_err());
    }

    #[test]
    fn both_spellings_disable() {
        assert!(is_disabled("off", &settings()) && is_disabled("gone", &settings()));
        assert!(!is_disabled("on", &settings()));
    }
}
