//! What the commands that work on a copy begin with: the log, the settings, the app.

use clap::builder::PossibleValuesParser;
use serde_json::json;

use super::output::{Exit, Output, complain, print_json};
use crate::app::{self, App};
use crate::settings::{Settings, environment};
use crate::telemetry;

/// The settings; all that is wrong with them is told at once.
///
/// # Errors
/// [`Exit::WrongSettings`].
pub fn settings(output: Output) -> Result<Settings, Exit> {
    telemetry::cli();
    Settings::read(environment).map_err(|problems| wrong_settings(problems.lines(), output))
}

/// The app, as the environment says.
///
/// # Errors
/// As [`settings`].
pub fn app(output: Output) -> Result<App, Exit> {
    settings(output).map(App::new)
}

/// Tells what is wrong with the settings: a line each, and one object where objects are expected.
pub fn wrong_settings(problems: &[String], output: Output) -> Exit {
    if output == Output::Json {
        print_json(&json!({ "error": "settings are wrong", "problems": problems }));
    }
    problems.iter().for_each(complain);
    Exit::WrongSettings
}

/// A resource of the catalogue; another one is wrong usage, and the answer lists those that there are.
pub fn resource() -> PossibleValuesParser {
    PossibleValuesParser::new(app::resources())
}
