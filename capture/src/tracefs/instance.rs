//! A tracing instance of one's own, so that other users of tracing are not disturbed.

use std::fs;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Tracefs;
use crate::clock::TRACE_CLOCK;
use crate::error::{CaptureError, Result};

/// Of the settings that a recording needs this one alone exists at the top level only.
const TOP_LEVEL_OPTION: &str = "options/record-cmd";
/// Options of the instance that a recording needs: thread groups, and children of traced threads.
const INSTANCE_OPTIONS: [&str; 3] = ["record-tgid", "function-fork", "event-fork"];
/// Instances are called this and the recorder's process id.
const INSTANCE_PREFIX: &str = "hap-";
/// How often the removal of an instance is tried: the kernel refuses while it frees the last reader.
const REMOVALS: u32 = 100;
/// Pause between tries.
const REMOVAL_PAUSE: Duration = Duration::from_millis(50);
/// The ring buffer wakes its reader when it is this full, in per cent: to wake costs the sandbox time, and the rest holds
/// what comes until the reader runs.
const WAKE_AT_PERCENT: &str = "50";

/// What must be put back when a recording ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restore {
    /// Name of the instance, to be removed.
    pub instance: String,
    /// Files of the top level with their old text.
    pub settings: Vec<(String, String)>,
}

/// How an instance records.
#[derive(Clone, Debug)]
pub struct InstanceOptions {
    /// Ring buffer of each CPU in KiB.
    pub buffer_kb: u64,
    /// Whether system calls are recorded.
    pub syscalls: bool,
}

/// A tracing instance. Dropped, it is removed and everything else in tracefs is as it was found.
#[derive(Debug)]
pub struct Instance {
    top: Tracefs,
    files: Tracefs,
    restore: Restore,
    removed: bool,
}

impl Restore {
    /// What the recording of this process will change.
    pub fn plan(top: &Tracefs, pid: u32) -> Result<Self> {
        let instance = format!("{INSTANCE_PREFIX}{pid}");
        let mut settings = Vec::new();
        if top.has(TOP_LEVEL_OPTION) {
            settings.push((TOP_LEVEL_OPTION.to_owned(), top.text(TOP_LEVEL_OPTION)?));
        }
        Ok(Self { instance, settings })
    }

    /// Whether a recorder can have written this: it comes from a file, and decides what root removes and writes.
    pub fn is_sound(&self) -> bool {
        let number = self.instance.strip_prefix(INSTANCE_PREFIX).unwrap_or("");
        let is_instance = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        is_instance && self.settings.iter().all(|(file, _)| file == TOP_LEVEL_OPTION)
    }
}

impl Instance {
    /// Makes the instance.
    pub fn create(top: &Tracefs, restore: Restore) -> Result<Self> {
        let path = top.path("instances").join(&restore.instance);
        fs::create_dir(&path).map_err(|source| CaptureError::io(&path, source))?;
        Ok(Self::open(top, restore))
    }

    /// An instance that is there already, left by a recorder that was killed.
    pub fn open(top: &Tracefs, restore: Restore) -> Self {
        let files = Tracefs::at(top.path("instances").join(&restore.instance));
        Self { top: top.clone(), files, restore, removed: false }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.restore.instance
    }

    /// Its files.
    pub fn files(&self) -> &Tracefs {
        &self.files
    }

    /// Sets everything but the tracer. The instance does not record yet. Gives the names of the events that it will.
    pub fn configure(&self, options: &InstanceOptions) -> Result<Vec<String>> {
        self.files.write("tracing_on", "0")?;
        self.files.write("trace_clock", TRACE_CLOCK)?;
        self.files.write("buffer_size_kb", &options.buffer_kb.to_string())?;
        if self.files.has("buffer_percent") {
            self.files.write("buffer_percent", WAKE_AT_PERCENT)?;
        }
        for option in INSTANCE_OPTIONS {
            self.files.write(format!("options/{option}"), "1")?;
        }
        if self.top.has(TOP_LEVEL_OPTION) && self.top.text(TOP_LEVEL_OPTION)? != "1" {
            self.top.write(TOP_LEVEL_OPTION, "1")?;
        }
        self.enable_events(options.syscalls)
    }

    fn enable_events(&self, syscalls: bool) -> Result<Vec<String>> {
        let mut events = Vec::new();
        let sched = self.files.entries("events/sched")?;
        events
            .extend(sched.iter().filter(|name| name.starts_with("sched_process_")).map(|name| format!("sched/{name}")));
        if syscalls {
            events.extend(["raw_syscalls/sys_enter".to_owned(), "raw_syscalls/sys_exit".to_owned()]);
        }
        for event in &events {
            self.files.write(format!("events/{event}/enable"), "1")?;
        }
        Ok(events.into_iter().map(|event| event.replace('/', ":")).collect())
    }

    /// Follows these threads and, from now on, their children.
    pub fn follow(&self, threads: &[i32]) -> Result<()> {
        self.files.add_pids("set_event_pid", threads)?;
        self.files.add_pids("set_ftrace_pid", threads)
    }

