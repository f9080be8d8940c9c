//! Brings what was written to the disk while a recording runs, so that a power cut costs little.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::reader::{CpuPosition, ReaderState};
use crate::run_dir::Spool;

/// Pause between two rounds.
const PAUSE: Duration = Duration::from_millis(500);
/// The same while compression waits: writing to the disk takes CPU time too, and what is compressed soon need not be written as it is.
const DEFERRED_PAUSE: Duration = Duration::from_secs(5);

/// Files of one CPU.
#[derive(Debug)]
pub(super) struct CpuFiles {
    spool: Spool,
    part: File,
    position: Arc<CpuPosition>,
}

impl CpuFiles {
    pub(super) fn new(spool: Spool, part: File, position: &Arc<CpuPosition>) -> Self {
        Self { spool, part, position: Arc::clone(position) }
    }

    fn sync(&self) {
        let compressed = self.position.compressed.load(Ordering::Acquire);
        // A disk that fails shows at the next write.
        let _ = self.part.sync_data();
        self.spool.sync(compressed, self.position.drained.load(Ordering::Acquire));
    }
}

/// The thread that does it. Readers do not wait for the disk.
#[derive(Debug)]
pub(super) struct Syncer {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Syncer {
    /// Starts on these files. Without a thread the system brings them to the disk in its own time.
    pub(super) fn start(files: Vec<CpuFiles>, state: Arc<ReaderState>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let work = move || {
            while !flag.load(Ordering::Relaxed) {
                files.iter().for_each(CpuFiles::sync);
                let is_deferred = state.may_wait.load(Ordering::Relaxed) > 0;
                std::thread::park_timeout(if is_deferred { DEFERRED_PAUSE } else { PAUSE });
            }
        };
        let thread = std::thread::Builder::new().name("sync".to_owned()).spawn(work).ok();
        Self { stop, thread }
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}
