//! `hap-analyze man`: the manual pages, in roff.

use clap::CommandFactory;
use clap_mangen::Man;
use hap_schemas::Exit;

use super::Args;
use crate::output::Report;
use crate::{Error, Result};

/// Print a manual page, in roff: `make man` writes all of them
#[derive(Debug, clap::Args)]
pub(super) struct ManArgs {
    /// The command [default: the program itself]
    command: Option<String>,
}

/// Writes the page.
pub(super) fn run(args: &ManArgs) -> Result<Report> {
    let mut program = Args::command().disable_help_subcommand(true);
    // The names of subcommands, such as hap-analyze-hap, are only there once the command is built.
    program.build();
    let page = match &args.command {
        None => Some(&program),
        Some(name) => program.find_subcommand(name),
    };
    let commands = || program.get_subcommands().filter(|command| !command.is_hide_set()).map(clap::Command::get_name);
    let page = page.ok_or_else(|| Error::UnknownPage {
        asked: args.command.clone().unwrap_or_default(),
        known: commands().collect::<Vec<_>>().join(", "),
    })?;
    let mut body = Vec::new();
    Man::new(page.clone())
        .source(concat!("hap-analyze ", env!("CARGO_PKG_VERSION")))
        .render(&mut body)
        .map_err(Error::Stdout)?;
    Ok(Report { body, out: None, notes: Vec::new(), exit: Exit::Complete })
}
