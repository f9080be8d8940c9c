//! `hap-capture record`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{bail, ensure};
use clap::Args;
use hap_schemas::{Exit, Label};

use super::note;
use super::size::bytes;
use crate::host::Host;
use crate::recording::{Outcome, Progress, RecordOptions, RunLabels, StopFlag, record};
use crate::sandbox::Target;
use crate::steady::SteadyRule;

const EXAMPLES: &str = "\
Examples:
  hap-capture record --docker web --workload redis --duration 20s --out run1
  hap-capture record --pid 915 --runtime linux-kvm --workload redis --until-steady --out run2
  hap-capture record --runtime native --workload date --out run3 -- date";

/// Record a sandbox into a run directory (trace.dat and run.json)
///
/// The sandbox is named by --docker, --cgroup or --pid, each as often as needed, or is a command that is started
/// stopped and traced from its first instruction. Threads that work for it (a VMM's, vhost and kvm kernel threads,
/// virtiofsd, gVisor's sentry and gofer) are found, and those that come later are followed.
///
/// Ends after --duration, at --until-steady, with the command, or at SIGINT, SIGTERM or SIGHUP. Tracing is done in an
/// instance of its own that is removed at the end. After a SIGKILL: hap-capture recover DIR.
///
/// Exit code: 0 complete, 1 events were lost, 2 the recording or the run failed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct RecordArgs {
    /// Run directory to make
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Label: the sandbox runtime [default with --docker: docker's name of the runtime]
    #[arg(long, value_name = "NAME")]
    runtime: Option<String>,
    /// Label: the workload
    #[arg(long, value_name = "NAME")]
    workload: Option<String>,
    /// Label: the repetition
    #[arg(long, value_name = "N")]
    repetition: Option<String>,
    /// Run id [default: RUNTIME-WORKLOAD-REPETITION, or the name of DIR]
    #[arg(long, value_name = "ID")]
    run: Option<String>,
    /// Free label
    #[arg(long = "label", value_name = "KEY=VALUE")]
    labels: Vec<Label>,
    /// A docker container: its processes, its control group and its shim
    #[arg(long, value_name = "NAME")]
    docker: Vec<String>,
    /// A control group and those below it, as a folder or as /proc/PID/cgroup shows it
    #[arg(long, value_name = "PATH")]
    cgroup: Vec<PathBuf>,
    /// A process and its children
    #[arg(long, value_name = "PID")]
    pid: Vec<i32>,
    /// The first process of a container: as --pid, with its control group and its shim
    #[arg(long, value_name = "PID")]
    container_pid: Vec<i32>,
    /// Longest time to record, such as 20s
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    duration: Option<Duration>,
    /// Stop when the discovery of new functions has flattened
    #[arg(long)]
    until_steady: bool,
    /// Length of a window of --until-steady
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, default_value = "1s", requires = "until_steady")]
    steady_window: Duration,
    /// Ring buffer of each CPU
    #[arg(long, value_name = "SIZE", value_parser = bytes, default_value = "40M")]
    buffer: u64,
    /// Zstandard level, -7 to 19
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true, value_parser = clap::value_parser!(i32).range(-7..=19))]
    level: i32,
    /// Do not record system calls: they slow the sandbox down and put a few functions into the trace
    #[arg(long)]
    no_syscalls: bool,
    /// Stop when this much is on the disk
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    max_size: Option<u64>,
    /// Stop early when more events than this are lost
    #[arg(long, value_name = "EVENTS")]
    max_loss: Option<u64>,
    /// A command to start and to trace
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(super) fn run(args: RecordArgs) -> anyhow::Result<Exit> {
    let stop = StopFlag::install()?;
    let host = Host::default();
    let options = options(&host, args)?;
    let progress = Progress::default();
    let outcome = record(&host, &options, &stop, &progress);
    progress.clear();
    let outcome = outcome?;
    report(&options, &outcome);
    Ok(exit(&outcome))
}

fn options(host: &Host, args: RecordArgs) -> anyhow::Result<RecordOptions> {
    let mut targets = Vec::new();
    let mut runtime = args.runtime;
    for name in &args.docker {
        let (target, known) = Target::docker(host, name)?;
        targets.push(target);
        runtime = runtime.or(Some(known).filter(|known| !known.is_empty()));
    }
    for path in &args.cgroup {
        targets.push(Target::cgroup(host, path)?);
    }
    targets.extend(args.pid.iter().map(|&pid| Target::Process(pid)));
    targets.extend(args.container_pid.iter().map(|&pid| Target::container(host, pid)));
    if targets.is_empty() && args.command.is_empty() {
        bail!("name the sandbox: --docker NAME, --cgroup PATH, --pid PID, or -- COMMAND");
    }
    ensure!(args.steady_window > Duration::ZERO, "--steady-window must be longer than nothing");
    let steady = SteadyRule { window: args.steady_window, ..SteadyRule::default() };
    let repetition = args.repetition;
    Ok(RecordOptions {
        out: args.out,
        labels: RunLabels { run: args.run, runtime, workload: args.workload, repetition, free: args.labels },
        targets,
        command: args.command,
        duration: args.duration,
        until_steady: args.until_steady.then_some(steady),
        buffer_kb: args.buffer.div_ceil(1024),
        level: args.level,
        syscalls: !args.no_syscalls,
        max_size: args.max_size,
        max_loss: args.max_loss,
    })
}

/// Tells how the recording went.
fn report(options: &RecordOptions, outcome: &Outcome) {
    let finished = &outcome.finished;
    for cpu in finished.run.cpus.iter().filter(|cpu| cpu.overrun + cpu.commit_overrun + cpu.dropped > 0) {
        note(format_args!(
            "warning: CPU {}: {} events overrun, {} commit overrun, {} dropped; {} recorded",
            cpu.cpu, cpu.overrun, cpu.commit_overrun, cpu.dropped, cpu.entries
        ));
    }
    if finished.damaged > 0 {
        note(format_args!("warning: {} sub-buffers cannot be decoded to their end", finished.damaged));
    }
    for line in &finished.run.notes {
        note(format_args!("note: {line}"));
    }
    if let Some(failure) = finished.run.failure() {
        note(format_args!("warning: the run failed: {failure}"));
    }
    note(format_args!(
        "{} events, {} lost, {} threads, {:.1} MB of {:.1} MB ended by {} -> {}",
        finished.events,
        finished.lost,
        finished.run.threads.as_ref().map_or(0, Vec::len),
        finished.bytes as f64 / 1e6,
        finished.raw_bytes as f64 / 1e6,
        outcome.end.name(),
        options.out.display()
    ));
}

fn exit(outcome: &Outcome) -> Exit {
    if outcome.finished.run.failure().is_some() {
        return Exit::Failed;
    }
    let finished = &outcome.finished;
    let incomplete = finished.lost > 0 || finished.damaged > 0 || finished.missing.unwrap_or(0) > 0;
    if incomplete { Exit::Incomplete } else { Exit::Complete }
}
