//! `hap-capture`: see `hap-capture --help`.

use std::process::ExitCode;

use clap::Parser;
use hap_capture::cli::Cli;
use hap_schemas::Exit;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(exit) => exit.into(),
        Err(error) => {
            hap_capture::cli::note(format_args!("error: {error}"));
            Exit::Failed.into()
        }
    }
}
