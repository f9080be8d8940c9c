//! The command line: one file a command.

mod completeness;
mod diff;
mod ending;
mod groups;
mod hap;
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

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use hap_cli::{CompletionsArgs, ManArgs, completions_examples};
use hap_schemas::{Exit, Selector};
use polars::prelude::DataFrame;

use crate::dataset::Dataset;
use crate::facts::{Contexts, Roles};
use crate::output::Report;
use crate::phase::Phase;
use crate::progress::Progress;
use crate::render::machine::{self, Machine};
use crate::runs::Run;
use crate::study::{Scope, Take};
use crate::{Error, Result};

/// Measures how much host-kernel code sandboxes expose, from a dataset that hap-ingest made.
///
/// Exit codes: 0 complete; 1 done but incomplete (events lost, undecodable data, unresolved addresses), with the
/// counts on stderr; 2 failed or called wrongly.
#[derive(Debug, Parser)]
#[command(name = "hap-analyze", version, after_help = EXAMPLE)]
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
    #[command(after_help = completions_examples("hap-analyze"))]
    Completions(CompletionsArgs),
    #[command(hide = true)]
    Man(ManArgs),
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

/// Runs a command, and tells `progress` how far it is. Nothing is printed: that is [`crate::output`]'s work.
pub fn run(args: &Args, progress: &Progress) -> Result<Report> {
    match &args.command {
        Command::Hap(args) => hap::run(args, progress),
        Command::Diff(args) => diff::run(args, progress),
        Command::Report(args) => report::run(args, progress),
        Command::Steady(args) => steady::run(args, progress),
        Command::Completeness(args) => completeness::run(args, progress),
        Command::Similarity(args) => similarity::run(args, progress),
        Command::Sensitivity(args) => sensitivity::run(args, progress),
        Command::Schema(args) => schema::run(args),
        Command::Completions(args) => Ok(text(args.script(Args::command()))),
        Command::Man(args) => Ok(text(args.page(Args::command())?)),
    }
}

/// An answer that is no measurement.
fn text(body: Vec<u8>) -> Report {
    Report { body, out: None, notes: Vec::new(), exit: Exit::Complete }
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

/// A dataset with what is asked of it.
struct Opened {
    scope: Scope,
    dataset: Dataset,
    /// Every run of the dataset.
    all: Vec<Run>,
    /// Whether anything missing from a run is a failure.
    strict: bool,
}

impl ScopeArgs {
    /// Opens the dataset and reads which runs it has, with the labels `keys`.
    fn open<'k>(&'k self, keys: impl IntoIterator<Item = &'k String>, progress: &Progress) -> Result<Opened> {
        let dataset = Dataset::open(&self.dataset)?.with_progress(progress.clone());
        let keys = keys.into_iter().chain(self.selector.iter().flat_map(Selector::keys));
        let all = dataset.runs(keys.map(String::as_str))?;
        Ok(Opened { scope: self.scope(), dataset, all, strict: self.strict })
    }

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
