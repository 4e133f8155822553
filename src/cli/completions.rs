//! `completions <shell>`: a script with which a shell completes commands, options and resources. Needs no settings.

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use super::output::{Exit, print_bytes};

/// What `completions` is told.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The shell.
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

const EXAMPLES: &str = "Examples:
  graph-mirror completions bash > ~/.local/share/bash-completion/completions/graph-mirror
  graph-mirror completions zsh > \"${fpath[1]}/_graph-mirror\"
  graph-mirror completions fish > ~/.config/fish/completions/graph-mirror.fish
  graph-mirror completions powershell >> $PROFILE

Exit codes: 0 done; 2 wrong usage, such as a shell that is not known.";

/// Prints the script.
pub fn run(args: &Args) -> Exit {
    let mut script = Vec::new();
    generate(args.shell, &mut super::Cli::command(), "graph-mirror", &mut script);
    print_bytes(&script);
    Exit::Done
}
