//! A recording, step by step.

use std::sync::Arc;
use std::time::Instant;

use hap_ftrace::Texts;
use hap_schemas::{RunJson, TracerInfo};

use super::command::StoppedCommand;
use super::cpu_time::CpuTime;
use super::deferral::Deferral;
use super::description::first_description;
use super::reader::SUB_BUFFERS_IN_CHUNK;
use super::watch::Watch;
use super::{CpuReader, EndReason, Progress, ReaderState, RecordOptions, Source, Standing, StopFlag};
use crate::clock::{TRACE_CLOCK, now_ns};
use crate::error::{CaptureError, Result};
use crate::host::Host;
use crate::run_dir::{
    FileFacts, Finished, Mark, RecordingState, RunDir, Spool, SpoolMemory, uname_text, write_metadata,
};
use crate::sandbox::{Sandbox, Target, own_cgroup_inside};
use crate::steady::{Discovery, SharedSites, SteadyState};
use crate::tracefs::{Instance, InstanceOptions, Restore, Tracefs, read_texts, sub_buffer_size};

/// Most bytes that may wait in memory to be compressed, for each CPU: what compression does in seconds.
const MEMORY_LIMIT: u64 = 256 << 20;
/// Share of the host's memory that they may take in all: 1 in so many.
const MEMORY_SHARE: u64 = 8;

/// A recording that has ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The run.
    pub finished: Finished,
    /// Why it ended.
    pub end: EndReason,
}

/// Records a run.
pub fn record(host: &Host, options: &RecordOptions, stop: &StopFlag, progress: &Progress) -> Result<Outcome> {
    let top = Tracefs::find(host)?;
    check_tracer(&top)?;
    let dir = RunDir::create(&options.out)?;
    let own = std::process::id() as i32;
    leave_cgroup(host, &options.targets, own)?;
    let mut command = match options.command.as_slice() {
        [] => None,
        words => Some(StoppedCommand::start(words, dir.path())?),
    };
    let mut targets = options.targets.clone();
    targets.extend(command.as_ref().map(|command| Target::Process(command.pid())));
    let sandbox = Sandbox::find(host, targets, own)?;
    progress.step("setting up tracing");
    let mut session = Session::prepare(host, options, &top, dir, sandbox)?;
    let ended = session.run(host, options, command.as_mut(), stop, progress);
    // Whatever happened, what is on the disk becomes a run.
    session.complete(host, options, command, ended, progress)
}

/// A recording whose instance is there.
pub(super) struct Session {
    pub(super) dir: RunDir,
    pub(super) top: Tracefs,
    pub(super) instance: Instance,
    pub(super) sandbox: Sandbox,
    pub(super) texts: Texts,
    pub(super) facts: FileFacts,
    pub(super) memory: SpoolMemory,
    pub(super) readers: Vec<CpuReader>,
    pub(super) state: Arc<ReaderState>,
    pub(super) syncer: Option<super::syncer::Syncer>,
    pub(super) run: RunJson,
    pub(super) start: i64,
}

fn check_tracer(top: &Tracefs) -> Result<()> {
    let available = top.text("available_tracers")?;
    if available.split_ascii_whitespace().any(|tracer| tracer == "function") {
        Ok(())
    } else {
        Err(CaptureError::NoFunctionTracer { available })
    }
}

/// Bytes of trace data that may wait in memory for each of so many CPUs.
fn memory_limit(cpus: usize) -> u64 {
    let system = rustix::system::sysinfo();
    let memory = system.totalram as u64 * u64::from(system.mem_unit);
    MEMORY_LIMIT.min(memory / MEMORY_SHARE / cpus.max(1) as u64)
}

/// Moves this process out of the sandbox's control group: its work must not be charged to the sandbox.
fn leave_cgroup(host: &Host, targets: &[Target], own: i32) -> Result<()> {
    let folders: Vec<_> = targets.iter().flat_map(Target::cgroup_folders).cloned().collect();
    while let Some(parent) = own_cgroup_inside(host, &folders, own) {
        let path = parent.join("cgroup.procs");
        std::fs::write(&path, own.to_string()).map_err(|source| CaptureError::io(&path, source))?;
    }
    Ok(())
}

