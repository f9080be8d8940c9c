//! Which kernel table of the dataset a run belongs to.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use arrow_array::Array;
use arrow_array::cast::AsArray;
use hap_ftrace::Kallsyms;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::fingerprint::kernel_fingerprint;

/// The fingerprint of the kernel that the symbols are of; none without the marks around its code.
pub(crate) fn fingerprint(kallsyms: &Kallsyms) -> Option<String> {
    let mark = |name: &str| {
        let mut symbols = kallsyms.symbols();
        symbols.find(|symbol| symbol.module.is_none() && symbol.name == name).map(|symbol| symbol.address)
    };
    let (base, start, end) = (kallsyms.text_base()?, mark("_stext")?, mark("_etext")?);
    let global = kallsyms.symbols().filter(|symbol| symbol.module.is_none() && symbol.kind == b'T');
    let text = global.filter(|symbol| (start..end).contains(&symbol.address));
    Some(kernel_fingerprint(text.map(|symbol| (symbol.address.wrapping_sub(base), symbol.name))))
}

/// The machine whose system-call entry functions the kernel has, for captures that do not name it.
pub(crate) fn arch_of(kallsyms: &Kallsyms) -> Option<String> {
    let marks = [("__x64_sys_read", "x86_64"), ("__arm64_sys_read", "aarch64")];
    let found = marks.iter().find(|(name, _)| kallsyms.symbols().any(|symbol| symbol.name == *name));
    found.map(|(_, arch)| (*arch).to_owned())
}

/// Build ids and fingerprints of the kernel tables in a dataset.
pub(crate) fn kernel_tables(dataset: &Path) -> io::Result<Vec<(String, String)>> {
    let folder = dataset.join("kernels");
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.map(|entry| entry.path().join("kernel.parquet"))).collect::<Result<_, _>>()?;
    files.sort();
    files.iter().filter(|file| file.exists()).map(|file| kernel_table(file)).collect()
}

fn kernel_table(path: &Path) -> io::Result<(String, String)> {
    let bad = |detail: String| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {detail}", path.display()));
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)
        .and_then(ParquetRecordBatchReaderBuilder::build)
        .map_err(|error| bad(error.to_string()))?;
    let batch =
        reader.into_iter().next().ok_or_else(|| bad("no row".to_owned()))?.map_err(|error| bad(error.to_string()))?;
    let text = |name: &str| {
        let column = batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
        let value = column.filter(|column| !column.is_empty()).map(|column| column.value(0).to_owned());
        value.ok_or_else(|| bad(format!("no column {name}")))
    };
    Ok((text("build_id")?, text("kernel_fingerprint")?))
}
