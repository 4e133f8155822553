//! What a resource costs, in words and rough numbers: the figures of `docs/cost.md`. Pure.

use crate::app::{Mode, Resource};

/// Request units for writing the document of an object.
pub const WRITE: f64 = 10.0;
/// Request units for reading one by its id.
pub const READ: f64 = 1.3;
/// Request units for writing a link.
pub const LINK: f64 = 8.0;
/// Request units of a turn that finds nothing, and takes no lease.
pub const QUIET: f64 = 13.0;
/// Request units of a turn with the lease, besides what it reads and writes of the copy.
pub const TURN: f64 = 60.0;

/// A sentence for each thing that costs something.
pub fn sentences(row: &Resource) -> Vec<String> {
    let page = match row.page_size {
        Some(size) => format!("one request for each page of {size}"),
        None => "one request for each page".to_owned(),
    };
    let link =
        if row.relationships.is_empty() { String::new() } else { format!(", {LINK} more for each link") };
    let mut all =
        vec![format!("The first copy takes {page}, and {WRITE} request units for each object{link}.")];
    all.extend(match row.mode {
        Mode::Delta => vec![
            format!("A turn that finds nothing takes one request and {QUIET} request units, any other {TURN} besides its changes."),
            format!("A changed object takes {:.1} request units: it is read and written{link}.", WRITE + READ),
        ],
        Mode::List if row.single => vec![format!("A turn takes one request and {TURN} request units.")],
        Mode::List => vec![
            format!("A turn takes {page} and {TURN} request units, and a query over the copy of each page (some 3)."),
            format!("A changed object takes {WRITE} request units, an unchanged one is not written."),
        ],
        Mode::Window => vec![
            format!("A turn takes {page} of what is new, the overlap included, and {TURN} request units."),
            format!("A new or changed object takes {WRITE} request units."),
        ],
    });
    if let Some(parent) = row.parents().last().filter(|_| !row.is_delegated()) {
        all.push(format!(
            "All of this is due for each object of {parent}: each has a feed and a checkpoint of its own."
        ));
    }
    all.push("docs/cost.md has the formulas.".to_owned());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_are_those_of_the_page() {
        let page = include_str!("../../../docs/cost.md");
        for (letter, figure) in [("W", WRITE), ("R", READ), ("L", LINK), ("Q", QUIET), ("T", TURN)] {
            let row = page.lines().find(|line| line.starts_with(&format!("| *{letter}*"))).unwrap();
            assert!(row.contains(&format!(" | {figure} | ")), "{row}");
        }
    }
}
