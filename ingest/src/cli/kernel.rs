//! `hap-ingest kernel`.

use std::path::PathBuf;

use clap::Args;
use hap_schemas::Exit;

use super::{default_jobs, note};
use crate::kernel::{KernelOptions, ingest_kernel};
use crate::progress::ProgressLine;

const EXAMPLES: &str = "\
Example:
  hap-ingest kernel --vmlinux usr/lib/debug/boot/vmlinux-6.1.0-56-cloud-amd64 \\
      --modules usr/lib/debug/lib/modules/6.1.0-56-cloud-amd64 \\
      --source linux-source-6.1 --out dataset";

/// Read a kernel's debug information into the line-count tables
///
/// Writes kernels/build_id=ID/{kernel,functions,lines}.parquet below the dataset.
///
/// Exit code: 0 complete, 1 done but a unit or a module could not be read, 2 failed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct KernelArgs {
    /// vmlinux with DWARF, as distributions ship it in a debug package
    #[arg(long, value_name = "FILE")]
    vmlinux: PathBuf,
    /// Folder with the kernel's modules (*.ko, *.ko.debug) with DWARF, searched at any depth
    #[arg(long, value_name = "DIR")]
    modules: Option<PathBuf>,
    /// Top folder of the kernel's sources: exact line extents, and complexity
    #[arg(long, value_name = "DIR")]
    source: Option<PathBuf>,
    /// Copy of /sys/kernel/tracing/available_filter_functions of the running kernel, which knows best what it can trace
    #[arg(long, value_name = "FILE")]
    available_filter_functions: Option<PathBuf>,
    /// Name and version of the package that the files came in, to be kept in the table
    #[arg(long, value_name = "TEXT")]
    package: Option<String>,
    /// Dataset to write to
    #[arg(long, value_name = "DATASET")]
    out: PathBuf,
    /// Threads [default: as many as the machine has]
    #[arg(long, value_name = "N")]
    jobs: Option<std::num::NonZero<usize>>,
    /// Fail (exit code 2) where the tables are incomplete
    #[arg(long)]
    strict: bool,
}

pub(super) fn run(args: KernelArgs) -> anyhow::Result<Exit> {
    let options = KernelOptions {
        vmlinux: args.vmlinux,
        modules: args.modules,
        source: args.source,
        filter_functions: args.available_filter_functions,
        package: args.package,
        out: args.out,
        jobs: args.jobs.map_or_else(default_jobs, std::num::NonZero::get),
    };
    let summary = ingest_kernel(&options, &ProgressLine::bar("units, modules and source files"))?;
    for problem in &summary.problems {
        note(format_args!("warning: {problem}"));
    }
    note(format_args!(
        "kernel {} ({}): {} functions, {} lines, {} modules -> {}",
        summary.build_id,
        summary.release.as_deref().unwrap_or("release unknown"),
        summary.functions,
        summary.lines,
        summary.modules,
        summary.folder.display()
    ));
    let exit = if summary.is_complete() { Exit::Complete } else { Exit::Incomplete };
    Ok(exit.strict(args.strict))
}
