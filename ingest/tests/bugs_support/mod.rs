//! A dataset with a small kernel, hand-made records, and `hap-ingest bugs`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_cast::cast;
use arrow_schema::DataType;
use hap_ingest::write::columns::{bools, dictionary, doubles, ints, longs, texts};
use hap_ingest::write::{FileMetadata, TableFile};
use hap_schemas::tables::{KERNEL, KERNEL_FUNCTIONS};
use hap_schemas::{Column, ColumnType, Table};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tempfile::TempDir;

/// Build id of the small kernel.
pub(crate) const BUILD_ID: &str = "00ff";

/// Functions of the small kernel: module, address, name, file, declaration line, lines.
pub(crate) const FUNCTIONS: [(&str, i64, &str, &str, i32, i32); 7] = [
    ("vmlinux", 16, "foo_open", "fs/foo/open.c", 10, 20),
    ("vmlinux", 64, "foo_close", "fs/foo/open.c", 40, 30),
    ("vmlinux", 128, "foo_read", "fs/foo/read.c", 5, 50),
    ("foo", 0, "foo_init", "fs/foo/main.c", 7, 10),
    ("bar", 0, "bar_send", "net/bar/send.c", 3, 40),
    ("bar", 80, "helper_get", "include/net/helper.h", 1, 5),
    ("foo", 80, "helper_get", "include/net/helper.h", 1, 5),
];

/// Arguments of a run of `hap-ingest bugs`, and how it ended.
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stderr: String,
}

/// A dataset and a folder of records, gone with the test.
pub(crate) struct Setting {
    folder: TempDir,
}

impl Setting {
    /// With the small kernel, of this `uname -r`.
    pub(crate) fn new(kernel_release: &str) -> Self {
        let setting = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(setting.records()).unwrap();
        setting.add_kernel(BUILD_ID, kernel_release);
        setting
    }

    pub(crate) fn dataset(&self) -> PathBuf {
        self.folder.path().join("dataset")
    }

    pub(crate) fn records(&self) -> PathBuf {
        self.folder.path().join("records")
    }

    /// Writes a kernel table: columns that are not given are null, zero or empty.
    pub(crate) fn add_kernel(&self, build_id: &str, release: &str) {
        let folder = self.dataset().join("kernels").join(format!("build_id={build_id}"));
        write(&folder, &KERNEL, 1, |name| match name {
            "build_id" => Some(texts([Some(build_id)])),
            "release" => Some(texts([Some(release)])),
            _ => None,
        });
        write(&folder, &KERNEL_FUNCTIONS, FUNCTIONS.len(), |name| {
            let rows = FUNCTIONS.iter();
            Some(match name {
                "module" => dictionary(rows.map(|row| Some(row.0))).unwrap(),
                "address" | "source_address" => longs(rows.map(|row| Some(row.1))),
                "function" => texts(rows.map(|row| Some(row.2))),
                "file" => dictionary(rows.map(|row| Some(row.3))).unwrap(),
                "line" => ints(rows.map(|row| Some(row.4))),
                "lines" => ints(rows.map(|row| Some(row.5))),
                _ => return None,
            })
        });
    }

    /// Adds a record and its dyad file.
    pub(crate) fn add(&self, id: &str, title: &str, body: &str, files: &[&str], dyad: &str) {
        let text = format!("In the Linux kernel, the following vulnerability has been resolved:\n\n{title}\n\n{body}");
        let json = serde_json::json!({
            "cveMetadata": {"cveId": id, "state": "PUBLISHED"},
            "containers": {"cna": {"title": title, "descriptions": [{"lang": "en", "value": text}], "affected": [{"programFiles": files}]}},
        });
        self.add_file(&format!("{id}.json"), &json.to_string());
        self.add_file(&format!("{id}.dyad"), dyad);
    }

    pub(crate) fn add_file(&self, name: &str, content: &str) {
        fs::write(self.records().join(name), content).unwrap();
    }

    /// Runs `hap-ingest bugs` for release 6.1 on the folder of records.
    pub(crate) fn ingest(&self, arguments: &[&str]) -> Outcome {
        self.ingest_from(&self.records(), arguments)
    }

    /// Runs `hap-ingest bugs` for release 6.1; nothing may come on stdout.
    pub(crate) fn ingest_from(&self, records: &Path, arguments: &[&str]) -> Outcome {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hap-ingest"));
        command.args(["bugs", "--release", "6.1", "--source-name", "x", "--cna"]).arg(records);
        let output = command.arg("--out").arg(self.dataset()).args(arguments).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "");
        let stderr = String::from_utf8(output.stderr).unwrap();
        Outcome { code: output.status.code(), stderr: stderr.replace(self.folder.path().to_str().unwrap(), "TMP") }
    }

    /// Where a table of source `x` stands.
    pub(crate) fn table_path(&self, name: &str) -> PathBuf {
        self.dataset().join("bugs/source=x").join(format!("{name}.parquet"))
    }

    /// Columns of a table of source `x`, as text.
    pub(crate) fn rows(&self, table: &str, columns: &[&str]) -> Vec<String> {
        let columns: Vec<_> = columns.iter().map(|column| column_texts(&self.table_path(table), column)).collect();
        let row = |row: usize| columns.iter().map(|column| column[row].clone()).collect::<Vec<_>>().join(" ");
        (0..columns[0].len()).map(row).collect()
    }

    /// A column of numbers.
    pub(crate) fn numbers(&self, table: &str, column: &str) -> Vec<f64> {
        let batches = batches(&self.table_path(table));
        let columns = batches.iter().map(|batch| cast(&batch[column], &DataType::Float64).unwrap());
        columns.flat_map(|column| column.as_primitive::<Float64Type>().values().to_vec()).collect()
    }
}

fn write(folder: &Path, table: &Table, rows: usize, column: impl Fn(&str) -> Option<ArrayRef>) {
    let mut file =
        TableFile::create(&folder.join(format!("{}.parquet", table.name)), table, &FileMetadata::default()).unwrap();
    file.write(table.columns.iter().map(|given| column(given.name).unwrap_or_else(|| filler(given, rows))).collect())
        .unwrap();
    file.finish().unwrap();
}

/// Nulls, or zeros and empty texts where there may be none.
fn filler(column: &Column, rows: usize) -> ArrayRef {
    let is_null = column.nullable;
    match column.kind {
        ColumnType::Bool => bools(vec![(!is_null).then_some(false); rows]),
        ColumnType::Int32 => ints(vec![(!is_null).then_some(0); rows]),
        ColumnType::Int64 => longs(vec![(!is_null).then_some(0); rows]),
        ColumnType::Float64 => doubles(vec![(!is_null).then_some(0.0); rows]),
        ColumnType::Utf8 => texts(vec![(!is_null).then_some(""); rows]),
        ColumnType::Dictionary => dictionary(vec![(!is_null).then_some(""); rows]).unwrap(),
        ColumnType::Counts | ColumnType::Labels => panic!("no such column in a kernel table"),
    }
}

fn batches(path: &Path) -> Vec<RecordBatch> {
    let file = fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    reader.map(Result::unwrap).collect()
}

fn column_texts(path: &Path, column: &str) -> Vec<String> {
    let texts = |batch: RecordBatch| {
        let column = cast(&batch[column], &DataType::Utf8).unwrap();
        let column = column.as_string::<i32>();
        (0..column.len())
            .map(|row| if column.is_null(row) { "-".to_owned() } else { column.value(row).to_owned() })
            .collect::<Vec<_>>()
    };
    batches(path).into_iter().flat_map(texts).collect()
}