impl Session {
    /// Makes and sets up the instance. What must be put back is on the disk before anything is changed.
    fn prepare(host: &Host, options: &RecordOptions, top: &Tracefs, dir: RunDir, sandbox: Sandbox) -> Result<Self> {
        let restore = Restore::plan(top, std::process::id())?;
        let cpus = host.online_cpus();
        let mut state = RecordingState {
            pid: std::process::id() as i32,
            boot_id: host.text("proc/sys/kernel/random/boot_id").unwrap_or_default(),
            restore: restore.clone(),
            sub_buffer_size: 0,
            chunk_size: 0,
            level: options.level,
            clock: format!("[{TRACE_CLOCK}]"),
            cpus: cpus.clone(),
            run: RunJson::default(),
        };
        state.save(&dir)?;
        let instance = match Instance::create(top, restore) {
            Ok(instance) => instance,
            Err(error) => {
                dir.remove_working_files()?;
                return Err(error);
            }
        };
        let mut threads = sandbox.thread_infos();
        // Whether they outlive the recording is not known before its end.
        for thread in &mut threads {
            thread.at_end = None;
        }
        state.run.threads = Some(threads);
        let prepared = Self::set_up(host, options, top, &dir, &instance, &mut state);
        let (texts, facts) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                instance.remove()?;
                dir.remove_working_files()?;
                return Err(error);
            }
        };
        Ok(Self {
            dir,
            top: top.clone(),
            instance,
            sandbox,
            texts,
            facts,
            memory: SpoolMemory::default(),
            readers: Vec::new(),
            state: Arc::default(),
            syncer: None,
            run: state.run,
            start: 0,
        })
    }

    fn set_up(
        host: &Host,
        options: &RecordOptions,
        top: &Tracefs,
        dir: &RunDir,
        instance: &Instance,
        state: &mut RecordingState,
    ) -> Result<(Texts, FileFacts)> {
        let settings = InstanceOptions { buffer_kb: options.buffer_kb, syscalls: options.syscalls };
        let events = instance.configure(&settings)?;
        let texts = read_texts(host, top, &events)?;
        state.sub_buffer_size = sub_buffer_size(instance.files(), &texts.header_page)?;
        state.chunk_size = state.sub_buffer_size * SUB_BUFFERS_IN_CHUNK;
        state.clock = instance.files().text("trace_clock")?;
        let facts = FileFacts {
            uname: uname_text(),
            clock: state.clock.clone(),
            sub_buffer_size: state.sub_buffer_size,
            level: options.level,
            cpus: state.cpus.clone(),
            stats: Vec::new(),
        };
        let tracer = TracerInfo {
            name: "function".to_owned(),
            events,
            options: ["record-cmd", "record-tgid", "function-fork", "event-fork"].map(str::to_owned).to_vec(),
            buffer_kb: options.buffer_kb,
            sub_buffer_size: state.sub_buffer_size,
            level: options.level,
        };
        let threads = state.run.threads.take();
        state.run = RunJson { threads, ..first_description(host, options, dir, &texts, tracer, &state.boot_id) };
        write_metadata(dir, &texts, &facts)?;
        state.save(dir)?;
        Ok((texts, facts))
    }

    /// From the start of the readers to the end of the recording.
    fn run(
        &mut self,
        host: &Host,
        options: &RecordOptions,
        mut command: Option<&mut StoppedCommand>,
        stop: &StopFlag,
        progress: &Progress,
    ) -> Result<EndReason> {
        self.instance.follow(&self.sandbox.living())?;
        progress.step("switching the function tracer on");
        // The kernel refuses another tracer while a reader has the buffers open.
        self.instance.arm()?;
        let sites = SharedSites::default();
        self.memory = SpoolMemory::create(host, self.instance.name(), memory_limit(self.facts.cpus.len()));
        // Discovery reads what was compressed, and the size on the disk is to hold as much as it can.
        let may_defer = options.until_steady.is_none() && options.max_size.is_none();
        let deferral = may_defer.then(|| Deferral::begin(self.dir.path(), &self.memory, &self.state));
        self.start_readers(options, &sites)?;
        // Threads that came while the tracer was switched on have no traced parent yet.
        let late = self.sandbox.refresh(host);
        self.instance.follow(&late)?;
        self.start = now_ns();
        Mark { name: Some("start".to_owned()), ts: self.start, ..Mark::default() }.append(&self.dir)?;
        self.instance.start()?;
        if let Some(command) = &mut command {
            command.go()?;
        }
        let steady = options.until_steady.map(|rule| SteadyState::new(rule, sites, self.start));
        let mut watch = Watch {
            host,
            options,
            instance: &self.instance,
            cpus: &self.facts.cpus,
            sandbox: &mut self.sandbox,
            command,
            state: &self.state,
            cpu_time: CpuTime::read(host).unwrap_or_default(),
            deferral,
            steady,
            stop,
            progress,
            started: Instant::now(),
            last: Standing::default(),
        };
        watch.run()
    }

    fn start_readers(&mut self, options: &RecordOptions, sites: &SharedSites) -> Result<()> {
        let sub_buffer_size = self.facts.sub_buffer_size;
        let mut files = Vec::new();
        for cpu in self.facts.cpus.clone() {
            let raw = self.instance.files().path(format!("per_cpu/cpu{cpu}/trace_pipe_raw"));
            let source = Source::open(&raw, sub_buffer_size)?;
            let spool = Spool::new(&self.dir, &self.memory, cpu, sub_buffer_size);
            let discovery = match options.until_steady {
                Some(_) => Some(Discovery::new(&self.texts, sub_buffer_size, cpu, sites.clone())?),
                None => None,
            };
            let (reader, of_cpu) = CpuReader::start(&self.dir, &spool, source, options.level, &self.state, discovery)?;
            self.readers.push(reader);
            files.push(of_cpu);
        }
        self.syncer = Some(super::syncer::Syncer::start(files, Arc::clone(&self.state)));
        Ok(())
    }
}
