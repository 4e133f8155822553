//! Adds a resource to a folder of functions: its `function.json`, and what the infrastructure has to know.
//!
//! Promises: it changes nothing that is there but `infra/resources.json`, and refuses before it writes. Leaves out on
//! purpose: containers and permissions, which the infrastructure or a person makes.

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::deployment::{self, DeploymentError};
use crate::catalogue::{Mode, PREFIX, Resource, Status, function_names};

mod choice;

pub use choice::Choice;

/// What was done.
#[derive(Debug)]
pub struct Added {
    /// The function that was written.
    pub function: PathBuf,
    /// Its schedule.
    pub schedule: String,
    /// The description of the infrastructure that follows, if there is one.
    pub infra: Option<PathBuf>,
    /// Parents of the resource that have no function in the folder.
    pub parents: Vec<String>,
}

/// A resource that is not added.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// The folder cannot be read.
    #[error("{}: {source}; name the folder of the functions with --functions", .folder.display())]
    NoFolder {
        /// The folder.
        folder: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The function is there.
    #[error("{}: is there already; change its schedule there, or remove the folder first", .0.display())]
    Exists(PathBuf),
    /// The row rests on something that is not documented.
    #[error("{resource} is unverified, and is added with --unverified only. What is not certain:\n  {}", .quirks.join("\n  "))]
    Unverified {
        /// The resource.
        resource: String,
        /// What its row says.
        quirks: Vec<String>,
    },
    /// The parents have to be chosen.
    #[error(
        "{resource} lies in every one of {parent}: choose with --group <id> (the members of a group), --ids <id>,<id>… or \
         --all"
    )]
    NothingChosen {
        /// The resource.
        resource: String,
        /// Its outermost parents.
        parent: String,
    },
    /// There are no parents to choose.
    #[error("{0} has no parents to choose: leave out --group, --ids and --all")]
    NoParents(String),
    /// No NCRONTAB expression.
    #[error("{0:?} is no schedule: an NCRONTAB expression has six fields, such as \"0 */5 * * * *\"")]
    BadSchedule(String),
    /// A file cannot be written.
    #[error("{}: {source}", .path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The function is written, and the infrastructure does not follow.
    #[error("{}: is written, but {} does not follow: {source}", .function.display(), .infra.display())]
    Infra {
        /// The function.
        function: PathBuf,
        /// The description of the infrastructure.
        infra: PathBuf,
        /// The reason.
        source: DeploymentError,
    },
}

/// What the person who adds a resource decides.
#[derive(Debug, Default)]
pub struct Wishes<'a> {
    /// An NCRONTAB expression.
    pub schedule: Option<&'a str>,
    /// The resource may rest on something that is not documented.
    pub takes_unverified: bool,
    /// The parents whose objects are copied.
    pub parents: Option<Choice>,
}

/// Adds a resource to a folder of functions.
///
/// # Errors
/// [`AddError`]; nothing is written unless it is [`AddError::Infra`] or [`AddError::Unwritable`].
pub fn add(row: &Resource, functions: &Path, wishes: &Wishes<'_>) -> Result<Added, AddError> {
    let names = function_names(functions)
        .map_err(|source| AddError::NoFolder { folder: functions.to_owned(), source })?;
    let folder = functions.join(format!("{PREFIX}{}", row.name));
    let function = folder.join("function.json");
    if function.exists() {
        return Err(AddError::Exists(function));
    }
    if row.status == Status::Unverified && !wishes.takes_unverified {
        return Err(AddError::Unverified { resource: row.name.clone(), quirks: row.quirks.clone() });
    }
    let choice = choice::choice(row, wishes.parents.as_ref())?;
    let schedule = wishes.schedule.map_or_else(|| usual_schedule(row), str::to_owned);
    if !is_schedule(&schedule) {
        return Err(AddError::BadSchedule(schedule));
    }
    fs::create_dir_all(&folder).map_err(unwritable(&folder))?;
    fs::write(&function, text(&schedule)).map_err(unwritable(&function))?;
    if let Some(choice) = choice {
        let own = folder.join("resource.json");
        fs::write(&own, choice).map_err(unwritable(&own))?;
    }
    let infra =
        functions.canonicalize().ok().and_then(|path| Some(path.parent()?.join("infra/resources.json")));
    let infra = infra.filter(|file| file.is_file());
    if let Some(infra) = &infra {
        let failed = |source| AddError::Infra { function: function.clone(), infra: infra.clone(), source };
        let needs = deployment::deployment(functions).map_err(failed)?;
        let text = serde_json::to_string_pretty(&needs).unwrap_or_default() + "\n";
        fs::write(infra, text).map_err(unwritable(infra))?;
    }
    let is_missing = |parent: &&String| !names.contains(&format!("{PREFIX}{parent}"));
    let parents = row.parents().iter().filter(|_| !row.is_delegated()).filter(is_missing).cloned().collect();
    Ok(Added { function, schedule, infra, parents })
}

fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> AddError {
    move |source| AddError::Unwritable { path: path.to_owned(), source }
}

/// Every five minutes where Graph tells what changed, else every hour. The second, and the minute of the hour, follow
/// from the name, so that not all timers fire at once and each keeps its own.
fn usual_schedule(row: &Resource) -> String {
    let hash = row.name.bytes().fold(0_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
    let (second, minute) = (hash % 60, hash / 60 % 60);
    match row.mode {
        Mode::Delta => format!("{second} */5 * * * *"),
        Mode::List | Mode::Window => format!("{second} {minute} * * * *"),
    }
}

/// Six fields of numbers, names of days or months, and what joins them.
fn is_schedule(text: &str) -> bool {
    let is_field =
        |field: &str| field.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"*/,-".contains(&byte));
    let starts = |field: &str| field.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '*');
    let fields: Vec<_> = text.split_whitespace().collect();
    fields.len() == 6 && fields.iter().all(|field| is_field(field) && starts(field))
}

/// The function, as those that come with graph-mirror.
fn text(schedule: &str) -> String {
    format!(
        r#"{{
  "bindings": [
    {{
      "type": "timerTrigger",
      "direction": "in",
      "name": "timer",
      "schedule": "{schedule}"
    }},
    {{
      "type": "queue",
      "direction": "out",
      "name": "work",
      "queueName": "graph-mirror-work",
      "connection": "AzureWebJobsStorage"
    }}
  ],
  "retry": {{
    "strategy": "fixedDelay",
    "maxRetryCount": 3,
    "delayInterval": "00:00:30"
  }}
}}
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_function_is_that_of_the_users() {
        let users = include_str!("../../functions/sync_users/function.json");
        assert_eq!(text("0 */5 * * * *"), users);
    }

    #[test]
    fn a_schedule_has_six_fields() {
        for schedule in ["0 */5 * * * *", "30 0 9-17 * * MON-FRI", "0 0,30 * 1 JAN 0", "5 5 5 5 5 5"] {
            assert!(is_schedule(schedule), "{schedule}");
        }
        for schedule in [
            "*/5 * * * *",
            "0 */5 * * * * *",
            "",
            "0 */5 * * * \"",
            "every five minutes or so ?",
            "-1 * * * * *",
        ] {
            assert!(!is_schedule(schedule), "{schedule}");
        }
    }

    #[test]
    fn timers_are_spread_over_the_minute() {
        let of = |name: &str| {
            let found = crate::catalogue::resources().iter().find(|row| row.name == name).unwrap();
            usual_schedule(found)
        };
        assert_eq!(of("applications"), of("applications"));
        assert!(of("applications").ends_with(" */5 * * * *") && of("domains").ends_with(" * * * *"));
        let all: std::collections::BTreeSet<_> =
            ["applications", "servicePrincipals", "sites", "orgContacts"].map(of).into_iter().collect();
        assert_eq!(all.len(), 4, "{all:?}");
        for row in crate::catalogue::resources() {
            assert!(is_schedule(&usual_schedule(row)), "{}", row.name);
        }
    }
}
