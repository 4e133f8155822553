//! A resource as an argument: only one of the catalogue is taken, and for any other name the answer tells those that
//! are like it. The catalogue is too long for a list in every help.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Arg, Command, Error};

use crate::app::{self, Feed};

/// Takes the name of a resource of the catalogue, followed by the ids of parents where it lies below others:
/// `messages/<user>/<folder>`.
#[derive(Debug, Clone, Copy)]
pub struct NamedFeed;

impl TypedValueParser for NamedFeed {
    type Value = Feed;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<Feed, Error> {
        let given = value.to_string_lossy();
        let name = given.split('/').next().unwrap_or_default();
        let name = Named.parse_ref(command, arg, OsStr::new(name))?;
        Feed::from_key(&given).ok_or_else(|| {
            let text = format!("{given:?} is no feed: one reads {name}/<id>, with the id of each parent\n");
            Error::raw(ErrorKind::InvalidValue, text).with_cmd(command)
        })
    }

    /// For the completions of a shell.
    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Named.possible_values()
    }
}

/// Takes the name of a resource of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Named;

impl TypedValueParser for Named {
    type Value = String;

    fn parse_ref(&self, command: &Command, _: Option<&Arg>, value: &OsStr) -> Result<String, Error> {
        let given = value.to_string_lossy();
        let mut names = app::resources().iter().map(|resource| &*resource.name);
        match names.any(|name| name == given) {
            true => Ok(given.into_owned()),
            false => {
                Err(Error::raw(ErrorKind::InvalidValue, format!("{}\n", app::unknown(&given)))
                    .with_cmd(command))
            }
        }
    }

    /// For the completions of a shell.
    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(app::resources().iter().map(|resource| PossibleValue::new(&*resource.name))))
    }
}
