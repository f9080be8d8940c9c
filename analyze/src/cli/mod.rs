//! The command line: one file a command.

mod diff;
mod ending;
mod hap;
mod weight;

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use hap_schemas::Selector;
use polars::prelude::DataFrame;

use crate::facts::{Contexts, Roles};
use crate::output::Report;
use crate::render::machine::{self, Machine};
use crate::study::{Scope, Take};
use crate::{Error, Result};

/// Measures how much host-kernel code sandboxes expose, from a dataset that hap-ingest made.
///
/// Exit codes: 0 complete; 1 done but incomplete (events lost, undecodable data, unresolved addresses), with the
/// counts on stderr; 2 failed or called wrongly.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Hap(hap::HapArgs),
    Diff(diff::DiffArgs),
}

/// Runs a command. Nothing is printed: that is [`crate::output`]'s work.
pub fn run(args: &Args) -> Result<Report> {
    match &args.command {
        Command::Hap(args) => hap::run(args),
        Command::Diff(args) => diff::run(args),
    }
}

#[derive(Debug, clap::Args)]
struct ScopeArgs {
    /// Folder of the dataset
    #[arg(long, value_name = "DIR")]
    dataset: PathBuf,
    /// Only runs with these labels: key=value[,key=value], a value may be one|another, key!=value leaves out
    #[arg(long = "where", value_name = "SELECTOR")]
    selector: Option<Selector>,
    /// Execution contexts that count: task, softirq, hardirq, nmi or all
    #[arg(long, value_name = "LIST", default_value = "task")]
    context: Contexts,
    /// Thread roles that count, or all [default: all but shim and other; every role in runs that list no thread]
    #[arg(long, value_name = "LIST")]
    role: Option<Roles>,
    /// Part of the run that counts
    #[arg(long, value_enum, default_value = "all")]
    phase: Phase,
    /// Functions that are there only because the tracer looks
    #[arg(long, value_enum, default_value = "exclude")]
    observer: Take,
    /// Runs that are marked as failed
    #[arg(long, value_enum, default_value = "exclude")]
    failed: Take,
    /// Fail (exit code 2) when anything is missing from a run
    #[arg(long)]
    strict: bool,
}

#[derive(Debug, clap::Args)]
struct OutputArgs {
    /// Format of the result
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// File for the result, replaced as a whole [default: stdout]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Phase {
    /// The whole run
    All,
    /// From steady state on
    Steady,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Aligned text for reading
    Table,
    /// Comma-separated values
    Csv,
    /// An array of objects, one a row
    Json,
    /// Parquet, zstd
    Parquet,
}

impl ScopeArgs {
    fn scope(&self) -> Result<Scope> {
        if self.phase == Phase::Steady {
            return Err(Error::NotAvailable {
                what: "--phase steady",
                why: "there is no steady-state test yet; use --phase all",
            });
        }
        Ok(Scope {
            dataset: self.dataset.clone(),
            selector: self.selector.clone(),
            contexts: self.context.clone(),
            roles: self.role.clone().unwrap_or_default(),
            observer: self.observer,
            failed: self.failed,
        })
    }
}

impl OutputArgs {
    /// Refuses Parquet on a terminal, before any work is done.
    fn check(&self) -> Result<()> {
        let terminal = self.out.is_none() && io::stdout().is_terminal();
        if self.format == Format::Parquet && terminal { Err(Error::ParquetToTerminal) } else { Ok(()) }
    }

    /// The result in the format asked for.
    fn body(&self, frame: &mut DataFrame, table: impl FnOnce() -> Result<String>) -> Result<Vec<u8>> {
        let format = match self.format {
            Format::Table => return Ok(table()?.into_bytes()),
            Format::Csv => Machine::Csv,
            Format::Json => Machine::Json,
            Format::Parquet => Machine::Parquet,
        };
        Ok(machine::write(frame, format)?)
    }
}
