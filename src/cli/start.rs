//! What the commands that work on a copy begin with: the log, the settings, the app.

use serde_json::json;

use super::output::{Exit, Output, complain, print_json};
use super::screen::Screen;
use crate::app::{self, App};
use crate::credentials::Show;
use crate::settings::{ForGraph, Settings, environment};
use crate::telemetry;

/// The settings; all that is wrong with them is told at once. The log goes above the screen's bar.
///
/// # Errors
/// [`Exit::WrongSettings`].
pub fn settings(screen: &Screen, output: Output) -> Result<Settings, Exit> {
    telemetry::cli(screen.above());
    let settings = app::checked(Settings::for_command(environment));
    let mut settings = settings.map_err(|problems| wrong_settings(problems.lines(), output))?;
    settings.identity.graph = settings.identity.graph.showing(person(screen));
    Ok(settings)
}

/// The settings of a command that asks Graph and no copy: it needs none of Cosmos' settings.
///
/// # Errors
/// As [`settings`].
pub fn for_graph(screen: &Screen, output: Output) -> Result<ForGraph, Exit> {
    telemetry::cli(screen.above());
    let settings = Settings::for_graph(environment);
    let mut settings = settings.map_err(|problems| wrong_settings(problems.lines(), output))?;
    settings.credential = settings.credential.showing(person(screen));
    Ok(settings)
}

/// What a person who signs in has to see, on stderr: above the screen's bar.
fn person(screen: &Screen) -> Show {
    let screen = screen.clone();
    Show::new(move |prompt| screen.say(prompt))
}

/// Runs a command that is soon done, and shows no bar, with the app; wrong settings end it.
pub fn with_app(output: Output, command: impl FnOnce(&App) -> Exit) -> Exit {
    match settings(&Screen::new(output), output) {
        Ok(settings) => command(&App::new(settings)),
        Err(exit) => exit,
    }
}

/// Tells what is wrong with the settings: a line each, and one object where objects are expected.
pub fn wrong_settings(problems: &[String], output: Output) -> Exit {
    if output == Output::Json {
        print_json(&json!({ "outcome": "failed", "error": "settings are wrong", "problems": problems }));
    }
    problems.iter().for_each(complain);
    Exit::WrongSettings
}
