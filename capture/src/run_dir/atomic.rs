//! Files that appear whole or not at all.

use std::fs::File;
use std::io::{BufWriter, Seek, Write};
use std::path::Path;

use super::layout::{TEMPORARY_PREFIX, TEMPORARY_SUFFIX};
use crate::error::{CaptureError, Result};

/// Writes a file under a temporary name, brings it to the disk and gives it its name.
pub fn write_atomically<T>(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&mut File>) -> std::io::Result<T>,
) -> Result<T> {
    let io = |source| CaptureError::io(path, source);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    let mut file = builder.prefix(TEMPORARY_PREFIX).suffix(TEMPORARY_SUFFIX).tempfile_in(folder).map_err(io)?;
    let mut buffered = BufWriter::with_capacity(1 << 20, file.as_file_mut());
    let result = write(&mut buffered).map_err(io)?;
    buffered.flush().map_err(io)?;
    drop(buffered);
    let opened = file.as_file_mut();
    opened.rewind().map_err(io)?;
    // A temporary file is readable by its owner alone; a run is like any other file.
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    opened.set_permissions(mode).map_err(io)?;
    opened.sync_all().map_err(io)?;
    file.persist(path).map_err(|error| io(error.error))?;
    // The name is on the disk only when the folder is.
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)?;
    Ok(result)
}
