//! Command line of `hap-capture`. Everything that is printed is printed here.

mod doctor;
mod mark;
mod record;
mod recover;
mod size;
mod start_stopped;
mod study;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use hap_cli::{CompletionsArgs, ManArgs, completions_examples};
use hap_schemas::Exit;
use serde::Serialize;

const EXAMPLE: &str = "\
Example:
  hap-capture record --docker web --workload redis --duration 20s --out run1";

/// Record what a sandbox makes the host kernel do
///
/// Exit codes: 0 complete; 1 done but incomplete (events lost, runs missing), with the counts on stderr; 2 failed or
/// called wrongly.
#[derive(Debug, Parser)]
#[command(name = "hap-capture", version, after_help = EXAMPLE)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Doctor(doctor::DoctorArgs),
    Record(Box<record::RecordArgs>),
    Recover(recover::RecoverArgs),
    Mark(mark::MarkArgs),
    Study(study::StudyArgs),
    #[command(after_help = completions_examples("hap-capture"))]
    Completions(CompletionsArgs),
    #[command(hide = true)]
    Man(ManArgs),
    #[command(hide = true)]
    StartStopped(start_stopped::StartStoppedArgs),
}

impl Cli {
    /// Runs the command.
    pub fn run(self) -> anyhow::Result<Exit> {
        match self.command {
            Command::Doctor(args) => doctor::run(&args),
            Command::Record(args) => record::run(*args),
            Command::Recover(args) => recover::run(&args),
            Command::Mark(args) => mark::run(args),
            Command::Study(args) => study::run(args),
            Command::Completions(args) => answer(&args.script(Self::command())),
            Command::Man(args) => answer(&args.page(Self::command())?),
            Command::StartStopped(args) => start_stopped::run(&args),
        }
    }
}

/// Prints a line to stderr; a closed stderr is nobody's loss.
pub fn note(line: impl std::fmt::Display) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Form of an answer.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Table,
    Json,
}

impl Format {
    /// Prints the rows of a table, or the same as JSON.
    fn print<R: Serialize>(self, rows: &Vec<R>, table: impl Fn(&[R]) -> String) -> anyhow::Result<()> {
        let text = match self {
            Self::Table => table(rows),
            Self::Json => serde_json::to_string_pretty(rows)? + "\n",
        };
        print(text.as_bytes())
    }
}

/// Prints the answer of a command that has nothing else to do.
fn answer(text: &[u8]) -> anyhow::Result<Exit> {
    print(text)?;
    Ok(Exit::Complete)
}

/// Prints results; a reader that has gone away is nobody's loss.
fn print(text: &[u8]) -> anyhow::Result<()> {
    use std::io::Write;
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(anyhow::anyhow!("stdout: {error}; redirect it to a file that can be written"))
        }
        _ => Ok(()),
    }
}