    /// Patches the function tracer in: seconds on a slow machine.
    pub fn arm(&self) -> Result<()> {
        self.files.write("current_tracer", "function")
    }

    /// Starts to record.
    pub fn start(&self) -> Result<()> {
        self.files.write("tracing_on", "1")
    }

    /// Stops to record. What is in the ring buffers stays there.
    pub fn stop(&self) -> Result<()> {
        self.files.write("tracing_on", "0")
    }

    /// Removes the instance and puts the settings of the top level back. All its files must be closed.
    pub fn remove(mut self) -> Result<()> {
        self.undo()
    }

    fn undo(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.removed, true) {
            return Ok(());
        }
        let removed = if self.files.has("") { self.remove_directory() } else { Ok(()) };
        for (file, text) in &self.restore.settings {
            if self.top.text(file)? != *text {
                self.top.write(file, text)?;
            }
        }
        removed
    }

    fn remove_directory(&self) -> Result<()> {
        // Errors of these two show again, and are told, when the directory is removed.
        let _ = self.files.write("tracing_on", "0");
        let _ = self.files.write("current_tracer", "nop");
        let path = self.files.path("");
        let mut removed = fs::remove_dir(&path);
        for _ in 0..REMOVALS {
            if removed.is_ok() {
                break;
            }
            thread::sleep(REMOVAL_PAUSE);
            removed = fs::remove_dir(&path);
        }
        removed.map_err(|source| CaptureError::io(&path, source))
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let undone = self.undo();
        if let Err(error) = undone {
            crate::cli::note(format_args!("warning: tracing is not as it was found: {error}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{Instance, InstanceOptions, Restore};
    use crate::tracefs::Tracefs;

    fn write(root: &Path, file: &str, text: &str) {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A top level with an instance `hap-7`, as the kernel makes it.
    fn tree() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), "options/record-cmd", "0\n");
        for (file, text) in [
            ("tracing_on", "1"),
            ("trace_clock", "[local] mono"),
            ("buffer_size_kb", "7 (expanded: 1408)"),
            ("buffer_percent", "50"),
            ("current_tracer", "nop"),
            ("set_event_pid", ""),
            ("set_ftrace_pid", ""),
            ("options/record-tgid", "0"),
            ("options/function-fork", "0"),
            ("options/event-fork", "0"),
            ("events/raw_syscalls/sys_enter/enable", "0"),
            ("events/raw_syscalls/sys_exit/enable", "0"),
            ("events/sched/sched_process_fork/enable", "0"),
            ("events/sched/sched_switch/enable", "0"),
        ] {
            write(&root.path().join("instances/hap-7"), file, text);
        }
        root
    }

    #[test]
    fn an_instance_is_set_up_for_a_recording_and_records_only_when_started() {
        let root = tree();
        let top = Tracefs::at(root.path().to_owned());
        let restore = Restore::plan(&top, 7).unwrap();
        let instance = Instance::open(&top, restore);
        let events = instance.configure(&InstanceOptions { buffer_kb: 4000, syscalls: true }).unwrap();
        assert_eq!(events, ["sched:sched_process_fork", "raw_syscalls:sys_enter", "raw_syscalls:sys_exit"]);
        instance.follow(&[7, 8]).unwrap();
        instance.arm().unwrap();
        let files =
            ["tracing_on", "trace_clock", "buffer_size_kb", "current_tracer", "set_event_pid", "set_ftrace_pid"];
        let texts = files.map(|file| instance.files().text(file).unwrap());
        assert_eq!(texts, ["0", "mono", "4000", "function", "7 8", "7 8"]);
        let on = ["options/record-tgid", "options/function-fork", "options/event-fork"];
        assert_eq!(on.map(|file| instance.files().text(file).unwrap()), ["1", "1", "1"]);
        assert_eq!(instance.files().text("events/sched/sched_switch/enable").unwrap(), "0");
        assert_eq!(top.text("options/record-cmd").unwrap(), "1");
        instance.start().unwrap();
        assert_eq!(instance.files().text("tracing_on").unwrap(), "1");
        instance.stop().unwrap();
        assert_eq!(instance.files().text("tracing_on").unwrap(), "0");
        // A plain directory cannot be removed like an instance: the real thing does not have its files left.
        fs::remove_dir_all(root.path().join("instances/hap-7")).unwrap();
    }

    #[test]
    fn a_dropped_instance_puts_the_top_level_back_and_is_gone() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), "options/record-cmd", "0\n");
        fs::create_dir_all(root.path().join("instances")).unwrap();
        let top = Tracefs::at(root.path().to_owned());
        let instance = Instance::create(&top, Restore::plan(&top, 7).unwrap()).unwrap();
        assert!(top.has("instances/hap-7"));
        top.write("options/record-cmd", "1").unwrap();
        drop(instance);
        assert!(!top.has("instances/hap-7"));
        assert_eq!(top.text("options/record-cmd").unwrap(), "0");
    }
}
