//! `hap-ingest`: see `hap-ingest --help`.

use std::process::ExitCode;

use clap::Parser;
use hap_ingest::cli::Cli;
use hap_schemas::Exit;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(exit) => exit.into(),
        Err(error) => {
            hap_ingest::cli::note(format_args!("error: {error:#}"));
            Exit::Failed.into()
        }
    }
}
