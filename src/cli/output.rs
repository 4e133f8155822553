//! What every command says, and where: data on stdout, everything else on stderr, and an exit code that a
//! script can branch on. The only place that prints.
//!
//! When the reader of stdout goes away (`| head`), the command ends at once and says nothing, with the exit code
//! that a shell gives to a process which ended by SIGPIPE. Rust's own macros would panic.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::ValueEnum;
use serde::Serialize;
use serde_json::json;

/// How data is written on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// One JSON object per line.
    Json,
    /// Lines for people.
    Table,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All is as asked.
    Done,
    /// Nothing came of it.
    Failed,
    /// Wrong usage; clap says so itself where it can.
    Usage,
    /// Some of it, or done with something to look at.
    Partial,
    /// `EX_CONFIG` of sysexits.h.
    WrongSettings,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Partial => 3,
            Exit::WrongSettings => 78,
        })
    }
}

/// What a shell reports for a process that SIGPIPE ended: 128 and the number of the signal.
const READER_GONE: i32 = 141;

/// One line of data.
pub fn print(line: impl Display) {
    print_bytes(format!("{line}\n").as_bytes());
}

/// Data as it is, in one piece; no line end is added.
pub fn print_bytes(data: &[u8]) {
    let mut stdout = io::stdout().lock();
    let Err(error) = stdout.write_all(data).and_then(|()| stdout.flush()) else { return };
    if error.kind() == io::ErrorKind::BrokenPipe {
        std::process::exit(READER_GONE);
    }
    // A full disk, for instance: what was printed so far is incomplete, so no exit code may say "done".
    complain(format_args!("stdout cannot be written: {error}"));
    std::process::exit(1);
}

/// One JSON object of data.
pub fn print_json(object: &impl Serialize) {
    // Only a map with keys that are no strings, or a number that is none, can fail here; neither is ours.
    print(serde_json::to_string(object).unwrap_or_default());
}

/// One line for the person at the terminal. It is lost where stderr is closed: there is no other place for it.
pub fn complain(line: impl Display) {
    let _ = io::stderr().lock().write_all(format!("{line}\n").as_bytes());
}

/// Says why nothing came of it: a line for people, and one object where objects are expected.
pub fn fail(resource: Option<&str>, error: &impl Display, output: Output) -> Exit {
    if output == Output::Json {
        let mut failed = json!({ "outcome": "failed", "error": error.to_string() });
        if let Some(resource) = resource {
            failed["resource"] = resource.into();
        }
        print_json(&failed);
    }
    complain(error);
    Exit::Failed
}

/// Rows below their headings, each column as wide as its widest cell.
pub fn print_table<const COLUMNS: usize>(
    headings: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) {
    let mut lines = vec![headings.map(str::to_owned)];
    lines.extend(rows);
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    for line in &lines {
        let cells: Vec<_> = line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        print(cells.join("  ").trim_end());
    }
}
