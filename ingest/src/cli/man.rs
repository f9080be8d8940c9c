//! `hap-ingest man`: the manual pages, in roff.

use clap::CommandFactory;
use clap_mangen::Man;
use hap_schemas::Exit;

use super::{Cli, print};

/// Print a manual page, in roff: `make man` writes all of them
#[derive(Debug, clap::Args)]
pub(super) struct ManArgs {
    /// The command [default: the program itself]
    command: Option<String>,
}

/// Writes the page.
pub(super) fn run(args: &ManArgs) -> anyhow::Result<Exit> {
    let mut program = Cli::command().disable_help_subcommand(true);
    // The names of subcommands, such as hap-ingest-hap, are only there once the command is built.
    program.build();
    let page = match &args.command {
        None => Some(&program),
        Some(name) => program.find_subcommand(name),
    };
    let commands = || program.get_subcommands().filter(|command| !command.is_hide_set()).map(clap::Command::get_name);
    let page = page.ok_or_else(|| {
        let known = commands().collect::<Vec<_>>().join(", ");
        anyhow::anyhow!(
            "no manual page of a command {:?}: use one of {known}",
            args.command.as_deref().unwrap_or_default()
        )
    })?;
    let mut roff = Vec::new();
    Man::new(page.clone()).source(concat!("hap-ingest ", env!("CARGO_PKG_VERSION"))).render(&mut roff)?;
    print(&roff)
}
