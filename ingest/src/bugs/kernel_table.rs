//! Which kernel table of the dataset the bugs belong to.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::BugsError;
use super::version::Version;
use crate::read::{ReadError, TableColumns};

/// A kernel table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KernelTable {
    pub(super) build_id: String,
    /// `uname -r`.
    pub(super) release: Option<String>,
    /// Path of table `functions`.
    pub(super) functions: PathBuf,
}

/// The kernel table with this build id, or else the only one of the release's series.
pub(super) fn find_kernel(dataset: &Path, release: Version, build_id: Option<&str>) -> Result<KernelTable, BugsError> {
    let folder = dataset.join("kernels");
    if let Some(build_id) = build_id {
        return chosen(&folder, build_id);
    }
    let mut fitting = Vec::new();
    for path in kernel_folders(&folder).map_err(|error| BugsError::io(&folder, error))? {
        let table = read_kernel(&path)?;
        let series = table.release.as_deref().and_then(Version::of_release);
        if series.is_some_and(|series| series.same_series(release)) {
            fitting.push(table);
        }
    }
    if fitting.len() > 1 {
        let build_ids = fitting.into_iter().map(|table| table.build_id).collect();
        return Err(BugsError::SeveralKernels { series: series_name(release), build_ids });
    }
    fitting.pop().ok_or_else(|| BugsError::NoKernel { path: folder, series: series_name(release) })
}

fn chosen(folder: &Path, build_id: &str) -> Result<KernelTable, BugsError> {
    // Only of a name that cannot lead out of the folder.
    let path = folder.join(format!("build_id={}", build_id.replace(['/', '\0'], "")));
    if path.join("kernel.parquet").is_file() { Ok(read_kernel(&path)?) } else { Err(BugsError::NoSuchKernel { path }) }
}

/// Folders of kernel tables, sorted.
fn kernel_folders(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut folders = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    folders.retain(|path| path.join("kernel.parquet").is_file());
    folders.sort();
    Ok(folders)
}

fn read_kernel(folder: &Path) -> Result<KernelTable, ReadError> {
    let path = folder.join("kernel.parquet");
    let columns = TableColumns::read(&path, &["build_id", "release"])?;
    let first = |name| Ok(columns.texts(name)?.into_iter().next().flatten());
    let build_id =
        first("build_id")?.ok_or(ReadError::Decode { path: path.clone(), detail: "no build_id".to_owned() })?;
    Ok(KernelTable { build_id, release: first("release")?, functions: folder.join("functions.parquet") })
}

fn series_name(release: Version) -> String {
    // A candidate is of the series, too.
    let name = release.base().to_string();
    name.split("-rc").next().unwrap_or_default().to_owned()
}
