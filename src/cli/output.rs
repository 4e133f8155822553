//! What every command says, and where: data on stdout, everything else on stderr, and an exit code that a
//! script can branch on. The only place that prints.

use std::fmt::Display;
use std::process::ExitCode;

use clap::ValueEnum;
use serde::Serialize;

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

/// One line of data.
#[expect(clippy::print_stdout, reason = "data is for stdout")]
pub fn print(line: impl Display) {
    println!("{line}");
}

/// One JSON object of data.
pub fn print_json(object: &impl Serialize) {
    // Only a map with keys that are no strings, or a number that is none, can fail here; neither is ours.
    print(serde_json::to_string(object).unwrap_or_default());
}

/// One line for whoever looks on.
#[expect(clippy::print_stderr, reason = "what is no data is for the person at the terminal")]
pub fn complain(line: impl Display) {
    eprintln!("{line}");
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
