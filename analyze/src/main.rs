//! The program `hap-analyze`.

use std::process::ExitCode;

use clap::Parser;
use hap_analyze::cli::{self, Args};
use hap_analyze::output::{complain, deliver};
use hap_schemas::Exit;

fn main() -> ExitCode {
    match answer(&Args::parse()) {
        Ok(exit) => exit.into(),
        Err(error) if error.is_broken_pipe() => Exit::Complete.into(),
        Err(error) => {
            complain(&format!("error: {error}"));
            Exit::Failed.into()
        }
    }
}

fn answer(args: &Args) -> hap_analyze::Result<Exit> {
    let report = cli::run(args)?;
    deliver(&report)?;
    Ok(report.exit)
}
