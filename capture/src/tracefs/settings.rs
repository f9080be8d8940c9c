//! Reading and writing single files of tracefs.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::{CaptureError, Result};
use crate::host::{Host, read_whole};

/// Where tracefs may be mounted.
const MOUNT_POINTS: [&str; 2] = ["sys/kernel/tracing", "sys/kernel/debug/tracing"];
/// The kernel splits what is written to pid files at pages; pieces stay well below.
const PIDS_AT_ONCE: usize = 128;

/// A directory of tracefs: the top level or an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracefs {
    path: PathBuf,
}

impl Tracefs {
    /// The top level.
    pub fn find(host: &Host) -> Result<Self> {
        let mounted = |path: &PathBuf| path.join("available_tracers").exists();
        let path = MOUNT_POINTS.iter().map(|point| host.path(point)).find(mounted);
        path.map(Self::at).ok_or(CaptureError::NoTracefs)
    }

    /// The files below `path`.
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// The path of a file.
    pub fn path(&self, file: impl AsRef<Path>) -> PathBuf {
        self.path.join(file)
    }

    /// Whether the kernel has the file.
    pub fn has(&self, file: impl AsRef<Path>) -> bool {
        self.path(file).exists()
    }

    /// The bytes of a file.
    pub fn bytes(&self, file: impl AsRef<Path>) -> Result<Vec<u8>> {
        let path = self.path(file);
        read_whole(&path).map_err(|source| CaptureError::io(&path, source))
    }

    /// The text of a file, without blanks around it.
    pub fn text(&self, file: impl AsRef<Path>) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.bytes(file)?).trim().to_owned())
    }

    /// Writes a setting. The file must exist: tracefs makes none.
    pub fn write(&self, file: impl AsRef<Path>, text: &str) -> Result<()> {
        self.put(file.as_ref(), text, OpenOptions::new().write(true).truncate(true))
    }

    /// Adds threads to a file of thread ids.
    pub fn add_pids(&self, file: impl AsRef<Path>, pids: &[i32]) -> Result<()> {
        for pids in pids.chunks(PIDS_AT_ONCE) {
            let words: Vec<_> = pids.iter().map(i32::to_string).collect();
            let text = words.join(" ") + " ";
            self.put(file.as_ref(), &text, OpenOptions::new().append(true))?;
        }
        Ok(())
    }

    /// Names of the entries of a directory, sorted.
    pub fn entries(&self, directory: impl AsRef<Path>) -> Result<Vec<String>> {
        let path = self.path(directory);
        let entries = fs::read_dir(&path).map_err(|source| CaptureError::io(&path, source))?;
        let mut names: Vec<_> =
            entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned())).collect();
        names.sort();
        Ok(names)
    }

    fn put(&self, file: &Path, text: &str, how: &OpenOptions) -> Result<()> {
        let path = self.path(file);
        let written = how.open(&path).and_then(|mut open| open.write_all(text.as_bytes()));
        written.map_err(|source| CaptureError::Setting { path, text: text.trim_end().to_owned(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::Tracefs;
    use crate::error::CaptureError;
    use crate::host::Host;

    #[test]
    fn tracefs_is_found_at_either_mount_point_and_its_lack_is_told() {
        let root = tempfile::tempdir().unwrap();
        let host = Host::at(root.path());
        assert!(matches!(Tracefs::find(&host), Err(CaptureError::NoTracefs)));
        let debug = root.path().join("sys/kernel/debug/tracing");
        std::fs::create_dir_all(&debug).unwrap();
        std::fs::write(debug.join("available_tracers"), "function nop\n").unwrap();
        assert_eq!(Tracefs::find(&host).unwrap().path(""), debug.join(""));
    }

    #[test]
    fn settings_replace_pids_are_added_and_a_file_that_the_kernel_lacks_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        let tracefs = Tracefs::at(root.path().to_owned());
        std::fs::write(root.path().join("clock"), "local and longer").unwrap();
        tracefs.write("clock", "mono").unwrap();
        assert_eq!(tracefs.text("clock").unwrap(), "mono");
        std::fs::write(root.path().join("pids"), "").unwrap();
        tracefs.add_pids("pids", &(1..=130).collect::<Vec<_>>()).unwrap();
        let expected: Vec<_> = (1..=130).map(|pid| pid.to_string()).collect();
        assert_eq!(tracefs.text("pids").unwrap(), expected.join(" "));
        assert!(matches!(tracefs.write("missing", "1"), Err(CaptureError::Setting { .. })));
    }
}
