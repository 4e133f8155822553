//! All assumptions of `docs/assumptions.md`, each with the reason for which nothing may be said of it; pure.
//!
//! A test holds this table against the page.

/// It is asked, unless the run ends before.
const ASKED: &str = "not asked: the run ended before";
const DAYS: &str = "one look cannot show it: `graph-mirror verify` after days of running does";
const HOSTED: &str = "it cannot be seen from here: `scripts/prove-host.sh` or the first deployment shows it";

/// The number of each assumption, and what is said where nothing was seen.
pub(super) const ALL: [(&str, &str); 47] = [
    ("G-1", DAYS),
    ("G-2", ASKED),
    ("G-3", DAYS),
    ("G-4", ASKED),
    ("G-5", DAYS),
    ("G-6", ASKED),
    ("G-7", DAYS),
    ("G-8", "one look cannot show what a replica knew: a sweep of the first deployment does"),
    ("G-9", ASKED),
    ("G-10", DAYS),
    ("G-11", ASKED),
    ("G-12", ASKED),
    ("G-13", ASKED),
    ("G-14", ASKED),
    ("G-15", ASKED),
    ("G-16", ASKED),
    ("G-17", ASKED),
    ("G-18", ASKED),
    ("G-19", "nothing may be deleted in the tenant: the first deployment with drives shows it"),
    ("G-20", ASKED),
    ("G-21", "Graph calls the address only for a subscription: run it with --with-subscription"),
    ("G-22", "it needs a notification: the first deployment shows it in `graph-mirror status`"),
    ("E-1", ASKED),
    ("E-2", "it needs a grant and up to a day: `graph-mirror doctor` before and after shows it"),
    ("E-3", ASKED),
    ("E-4", ASKED),
    ("E-5", ASKED),
    ("C-1", ASKED),
    ("C-2", ASKED),
    ("C-3", ASKED),
    ("C-4", ASKED),
    ("C-5", DAYS),
    ("C-6", "it needs a write that arrives hours late, which nothing here can cause"),
    ("C-7", ASKED),
    ("C-8", "it needs an account that throttles: `graph-mirror verify` after a throttled run shows it"),
    ("C-9", ASKED),
    ("C-10", ASKED),
    ("C-11", ASKED),
    ("C-12", ASKED),
    ("H-1", HOSTED),
    ("H-2", HOSTED),
    ("H-3", HOSTED),
    ("H-4", "it cannot be seen from here: the first deployment shows it"),
    ("H-5", HOSTED),
    ("A-1", "it cannot be seen from here: the compiler or `azd up` shows it"),
    ("A-2", "it cannot be seen from here: `scripts/prove-azure.sh` or the log of the host shows it"),
    ("A-3", ASKED),
];

/// The numbers, in the order of the page.
pub fn ids() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|(id, _)| *id)
}

/// Which of them a run may confirm or refute.
pub fn asked() -> impl Iterator<Item = &'static str> {
    // G-21 needs an option.
    ALL.iter().filter(|(id, otherwise)| *otherwise == ASKED || *id == "G-21").map(|(id, _)| *id)
}
