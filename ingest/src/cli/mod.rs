//! Command line of `hap-ingest`. Everything that is printed is printed here.

mod bugs;
mod duration;
mod kernel;
mod runs;

use clap::{Parser, Subcommand};
use hap_schemas::Exit;

/// Turn ftrace captures, kernels and bug records into a Parquet dataset.
#[derive(Debug, Parser)]
#[command(name = "hap-ingest", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Runs(runs::RunsArgs),
    Kernel(kernel::KernelArgs),
    Bugs(bugs::BugsArgs),
}

impl Cli {
    /// Runs the command.
    pub fn run(self) -> anyhow::Result<Exit> {
        match self.command {
            Command::Runs(args) => runs::run(args),
            Command::Kernel(args) => kernel::run(args),
            Command::Bugs(args) => bugs::run(args),
        }
    }
}

/// Prints a line to stderr; a closed stderr is nobody's loss.
pub fn note(line: impl std::fmt::Display) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Threads to use when the command line does not say: as many as the machine has.
fn default_jobs() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
