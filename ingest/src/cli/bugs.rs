//! `hap-ingest bugs`.

use std::path::PathBuf;

use clap::Args;
use hap_schemas::Exit;

use super::note;
use crate::bugs::{BugsOptions, BugsSummary, Version, ingest_bugs};
use crate::progress::ProgressLine;

const EXAMPLES: &str = "\
Example:
  hap-ingest bugs --cna linux-cna.tar.zst --release 6.1.192 \\
      --exploited data/bugs/exploited.csv --out dataset";

/// Read CVE records into the bug and density tables of a kernel release
///
/// Writes bugs/source=NAME/{bugs,density,fits}.parquet below the dataset, which must hold a kernel table of the
/// release's series (hap-ingest kernel).
///
/// Exit code: 0 complete, 1 done but a record, a line or a score could not be used, 2 failed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct BugsArgs {
    /// Records of the Linux CNA (CVE-*.json with CVE-*.dyad): a folder, searched at any depth, or its .tar or .tar.zst
    #[arg(long, value_name = "PATH")]
    cna: PathBuf,
    /// Release whose bugs are meant: 6.1, 6.1.192, 6.2-rc3, 2.6.32
    #[arg(long, value_name = "VERSION")]
    release: Version,
    /// EPSS scores, csv or csv.gz as FIRST publishes them: adds density model epss
    #[arg(long, value_name = "FILE")]
    epss: Option<PathBuf>,
    /// List of exploited bugs, csv with a column cve: adds density model exploited
    #[arg(long, value_name = "FILE")]
    exploited: Option<PathBuf>,
    /// Build id of the kernel table, where several are of the release's series or none is
    #[arg(long, value_name = "BUILD_ID")]
    kernel: Option<String>,
    /// Name of the source in the dataset [default: linux-cna-VERSION]
    #[arg(long, value_name = "NAME", value_parser = partition_name)]
    source_name: Option<String>,
    /// Dataset to write to
    #[arg(long, value_name = "DATASET")]
    out: PathBuf,
    /// Fail (exit code 2) where the tables are incomplete
    #[arg(long)]
    strict: bool,
}

/// A name that can stand in a path as it is.
fn partition_name(text: &str) -> Result<String, String> {
    let is_fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
    let is_name = !text.is_empty() && text.chars().all(is_fine);
    if is_name { Ok(text.to_owned()) } else { Err("use letters, digits, '-', '_', '.' and '+'".to_owned()) }
}

pub(super) fn run(args: BugsArgs) -> anyhow::Result<Exit> {
    let options = BugsOptions {
        cna: args.cna,
        release: args.release,
        epss: args.epss,
        exploited: args.exploited,
        kernel: args.kernel,
        source_name: args.source_name.unwrap_or_else(|| format!("linux-cna-{}", args.release)),
        out: args.out,
    };
    let summary = ingest_bugs(&options, &ProgressLine::counter("files of records"))?;
    report(&options, &summary);
    let exit = if summary.problems.count == 0 { Exit::Complete } else { Exit::Incomplete };
    Ok(exit.strict(args.strict))
}

fn report(options: &BugsOptions, summary: &BugsSummary) {
    let problems = &summary.problems;
    for problem in &problems.told {
        note(format_args!("warning: {problem}"));
    }
    let untold = problems.count.saturating_sub(problems.told.len() as u64);
    if untold > 0 {
        note(format_args!("warning: {untold} more such lines and files"));
    }
    let counts = summary.counts;
    note(format_args!(
        "{} records: {} bugs of release {}, {} not in it, {} rejected",
        counts.records, summary.bugs, options.release, counts.absent, counts.rejected
    ));
    let mass: Vec<_> = summary.mass.iter().map(|(rule, mass)| format!("{} {mass:.1}", rule.name())).collect();
    note(format_args!("mass by rule: {}", mass.join(", ")));
    let named: Vec<_> = summary.named.iter().map(|(rule, bugs)| format!("{} {bugs}", rule.name())).collect();
    note(format_args!("bugs that name a function, by rule: {}", named.join(", ")));
    for (model, mass, expected) in &summary.models {
        note(format_args!("model {model}: mass {mass:.2} in the kernel, {expected:.2} by its densities"));
    }
    if let Some(unscored) = summary.unscored {
        note(format_args!("{unscored} bugs without an EPSS score: they count as 0"));
    }
    if let Some(exploited) = summary.exploited {
        note(format_args!("{exploited} bugs on the list of exploited ones"));
    }
    note(format_args!("kernel {} -> {}", summary.build_id, summary.folder.display()));
}
