//! The file system of a folder: its free space, and how fast it writes.

use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

/// Bytes that are free for this user.
pub(crate) fn free_space(folder: &Path) -> io::Result<u64> {
    let found = rustix::fs::statvfs(folder)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Bytes a second to the disk, measured with so many bytes in a file that has no name and is gone afterwards.
pub(crate) fn write_speed(folder: &Path, bytes: usize) -> io::Result<f64> {
    let mut file = tempfile::tempfile_in(folder)?;
    // Bytes that no file system can compress away.
    let mut content = vec![0; bytes];
    blake3::Hasher::new().finalize_xof().fill(&mut content);
    let start = Instant::now();
    file.write_all(&content)?;
    file.sync_all()?;
    Ok(bytes as f64 / start.elapsed().as_secs_f64().max(1e-9))
}
