//! The binary: parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    graph_mirror::cli::run()
}
