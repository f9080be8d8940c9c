//! `hap-analyze completions`: a script by which a shell completes the command line.

use clap::CommandFactory;
use clap_complete::Shell;
use hap_schemas::Exit;

use super::Args;
use crate::output::Report;

/// What clap_complete 4.6 calls a command where bash chooses its options, if the program has a hyphen in its name
/// (clap issue 6421).
const WRONG_LABEL: &str = "hap__subcmd__analyze__subcmd__";
/// What it calls the command where bash finds out which one it is.
const LABEL: &str = "hap__analyze__subcmd__";

const EXAMPLE: &str = "\
Examples:
  hap-analyze completions bash > ~/.local/share/bash-completion/completions/hap-analyze
  hap-analyze completions zsh > ~/.zfunc/_hap-analyze
  hap-analyze completions fish > ~/.config/fish/completions/hap-analyze.fish";

/// Print a shell's completion script
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Writes the script.
pub(super) fn run(args: &CompletionsArgs) -> Report {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "hap-analyze", &mut script);
    let body = String::from_utf8_lossy(&script).replace(WRONG_LABEL, LABEL).into_bytes();
    Report { body, out: None, notes: Vec::new(), exit: Exit::Complete }
}
