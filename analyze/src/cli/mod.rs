//! The command line: one file a command.

mod diff;
mod hap;

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use hap_schemas::Selector;
use polars::prelude::DataFrame;

use crate::facts::{Contexts, Roles};
use crate::output::Report;
use crate::render::counted;
use crate::render::machine::{self, Machine};
use crate::runs::Run;
use crate::status;
use crate::study::{Scope, Study, Take};
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

/// Notes for stderr. What stands under a table is not said twice.
fn notes(
    study: &Study,
    scope: &Scope,
    runs: &[&Run],
    failed: &[&Run],
    gaps: &[String],
    format: Format,
) -> Result<Vec<String>> {
    let mut notes = if format == Format::Table { Vec::new() } else { untabled_notes(study, scope, failed, gaps) };
    let silent = study.silent_runs(runs)?;
    if !silent.is_empty() {
        notes.push(format!("no call in these contexts and roles, counted as 0: {}", silent.join(", ")));
    }
    notes.extend(status::losses(runs).map(|losses| format!("incomplete: {losses}")));
    Ok(notes)
}

/// What a table says under it and the machine formats cannot: failed runs, kernel, observer functions, gaps.
fn untabled_notes(study: &Study, scope: &Scope, failed: &[&Run], gaps: &[String]) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(failed) = status::failed(failed) {
        notes.push(format!("left out, marked as failed: {failed}; --failed include takes them in"));
    }
    if study.kernel.is_none() {
        notes.push("no kernel table for these runs: clones of one source function are counted apart".to_owned());
    }
    if let Some(observers) = study.observers_text() {
        notes.push(format!("{}: {observers}", observer_title(scope.observer)));
    }
    notes.extend_from_slice(gaps);
    notes
}

fn observer_title(observer: Take) -> &'static str {
    match observer {
        Take::Exclude => "observer functions left out",
        Take::Include => "observer functions taken in",
    }
}

/// What stands under every table: filters, kernel, what was left out, losses, limits.
fn footer_notes(
    study: &Study,
    scope: &Scope,
    runs: &[&Run],
    failed: &[&Run],
    gaps: &[String],
) -> Vec<(&'static str, String)> {
    let selector = scope.selector.as_ref().map_or_else(|| "all".to_owned(), ToString::to_string);
    let filters = format!("contexts {}; roles {}; phase all; where {selector}", scope.contexts, scope.roles);
    let kernel = study.kernel.as_ref().map_or_else(
        || "no table: clones of one source function are counted apart".to_owned(),
        |kernel| format!("build id {}, release {}", kernel.build_id, kernel.release.as_deref().unwrap_or("unknown")),
    );
    let observers = study.observers_text().unwrap_or_else(|| "none".to_owned());
    let mut notes = vec![("filters", filters), ("kernel", kernel), (observer_title(scope.observer), observers)];
    if let Some(failed) = status::failed(failed) {
        notes.push(("runs left out as failed", failed));
    }
    notes.extend(gaps.iter().map(|gap| ("gaps", gap.clone())));
    let complete =
        || format!("none in {}; lost events would make every figure a lower bound", counted(runs.len(), "run"));
    notes.push(("losses", status::losses(runs).unwrap_or_else(complete)));
    notes.push(("limits", "defence in depth and data-side guards (namespaces) are not measured".to_owned()));
    notes
}
