//! Functions that an app setting disables.

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
        [("AzureWebJobs_off_Disabled", "True"), ("AzureWebJobs.gone.Disabled", "1")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec()
    }

    #[test]
    fn a_function_is_disabled_with_dots_or_underscores() {
        assert!(is_disabled("off", &settings()) && is_disabled("gone", &settings()));
        assert!(!is_disabled("on", &settings()));
    }
}
