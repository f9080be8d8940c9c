//! Where the measured host shows itself: `/proc`, `/sys`, the control groups.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::{CaptureError, Result};

/// A host, seen through its file systems. Tests put a tree of plain files in its place.
#[derive(Clone, Debug)]
pub struct Host {
    root: PathBuf,
}

impl Default for Host {
    /// The host that this program runs on.
    fn default() -> Self {
        Self::at("/")
    }
}

impl Host {
    /// A host whose file systems are mounted below `root`.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// A path of the host; `path` has no leading slash.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join(path)
    }

    /// A path below `/proc`.
    pub fn proc(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join("proc").join(path)
    }

    /// The text of a file, its last line break cut off; none when it cannot be read.
    pub fn text(&self, path: impl AsRef<Path>) -> Option<String> {
        let text = read_whole(&self.path(path)).ok()?;
        Some(String::from_utf8_lossy(&text).trim_end_matches('\n').to_owned())
    }

    /// The bytes of a file.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Vec<u8>> {
        let path = self.path(path);
        read_whole(&path).map_err(|source| CaptureError::io(&path, source))
    }

    /// The CPUs that are online, as far as the host tells; never empty.
    pub fn online_cpus(&self) -> Vec<u32> {
        let cpus = self.text("sys/devices/system/cpu/online").map(|text| cpu_list(&text)).unwrap_or_default();
        if cpus.is_empty() { vec![0] } else { cpus }
    }
}

/// Bytes asked for at once.
const READ_SIZE: usize = 1 << 16;

/// The bytes of a file that the kernel makes up. Some, such as `events/header_page`, give what fits into the first read
/// and nothing afterwards, so that the short probing reads of the standard library would cut them.
pub(crate) fn read_whole(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let mut bytes = Vec::new();
    let mut room = vec![0; READ_SIZE];
    loop {
        match file.read(&mut room) {
            Ok(0) => return Ok(bytes),
            Ok(count) => bytes.extend_from_slice(room.get(..count).unwrap_or(&room)),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Largest CPU number of Linux, so that a list cannot ask for more memory than that.
const MAX_CPUS: u32 = 8192;

/// The numbers of a list such as `0-3,8`.
fn cpu_list(text: &str) -> Vec<u32> {
    let ranges = text.trim().split(',').filter_map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some(first.parse::<u32>().ok()?..=last.parse::<u32>().ok()?.min(MAX_CPUS))
    });
    ranges.flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::cpu_list;

    #[test]
    fn a_cpu_list_has_numbers_and_ranges() {
        assert_eq!(cpu_list("0-2,8,10-11\n"), [0, 1, 2, 8, 10, 11]);
        assert_eq!(cpu_list(""), [] as [u32; 0]);
    }
}
