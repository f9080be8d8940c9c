//! `hap-ingest kernel`, readelf and pahole on one vmlinux, in turn, round after round.

use std::ffi::{OsStr, OsString};
use std::num::NonZero;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::Args;

use crate::columns::{self, least, median, most};
use crate::machine::{Machine, has};
use crate::measure::{Cores, Sample, measure};
use crate::note;

const HEAD: [&str; 6] = ["what", "cores", "wall s", "CPU s (min..max)", "CPU / hap-ingest --jobs 1", "peak MiB"];

/// Measure hap-ingest kernel against readelf and pahole
///
/// All of them read the same vmlinux: readelf prints the line table, pahole reads types and functions. The table goes to
/// standard output, everything else to standard error.
#[derive(Debug, Args)]
pub(crate) struct KernelArgs {
    /// Rounds; the table has their medians
    #[arg(long, value_name = "N", default_value = "3")]
    runs: NonZero<usize>,
    /// Sources of the kernel: measures hap-ingest also with extents and complexity
    #[arg(long, value_name = "DIR")]
    source: Option<PathBuf>,
    /// The program to measure [default: beside this one]
    #[arg(long, value_name = "FILE")]
    ingest: Option<PathBuf>,
    /// vmlinux with DWARF
    #[arg(value_name = "VMLINUX")]
    vmlinux: PathBuf,
}

/// A program with its arguments, and what its runs took.
struct Job {
    what: String,
    cores: Cores,
    program: PathBuf,
    arguments: Vec<OsString>,
    samples: Vec<Sample>,
}

pub(crate) fn run(args: &KernelArgs) -> anyhow::Result<()> {
    ensure!(args.vmlinux.is_file(), "{} is no file", args.vmlinux.display());
    for tool in ["readelf", "pahole"] {
        ensure!(has(tool), "{tool} is not installed (packages binutils, dwarves)");
    }
    let folder = tempfile::Builder::new().prefix("hap-bench.").tempdir()?;
    let ingest = args.ingest.clone().map_or_else(crate::run::ingest_beside, Ok)?;
    let mut jobs = jobs(args, &ingest, folder.path());
    let machine = Machine::look()?;
    for round in 1..=args.runs.get() {
        note(format_args!("kernel: round {round} of {}", args.runs));
        for job in &mut jobs {
            let arguments: Vec<&OsStr> = job.arguments.iter().map(OsString::as_os_str).collect();
            let (sample, _) = measure(job.cores, &job.program, &arguments).with_context(|| job.what.clone())?;
            job.samples.push(sample);
        }
    }
    machine.tell_noise(jobs.iter().flat_map(|job| &job.samples).map(|sample| sample.cpu).sum())?;
    let mut rows = vec![HEAD.map(str::to_owned).to_vec()];
    rows.extend(jobs.iter().map(|job| row(job, jobs.first())));
    columns::print(&rows);
    Ok(())
}

fn jobs(args: &KernelArgs, ingest: &Path, out: &Path) -> Vec<Job> {
    let vmlinux = args.vmlinux.as_os_str();
    let ours = |jobs: &str, source: Option<&Path>| {
        let mut arguments: Vec<&OsStr> = vec!["kernel".as_ref(), "--vmlinux".as_ref(), vmlinux];
        arguments.extend::<[&OsStr; 4]>(["--out".as_ref(), out.as_ref(), "--jobs".as_ref(), jobs.as_ref()]);
        arguments.extend(source.iter().flat_map(|source| ["--source".as_ref(), source.as_os_str()]));
        let what = format!("hap-ingest kernel --jobs {jobs}{}", if source.is_some() { " --source" } else { "" });
        job(&what, if jobs == "1" { Cores::One } else { Cores::Two }, ingest, &arguments)
    };
    let mut found = vec![ours("1", None), ours("2", None)];
    if let Some(source) = &args.source {
        found.extend([ours("1", Some(source)), ours("2", Some(source))]);
    }
    let readelf = ["--debug-dump=decodedline".as_ref(), vmlinux];
    found.push(job("readelf --debug-dump=decodedline", Cores::One, "readelf".as_ref(), &readelf));
    found.push(job("pahole -F dwarf", Cores::One, "pahole".as_ref(), &["-F".as_ref(), "dwarf".as_ref(), vmlinux]));
    let parallel = ["-F".as_ref(), "dwarf".as_ref(), "-j2".as_ref(), vmlinux];
    found.push(job("pahole -F dwarf -j2", Cores::Two, "pahole".as_ref(), &parallel));
    found
}

fn job(what: &str, cores: Cores, program: &Path, arguments: &[&OsStr]) -> Job {
    let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    Job { what: what.to_owned(), cores, program: program.to_owned(), arguments, samples: Vec::new() }
}

fn row(job: &Job, reference: Option<&Job>) -> Vec<String> {
    let values = |value: fn(&Sample) -> f64| job.samples.iter().map(value).collect::<Vec<_>>();
    let cpu = values(|sample| sample.cpu.as_secs_f64());
    let pairs = job.samples.iter().zip(reference.into_iter().flat_map(|reference| &reference.samples));
    let ratios: Vec<f64> = pairs.map(|(one, two)| one.cpu.as_secs_f64() / two.cpu.as_secs_f64()).collect();
    vec![
        job.what.clone(),
        if job.cores == Cores::One { "1" } else { "2" }.to_owned(),
        format!("{:.2}", median(&values(|sample| sample.wall.as_secs_f64()))),
        format!("{:.2} ({:.2}..{:.2})", median(&cpu), least(&cpu), most(&cpu)),
        format!("{:.2}", median(&ratios)),
        format!("{:.0}", median(&values(|sample| sample.peak as f64)) / f64::from(1 << 20)),
    ]
}
