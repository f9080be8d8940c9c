//! The end of a recording: tracing is stopped, everything brought to the disk, tracefs put back and the run made.

use std::collections::BTreeMap;
use std::process::ExitStatus;
use std::sync::atomic::Ordering;

use hap_schemas::PhaseMark;

use super::command::{StoppedCommand, kill_left_behind};
use super::description::describe_end;
use super::session::{Outcome, Session};
use super::{EndReason, Progress, RecordOptions};
use crate::clock::now_ns;
use crate::error::{CaptureError, Result};
use crate::host::Host;
use crate::run_dir::{Recorded, finish, take_late_symbols};
use crate::tracefs::{StatsText, command_names, thread_groups};

/// What is known when a recording has been stopped.
struct WoundUp {
    /// When tracing stopped, in ns of the trace clock.
    end: i64,
    /// How the command had ended by then.
    exit: Option<ExitStatus>,
    /// The kernel's account; empty where it cannot be read.
    stats: Vec<StatsText>,
    /// Thread groups that the kernel has saved.
    tgids: BTreeMap<i32, i32>,
    /// Thread names that the kernel has saved.
    names: BTreeMap<i32, String>,
    /// The first thing that went wrong.
    error: Option<CaptureError>,
}

impl WoundUp {
    /// Events that left the ring buffers.
    fn kernel_read(&self) -> Option<u64> {
        let read = self.stats.iter().map(|cpu| cpu.stats.read_events).sum();
        (!self.stats.is_empty()).then_some(read)
    }
}

impl Session {
    /// Stops tracing, brings everything to the disk, puts tracefs back and makes the run.
    pub(super) fn complete(
        mut self,
        host: &Host,
        options: &RecordOptions,
        command: Option<StoppedCommand>,
        ended: Result<EndReason>,
        progress: &Progress,
    ) -> Result<Outcome> {
        let wound_up = self.wind_up(host, options, command, progress);
        let removed = self.instance.remove();
        if self.start == 0 {
            // Nothing was recorded: leave nothing behind.
            self.dir.remove_working_files()?;
            removed?;
            return Err(ended.err().unwrap_or(CaptureError::CommandEnded("before the recording began".to_owned())));
        }
        let kernel_read = wound_up.kernel_read();
        let (end, error) = match ended {
            Ok(end) => (end, wound_up.error),
            Err(error) => (EndReason::Error, Some(error)),
        };
        let (mut run, mut texts) = (self.run, self.texts);
        take_late_symbols(host, &mut texts, &mut run);
        run.threads = Some(self.sandbox.thread_infos());
        describe_end(&mut run, options, end, wound_up.exit, error.as_ref());
        run.marks.push(PhaseMark { name: "end".to_owned(), ts: wound_up.end });
        self.facts.stats = wound_up.stats.iter().map(|cpu| (cpu.cpu, cpu.text.clone())).collect();
        progress.step("writing trace.dat");
        let recorded = Recorded {
            texts,
            facts: self.facts,
            run,
            kernel_read,
            stats: wound_up.stats,
            tgids: wound_up.tgids,
            names: wound_up.names,
            seen: self.sandbox.last_seen(),
        };
        let finished = finish(&self.dir, recorded)?;
        removed?;
        Ok(Outcome { finished, end })
    }

    /// Stops tracing and the command, and reads what is left in the buffers.
    fn wind_up(
        &mut self,
        host: &Host,
        options: &RecordOptions,
        mut command: Option<StoppedCommand>,
        progress: &Progress,
    ) -> WoundUp {
        let stopped = self.instance.stop();
        let end = now_ns();
        self.sandbox.refresh(host);
        let exit = command.as_mut().and_then(StoppedCommand::status);
        if let Some(command) = &mut command {
            command.end();
            if options.targets.is_empty() {
                kill_left_behind(self.sandbox.living().into_iter().filter(|&living| living != command.pid()));
            }
        }
        progress.step("reading the rest of the buffers");
        self.state.finish.store(true, Ordering::Release);
        let readers = std::mem::take(&mut self.readers);
        let read: Vec<_> = readers.into_iter().filter_map(|reader| reader.join(&self.dir).err()).collect();
        self.syncer = None;
        let left = self.memory.remove(&self.dir).err();
        let cpus = self.facts.cpus.iter();
        let stats: Result<Vec<_>> = cpus.map(|&cpu| StatsText::read(self.instance.files(), cpu)).collect();
        let (stats, unreadable) = match stats {
            Ok(stats) => (stats, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        progress.step("switching the function tracer off");
        let error = read.into_iter().chain(stopped.err()).chain(unreadable).chain(left).next();
        let (tgids, names) = (thread_groups(&self.top), command_names(&self.top));
        let (tgids, names) = (tgids.into_iter().collect(), names.into_iter().collect());
        WoundUp { end, exit, stats, tgids, names, error }
    }
}
