//! Command line of `hap-capture`. Everything that is printed is printed here.

mod doctor;
mod mark;
mod record;
mod recover;
mod size;
mod start_stopped;
mod study;

use clap::{Parser, Subcommand};
use hap_schemas::Exit;

/// Record what a sandbox makes the host kernel do
#[derive(Debug, Parser)]
#[command(name = "hap-capture", version)]
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
            Command::StartStopped(args) => start_stopped::run(&args),
        }
    }
}

/// Prints a line to stderr; a closed stderr is nobody's loss.
pub fn note(line: impl std::fmt::Display) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Prints results; a reader that has gone away is nobody's loss.
fn print(text: &str) -> std::io::Result<()> {
    use std::io::Write;
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}
