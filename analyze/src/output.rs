//! Where results go: the only place that writes. Results to stdout or a file, everything else to stderr.

use std::fs::Permissions;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use hap_schemas::Exit;
use tempfile::Builder;

use crate::{Error, Result};

/// The answer of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The result, as text or as a file.
    pub body: Vec<u8>,
    /// File for the result; none: stdout.
    pub out: Option<PathBuf>,
    /// What to tell beside it.
    pub notes: Vec<String>,
    /// How the command ended.
    pub exit: Exit,
}

/// Writes notes and result.
pub fn deliver(report: &Report) -> Result<()> {
    for note in &report.notes {
        complain(note);
    }
    match &report.out {
        Some(path) => write_file(path, &report.body).map_err(|source| Error::Io { path: path.clone(), source }),
        None => write_stdout(&report.body).map_err(Error::Stdout),
    }
}

/// One line on stderr, without which the work goes on: a closed stderr is no reason to lose the result.
pub fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "hap-analyze: {text}");
}

fn write_stdout(body: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(body)?;
    stdout.flush()
}

/// Replaces a file as a whole: a job that is killed leaves the old one or the new one.
fn write_file(path: &Path, body: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A temporary file is private by default; a result is a file like any other, with the user's mask.
    let mut file = Builder::new().permissions(Permissions::from_mode(0o666)).tempfile_in(folder)?;
    file.write_all(body)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
