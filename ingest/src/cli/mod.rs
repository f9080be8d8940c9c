//! Command line of `hap-ingest`. Everything that is printed is printed here.

mod bugs;
mod duration;
mod kernel;
mod runs;

use std::io;

use clap::{CommandFactory, Parser, Subcommand};
use hap_cli::{CompletionsArgs, ManArgs, completions_examples};
use hap_schemas::Exit;

const EXAMPLE: &str = "\
Example:
  hap-ingest runs data/captures/runc data/captures/nabla --label set=study --out dataset";

/// Turn ftrace captures, kernels and bug records into a Parquet dataset.
///
/// Exit codes: 0 complete; 1 done but incomplete (events lost, undecodable data, unresolved addresses), with the
/// counts on stderr; 2 failed or called wrongly.
#[derive(Debug, Parser)]
#[command(name = "hap-ingest", version, after_help = EXAMPLE)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Runs(runs::RunsArgs),
    Kernel(kernel::KernelArgs),
    Bugs(bugs::BugsArgs),
    #[command(after_help = completions_examples("hap-ingest"))]
    Completions(CompletionsArgs),
    #[command(hide = true)]
    Man(ManArgs),
}

impl Cli {
    /// Runs the command.
    pub fn run(self) -> anyhow::Result<Exit> {
        match self.command {
            Command::Runs(args) => runs::run(args),
            Command::Kernel(args) => kernel::run(args),
            Command::Bugs(args) => bugs::run(args),
            Command::Completions(args) => print(&args.script(Self::command())),
            Command::Man(args) => print(&args.page(Self::command())?),
        }
    }
}

/// Prints a line to stderr; a closed stderr is nobody's loss.
pub fn note(line: impl std::fmt::Display) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Writes a result to stdout; a reader that goes away ends a pipe in the usual way.
fn print(result: &[u8]) -> anyhow::Result<Exit> {
    use std::io::Write;
    let mut stdout = io::stdout().lock();
    match stdout.write_all(result).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(anyhow::anyhow!("stdout: {error}; redirect it to a file that can be written"))
        }
        _ => Ok(Exit::Complete),
    }
}

/// Threads to use when the command line does not say: as many as the machine has.
fn default_jobs() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
