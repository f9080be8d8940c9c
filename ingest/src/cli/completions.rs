//! `hap-ingest completions`: a script by which a shell completes the command line.

use clap::CommandFactory;
use clap_complete::Shell;
use hap_schemas::Exit;

use super::{Cli, print};

/// What clap_complete 4.6 calls a command where bash chooses its options, if the program has a hyphen in its name
/// (clap issue 6421).
const WRONG_LABEL: &str = "hap__subcmd__ingest__subcmd__";
/// What it calls the command where bash finds out which one it is.
const LABEL: &str = "hap__ingest__subcmd__";

const EXAMPLE: &str = "\
Examples:
  hap-ingest completions bash > ~/.local/share/bash-completion/completions/hap-ingest
  hap-ingest completions zsh > ~/.zfunc/_hap-ingest
  hap-ingest completions fish > ~/.config/fish/completions/hap-ingest.fish";

/// Print a shell's completion script
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Writes the script.
pub(super) fn run(args: &CompletionsArgs) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "hap-ingest", &mut script);
    print(String::from_utf8_lossy(&script).replace(WRONG_LABEL, LABEL).as_bytes())
}
