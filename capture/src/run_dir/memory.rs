//! The part of a spool that is in memory: files of a tmpfs, which outlive a recorder that is killed.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;

use super::RunDir;
use crate::disk::free_space;
use crate::error::{CaptureError, Result};
use crate::host::Host;

/// Where Linux systems have their tmpfs for shared memory.
const FOLDER: &str = "dev/shm";

/// A folder in memory for the spools of one recording; none where the host has no place for it.
#[derive(Clone, Debug, Default)]
pub struct SpoolMemory {
    dir: Option<RunDir>,
    /// Bytes that may wait in memory for each CPU.
    limit: u64,
}

impl SpoolMemory {
    /// Makes the folder. It has the name of the tracing instance, which is the recorder's alone; only root can look into it.
    pub fn create(host: &Host, instance: &str, limit: u64) -> Self {
        let path = host.path(FOLDER).join(instance);
        let made = DirBuilder::new().mode(0o700).create(&path);
        Self { dir: made.ok().map(|()| RunDir::open(&path)), limit }
    }

    /// What a killed recorder has left. Nothing more goes into it.
    pub fn left_by(host: &Host, instance: &str) -> Self {
        let path = host.path(FOLDER).join(instance);
        Self { dir: path.is_dir().then(|| RunDir::open(&path)), limit: 0 }
    }

    /// Bytes that may wait in memory for each CPU; 0 without a folder.
    pub fn limit(&self) -> u64 {
        if self.dir.is_some() { self.limit } else { 0 }
    }

    /// The folder.
    pub(super) fn dir(&self) -> Option<&RunDir> {
        self.dir.as_ref()
    }

    /// Whether a segment may go there when so many bytes of its CPU wait to be compressed.
    pub(super) fn has_room(&self, waiting: u64, segment: u64) -> bool {
        let free = |dir: &RunDir| free_space(dir.path()).unwrap_or(0);
        // Half of what is free is left to others.
        waiting + segment <= self.limit && self.dir().is_some_and(|dir| free(dir) / 2 >= segment)
    }

    /// Removes the folder with the segments of all CPUs of the run.
    pub fn remove(&self, run: &RunDir) -> Result<()> {
        let Some(dir) = self.dir() else { return Ok(()) };
        for cpu in run.parts()? {
            for path in dir.spool_files(cpu)? {
                fs::remove_file(&path).map_err(|source| CaptureError::io(&path, source))?;
            }
        }
        fs::remove_dir(dir.path()).map_err(|source| CaptureError::io(dir.path(), source))
    }
}

#[cfg(test)]
mod tests {
    use super::SpoolMemory;
    use crate::host::Host;
    use crate::run_dir::RunDir;

    #[test]
    fn a_segment_has_room_up_to_the_limit_and_nowhere_without_a_folder() {
        let host = tempfile::tempdir().unwrap();
        let at = Host::at(host.path());
        let nowhere = SpoolMemory::create(&at, "hap-7", 100);
        assert!(!nowhere.has_room(0, 1));
        std::fs::create_dir_all(host.path().join("dev/shm")).unwrap();
        let memory = SpoolMemory::create(&at, "hap-7", 100);
        assert!(memory.has_room(60, 40));
        assert!(!memory.has_room(61, 40));
        assert!(!memory.has_room(0, u64::MAX / 4));
        // A folder of that name is somebody else's.
        assert!(!SpoolMemory::create(&at, "hap-7", 100).has_room(0, 1));
        let run = tempfile::tempdir().unwrap();
        memory.remove(&RunDir::open(run.path())).unwrap();
        assert!(!SpoolMemory::left_by(&at, "hap-7").has_room(0, 0));
    }
}
