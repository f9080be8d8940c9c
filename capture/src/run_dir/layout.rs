//! Names of the files of a run directory.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{CaptureError, Result};

/// Names of files that are being written start and end like this.
pub(super) const TEMPORARY_PREFIX: &str = ".hap-";
/// See [`TEMPORARY_PREFIX`].
pub(super) const TEMPORARY_SUFFIX: &str = ".tmp";

/// A run directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDir {
    path: PathBuf,
}

impl RunDir {
    /// Makes the directory for a new recording; refuses one that holds a run or a recording.
    pub fn create(path: &Path) -> Result<Self> {
        fs::create_dir_all(path).map_err(|source| CaptureError::io(path, source))?;
        let dir = Self::open(path);
        let taken = [dir.trace_dat(), dir.run_json(), dir.state()].iter().any(|file| file.exists());
        if taken { Err(CaptureError::RunExists(path.to_owned())) } else { Ok(dir) }
    }

    /// A directory that is there.
    pub fn open(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The finished trace.
    pub fn trace_dat(&self) -> PathBuf {
        self.path.join("trace.dat")
    }

    /// What is known of the run.
    pub fn run_json(&self) -> PathBuf {
        self.path.join("run.json")
    }

    /// What is known of a run that is not finished.
    pub fn state(&self) -> PathBuf {
        self.path.join("recording.json")
    }

    /// The kernel's texts.
    pub fn metadata(&self) -> PathBuf {
        self.path.join("metadata.dat")
    }

    /// Phase marks and counts of the driver.
    pub fn marks(&self) -> PathBuf {
        self.path.join("marks.jsonl")
    }

    /// A segment of a CPU's trace data that is not compressed yet.
    pub fn spool(&self, cpu: u32, segment: u64) -> PathBuf {
        self.path.join(format!("cpu{cpu}.raw.{segment}"))
    }

    /// The segments of a CPU that are there, sorted.
    pub fn spool_segments(&self, cpu: u32) -> Result<Vec<u64>> {
        let prefix = format!("cpu{cpu}.raw.");
        self.numbers(|name| name.strip_prefix(&prefix)?.parse().ok())
    }

    /// The files of these segments.
    pub fn spool_files(&self, cpu: u32) -> Result<Vec<PathBuf>> {
        Ok(self.spool_segments(cpu)?.into_iter().map(|segment| self.spool(cpu, segment)).collect())
    }

    /// Compressed trace data of a CPU.
    pub fn part(&self, cpu: u32) -> PathBuf {
        self.path.join(format!("cpu{cpu}.part"))
    }

    /// The CPUs that have trace data, sorted.
    pub fn parts(&self) -> Result<Vec<u32>> {
        self.numbers(|name| name.strip_prefix("cpu")?.strip_suffix(".part")?.parse().ok())
    }

    /// The numbers that the names of files stand for, sorted.
    fn numbers<N: Ord>(&self, number: impl Fn(&str) -> Option<N>) -> Result<Vec<N>> {
        let entries = fs::read_dir(&self.path).map_err(|source| CaptureError::io(&self.path, source))?;
        let mut numbers: Vec<_> = entries.filter_map(|entry| number(entry.ok()?.file_name().to_str()?)).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Removes files that a killed recorder has not given their names yet.
    pub fn remove_temporary_files(&self) -> Result<()> {
        let entries = fs::read_dir(&self.path).map_err(|source| CaptureError::io(&self.path, source))?;
        for path in entries.flatten().map(|entry| entry.path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with(TEMPORARY_PREFIX) && name.ends_with(TEMPORARY_SUFFIX) {
                fs::remove_file(&path).map_err(|source| CaptureError::io(&path, source))?;
            }
        }
        Ok(())
    }

    /// Removes what only a recording needs. What is in the way tells, what is gone already does not.
    pub fn remove_working_files(&self) -> Result<()> {
        let mut files = Vec::new();
        for cpu in self.parts()? {
            files.extend(self.spool_files(cpu)?);
            files.push(self.part(cpu));
        }
        for file in files.into_iter().chain([self.metadata(), self.marks(), self.state()]) {
            match fs::remove_file(&file) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    return Err(CaptureError::io(&file, source));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::RunDir;
    use crate::error::CaptureError;

    #[test]
    fn a_directory_with_a_run_or_a_recording_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b");
        let dir = RunDir::create(&path).unwrap();
        assert!(RunDir::create(&path).is_ok());
        std::fs::write(dir.state(), "{}").unwrap();
        assert!(matches!(RunDir::create(&path), Err(CaptureError::RunExists(_))));
    }

    #[test]
    fn working_files_go_and_the_run_stays() {
        let root = tempfile::tempdir().unwrap();
        let dir = RunDir::open(root.path());
        for file in
            [dir.part(0), dir.spool(0, 12), dir.part(11), dir.metadata(), dir.state(), dir.trace_dat(), dir.run_json()]
        {
            std::fs::write(file, "").unwrap();
        }
        assert_eq!(dir.parts().unwrap(), [0, 11]);
        dir.remove_working_files().unwrap();
        let mut left: Vec<_> =
            std::fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["run.json", "trace.dat"]);
    }
}
