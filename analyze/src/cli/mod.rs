//! The command line: one file a command.

mod completeness;
mod completions;
mod diff;
mod ending;
mod groups;
mod hap;
mod man;
mod metric;
mod report;
mod schema;
mod sensitivity;
mod similarity;
mod steady;
mod weight;

pub(crate) use similarity::GroupFacts;

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use hap_schemas::Selector;
use polars::prelude::DataFrame;

use crate::facts::{Contexts, Roles};
use crate::output::Report;
use crate::phase::Phase;
use crate::render::machine::{self, Machine};
use crate::study::{Scope, Take};
use crate::{Error, Result};

/// Measures how much host-kernel code sandboxes expose, from a dataset that hap-ingest made.
///
/// Exit codes: 0 complete; 1 done but incomplete (events lost, undecodable data, unresolved addresses), with the
/// counts on stderr; 2 failed or called wrongly.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLE)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLE: &str = "\
Example:
  hap-analyze hap --dataset dataset-demo --where set=study --metric lines";

#[derive(Debug, Subcommand)]
enum Command {
    Hap(hap::HapArgs),
    Diff(diff::DiffArgs),
    Report(report::ReportArgs),
    Steady(steady::SteadyArgs),
    Completeness(completeness::CompletenessArgs),
    Similarity(similarity::SimilarityArgs),
    Sensitivity(sensitivity::SensitivityArgs),
    Schema(schema::SchemaArgs),
    Completions(completions::CompletionsArgs),
    #[command(hide = true)]
    Man(man::ManArgs),
}

impl Args {
    /// The command's name on the command line.
    pub fn command_name(&self) -> &'static str {
        match self.command {
            Command::Hap(_) => "hap",
            Command::Diff(_) => "diff",
            Command::Report(_) => "report",
            Command::Steady(_) => "steady",
            Command::Completeness(_) => "completeness",
            Command::Similarity(_) => "similarity",
            Command::Sensitivity(_) => "sensitivity",
            Command::Schema(_) => "schema",
            Command::Completions(_) => "completions",
            Command::Man(_) => "man",
        }
    }
}

/// Runs a command. Nothing is printed: that is [`crate::output`]'s work.
pub fn run(args: &Args) -> Result<Report> {
    match &args.command {
        Command::Hap(args) => hap::run(args),
        Command::Diff(args) => diff::run(args),
        Command::Report(args) => report::run(args),
        Command::Steady(args) => steady::run(args),
        Command::Completeness(args) => completeness::run(args),
        Command::Similarity(args) => similarity::run(args),
        Command::Sensitivity(args) => sensitivity::run(args),
        Command::Schema(args) => schema::run(args),
        Command::Completions(args) => Ok(completions::run(args)),
        Command::Man(args) => man::run(args),
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
    /// Part of the run that counts; a run that never gets steady counts whole, and is named
    #[arg(long, value_enum, default_value_t)]
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
    fn scope(&self) -> Scope {
        Scope {
            dataset: self.dataset.clone(),
            selector: self.selector.clone(),
            contexts: self.context.clone(),
            roles: self.role.clone().unwrap_or_default(),
            phase: self.phase,
            observer: self.observer,
            failed: self.failed,
        }
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
