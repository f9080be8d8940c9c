//! The program `hap-analyze`.

use std::process::ExitCode;

use clap::Parser;
use hap_analyze::cli::{self, Args};
use hap_analyze::output::{complain, deliver};
use hap_analyze::progress::{Progress, SignOfLife};
use hap_schemas::Exit;

/// Stack of a worker thread, in bytes: Polars plans queries recursively, deeper than the usual 2 MiB allow.
const WORKER_STACK: usize = 64 << 20;

fn main() -> ExitCode {
    // A second pool, which cannot be, would leave the workers as they are.
    let _ = rayon::ThreadPoolBuilder::new().stack_size(WORKER_STACK).build_global();
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
    let progress = Progress::default();
    let sign = SignOfLife::start(args.command_name(), &progress);
    let report = cli::run(args, &progress);
    sign.end();
    let report = report?;
    deliver(&report)?;
    Ok(report.exit)
}
