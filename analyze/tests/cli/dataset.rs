//! A small dataset on disk, as hap-ingest writes one: dictionary columns and metadata included.

#![expect(clippy::unwrap_used, reason = "these helpers run in tests only, where a panic is the report")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use hap_schemas::{ColumnType, SCHEMA_VERSION, Table, metadata_key, tables};
use polars::prelude::*;
use tempfile::TempDir;

/// A call of the fact table: pid, module, address, function, context, observer, calls.
pub(crate) type Fact = (i32, &'static str, i64, Option<&'static str>, &'static str, Option<&'static str>, i64);

/// A run to write.
#[derive(Clone, Default)]
pub(crate) struct TestRun {
    /// Run id.
    pub(crate) id: &'static str,
    /// Columns of `runs` that differ from null, 0 or empty, as text.
    pub(crate) columns: Vec<(&'static str, &'static str)>,
    /// Free labels.
    pub(crate) labels: Vec<(&'static str, &'static str)>,
    /// Listed threads: pid and role.
    pub(crate) threads: Vec<(i32, &'static str)>,
    /// Name of every thread; none: null.
    pub(crate) comm: Option<&'static str>,
    /// Calls.
    pub(crate) facts: Vec<Fact>,
    /// Windows: window, pid, module, address, context, calls. Without any there is no such table.
    pub(crate) windows: Vec<WindowRow>,
}

/// A row of table `windows`: window, pid, module, address, context, calls.
pub(crate) type WindowRow = (i64, i32, &'static str, i64, &'static str, i64);

/// A row of table `density`: model, file, module and address of a function, bugs per line.
pub(crate) type DensityRow = (&'static str, Option<&'static str>, Option<(&'static str, i64)>, f64);

/// A dataset in `ds` of a folder that is deleted at the end, and the folder that commands run in.
pub(crate) struct TestDataset {
    folder: TempDir,
}

impl TestDataset {
    /// A dataset of these runs, without a kernel table.
    pub(crate) fn new(runs: &[TestRun]) -> Self {
        let dataset = Self { folder: TempDir::new().unwrap() };
        for run in runs {
            dataset.add_run(run);
        }
        dataset
    }

    /// A file in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program in the folder, with arguments that are separated by spaces.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hap-analyze"));
        command.args(arguments.split_whitespace()).current_dir(self.folder.path());
        command
    }

    /// Runs the program.
    pub(crate) fn run(&self, arguments: &str) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What the program writes to stdout.
    pub(crate) fn stdout(&self, arguments: &str) -> String {
        String::from_utf8(self.run(arguments).stdout).unwrap()
    }

    /// Asserts stdout, stderr and exit code of the program.
    #[track_caller]
    pub(crate) fn expect(&self, arguments: &str, stdout: &str, stderr: &str, code: i32) {
        let output = self.run(arguments);
        let found_stdout = String::from_utf8(output.stdout).unwrap();
        let found_stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(found_stderr, stderr, "stderr");
        assert_eq!(found_stdout, stdout, "stdout");
        assert_eq!(output.status.code(), Some(code), "exit code");
    }

    fn add_run(&self, run: &TestRun) {
        let count = run.threads.len();
        let threads = df!(
            "pid" => run.threads.iter().map(|thread| thread.0).collect::<Vec<_>>(),
            "role" => run.threads.iter().map(|thread| thread.1).collect::<Vec<_>>(),
            "comm" => vec![run.comm; count],
            "listed" => vec![true; count],
        );
        let facts = df!(
            "pid" => run.facts.iter().map(|fact| fact.0).collect::<Vec<_>>(),
            "module" => run.facts.iter().map(|fact| fact.1).collect::<Vec<_>>(),
            "address" => run.facts.iter().map(|fact| fact.2).collect::<Vec<_>>(),
            "function" => run.facts.iter().map(|fact| fact.3).collect::<Vec<_>>(),
            "context" => run.facts.iter().map(|fact| fact.4).collect::<Vec<_>>(),
            "observer" => run.facts.iter().map(|fact| fact.5).collect::<Vec<_>>(),
            "calls" => run.facts.iter().map(|fact| fact.6).collect::<Vec<_>>(),
        );
        self.write_run(run.id, &tables::RUNS, runs_row(run));
        self.write_run(run.id, &tables::THREADS, threads.unwrap());
        self.write_run(run.id, &tables::FUNCTIONS, facts.unwrap());
        if !run.windows.is_empty() {
            self.write_run(run.id, &tables::WINDOWS, windows(&run.windows));
        }
    }

    fn write_run(&self, id: &str, table: &Table, frame: DataFrame) {
        let file = self.path(&format!("ds/{0}/run={id}/{0}.parquet", table.name));
        write(&file, table, frame.lazy().with_column(lit(id).alias("run")).collect().unwrap());
    }

    /// Adds a kernel: its functions and lines as in [`functions`] and [`lines`]; one line of eight is blind.
    pub(crate) fn with_kernel(self, build_id: &str, fingerprint: &str) -> Self {
        self.with_kernel_of(build_id, fingerprint, functions())
    }

    /// Adds a kernel with other functions.
    pub(crate) fn with_kernel_of(self, build_id: &str, fingerprint: &str, functions: DataFrame) -> Self {
        let kernel = df!(
            "build_id" => [build_id], "release" => ["6.1.0"], "kernel_fingerprint" => [fingerprint],
            "code_lines" => [8_i64], "blind_code_lines" => [1_i64],
        );
        let folder = self.path(&format!("ds/kernels/build_id={build_id}"));
        write(&folder.join("kernel.parquet"), &tables::KERNEL, kernel.unwrap());
        write(&folder.join("functions.parquet"), &tables::KERNEL_FUNCTIONS, functions);
        write(&folder.join("lines.parquet"), &tables::KERNEL_LINES, lines());
        self
    }

    /// Takes the counts of executable lines out of a kernel's table, as earlier releases wrote it.
    pub(crate) fn without_blind_spot(self, build_id: &str) -> Self {
        self.rewrite_kernel(build_id, "kernel.parquet", |table| table.drop_many(["code_lines", "blind_code_lines"]))
    }

    /// Makes the complexity of every function unknown.
    pub(crate) fn without_complexity(self, build_id: &str) -> Self {
        let unknown = lit(NULL).cast(DataType::Int32).alias("complexity");
        self.rewrite_kernel(build_id, "functions.parquet", |table| table.lazy().with_column(unknown).collect().unwrap())
    }

    fn rewrite_kernel(self, build_id: &str, file: &str, change: impl FnOnce(DataFrame) -> DataFrame) -> Self {
        let path = self.path(&format!("ds/kernels/build_id={build_id}/{file}"));
        let mut table = change(ParquetReader::new(File::open(&path).unwrap()).finish().unwrap());
        ParquetWriter::new(File::create(path).unwrap()).finish(&mut table).unwrap();
        self
    }

    /// Adds the densities of a bug table for a kernel.
    pub(crate) fn with_densities(self, source: &str, build_id: &str, rows: &[DensityRow]) -> Self {
        let frame = df!(
            "model" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
            "file" => rows.iter().map(|row| row.1).collect::<Vec<_>>(),
            "module" => rows.iter().map(|row| row.2.map(|key| key.0)).collect::<Vec<_>>(),
            "address" => rows.iter().map(|row| row.2.map(|key| key.1)).collect::<Vec<_>>(),
            "density" => rows.iter().map(|row| row.3).collect::<Vec<_>>(),
        );
        let file = self.path(&format!("ds/bugs/source={source}/density.parquet"));
        write_of_kernel(&file, &tables::DENSITY, frame.unwrap(), build_id);
        self
    }
}

/// Densities of the example: read has its own, list.h that of its file, write that of every other file; no exploited.
pub(crate) fn densities() -> Vec<DensityRow> {
    vec![
        ("cve", None, None, 0.001),
        ("cve", Some("include/list.h"), None, 0.002),
        ("cve", Some("fs/read.c"), None, 0.5),
        ("cve", Some("fs/read.c"), Some(("vmlinux", 100)), 0.01),
        ("epss", None, None, 0.000_001),
        ("epss", Some("include/list.h"), None, 0.000_25),
        ("exploited", Some("include/list.h"), None, 0.1),
    ]
}

/// read with a clone; write; a header-static function in two places; the tracer's own function.
fn functions() -> DataFrame {
    df!(
        "module" => ["vmlinux"; 6],
        "address" => [100_i64, 500, 200, 300, 310, 400],
        "source_address" => [100_i64, 100, 200, 300, 310, 400],
        "function" => ["read", "read", "write", "list_add", "list_add", "trace_enter"],
        "file" => ["fs/read.c", "fs/read.c", "fs/write.c", "include/list.h", "include/list.h", "kernel/entry.c"],
        "line" => [10, 10, 5, 3, 3, 1],
        "lines" => [20, 20, 1500, 4, 4, 8],
        "complexity" => [Some(3), Some(3), Some(40), Some(1), None, Some(2)],
    )
    .unwrap()
}

/// Line 5 of list.h is inlined into read and write.
fn lines() -> DataFrame {
    df!(
        "module" => ["vmlinux"; 9],
        "address" => [100_i64, 100, 100, 500, 200, 200, 300, 310, 400],
        "file" => [
            "fs/read.c", "fs/read.c", "include/list.h", "fs/read.c", "fs/write.c", "include/list.h", "include/list.h",
            "include/list.h", "kernel/entry.c",
        ],
        "line" => [11, 12, 5, 13, 6, 5, 5, 5, 1],
        "kind" => ["own", "own", "inlined", "own", "own", "inlined", "own", "own", "own"],
    )
    .unwrap()
}

fn windows(rows: &[WindowRow]) -> DataFrame {
    df!(
        "window" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
        "pid" => rows.iter().map(|row| row.1).collect::<Vec<_>>(),
        "module" => rows.iter().map(|row| row.2).collect::<Vec<_>>(),
        "address" => rows.iter().map(|row| row.3).collect::<Vec<_>>(),
        "context" => rows.iter().map(|row| row.4).collect::<Vec<_>>(),
        "calls" => rows.iter().map(|row| row.5).collect::<Vec<_>>(),
    )
    .unwrap()
}

/// A run of runc that calls `read` in each of 30 windows of 100 ms, and `write` and `list_add` in the first of them alone.
pub(crate) fn settling(id: &'static str, repetition: &'static str) -> TestRun {
    let mut columns = run(id, "runc", "get").columns;
    columns.extend([
        ("repetition", repetition),
        ("window_ns", "100000000"),
        ("duration_ns", "2950000000"),
        ("first_ns", "1000"),
        ("load_ns", "500000000"),
    ]);
    let steady = (0..30).map(|window| (window, 1, "vmlinux", 100, "task", 10));
    let start = [(0, 1, "vmlinux", 200, "task", 2), (0, 1, "vmlinux", 300, "task", 1)];
    TestRun {
        columns,
        threads: vec![(1, "app")],
        facts: vec![call(1, 100, "read", 300), call(1, 200, "write", 2), call(1, 300, "list_add", 1)],
        windows: start.into_iter().chain(steady).collect(),
        ..run(id, "runc", "get")
    }
}

fn runs_row(run: &TestRun) -> DataFrame {
    let listed = run.threads.len().to_string();
    let mut columns = run.columns.clone();
    columns.push(("threads_listed", listed.as_str()));
    let given = columns.iter().map(|(name, text)| lit(*text).alias(*name)).collect::<Vec<_>>();
    let labels = df!(
        "key" => run.labels.iter().map(|label| label.0).collect::<Vec<_>>(),
        "value" => run.labels.iter().map(|label| label.1).collect::<Vec<_>>(),
    );
    let labels = labels.unwrap().into_struct("labels".into()).into_series().implode().unwrap().into_series();
    DataFrame::new(1, vec![labels.with_name("labels".into()).into()])
        .unwrap()
        .lazy()
        .with_columns(given)
        .collect()
        .unwrap()
}

/// Writes a table of no known kernel.
fn write(path: &Path, table: &Table, frame: DataFrame) {
    write_of_kernel(path, table, frame, "");
}

/// Writes a table: missing columns are null, 0 or empty.
fn write_of_kernel(path: &Path, table: &Table, frame: DataFrame, build_id: &str) {
    let present = frame.get_column_names_owned();
    let columns = table.columns.iter().map(|column| {
        let has = present.iter().any(|name| name.as_str() == column.name);
        let value = if has { col(column.name) } else { absent(column.kind, column.nullable) };
        match data_type(column.kind) {
            Some(data_type) => value.cast(data_type).alias(column.name),
            None => value.alias(column.name),
        }
    });
    let mut frame = frame.lazy().select(columns.collect::<Vec<_>>()).collect().unwrap();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let metadata = [
        (metadata_key::TABLE, table.name),
        (metadata_key::SCHEMA_VERSION, SCHEMA_VERSION),
        (metadata_key::KERNEL_BUILD_ID, build_id),
    ];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    ParquetWriter::new(File::create(path).unwrap())
        .with_key_value_metadata(Some(KeyValueMetadata::from_static(metadata)))
        .finish(&mut frame)
        .unwrap();
}

fn absent(kind: ColumnType, nullable: bool) -> Expr {
    match kind {
        _ if nullable => lit(NULL),
        ColumnType::Utf8 | ColumnType::Dictionary => lit(""),
        ColumnType::Counts | ColumnType::Labels => lit(NULL),
        _ => lit(0),
    }
}

fn data_type(kind: ColumnType) -> Option<DataType> {
    match kind {
        ColumnType::Bool => Some(DataType::Boolean),
        ColumnType::Int32 => Some(DataType::Int32),
        ColumnType::Int64 => Some(DataType::Int64),
        ColumnType::Float64 => Some(DataType::Float64),
        ColumnType::Utf8 => Some(DataType::String),
        ColumnType::Dictionary => Some(DataType::from_categories(Categories::global())),
        ColumnType::Counts | ColumnType::Labels => None,
    }
}

/// A run of kernel k1 with labels.
pub(crate) fn run(id: &'static str, runtime: &'static str, workload: &'static str) -> TestRun {
    let columns = vec![("runtime", runtime), ("workload", workload), ("build_id", "k1"), ("kernel_fingerprint", "f1")];
    TestRun { id, columns, ..TestRun::default() }
}

/// A call in task context by vmlinux.
pub(crate) fn call(pid: i32, address: i64, function: &'static str, calls: i64) -> Fact {
    (pid, "vmlinux", address, Some(function), "task", None, calls)
}

/// Two runs of runc, one of gVisor, and a failed run of runc.
///
/// runc-1 reaches read (and its clone) and list_add; write only by its shim, another list_add only in softirq, and
/// trace_enter because it is traced. runc-2 reaches read, write and a BPF program. gvisor-1 reaches write and the
/// other list_add.
pub(crate) fn example() -> Vec<TestRun> {
    let runc_1 = TestRun {
        labels: vec![("set", "study")],
        threads: vec![(1, "app"), (2, "shim")],
        facts: vec![
            call(1, 100, "read", 30),
            call(1, 500, "read.cold", 2),
            call(1, 300, "list_add", 4),
            call(2, 200, "write", 9),
            (1, "vmlinux", 310, Some("list_add"), "softirq", None, 5),
            (1, "vmlinux", 400, Some("trace_enter"), "task", Some("raw_syscalls"), 1234),
        ],
        ..run("runc-1", "runc", "get")
    };
    let runc_2 = TestRun {
        threads: vec![(1, "app")],
        facts: vec![
            call(1, 100, "read", 7),
            call(1, 200, "write", 1),
            (1, "bpf", 7, Some("bpf_prog_1"), "task", None, 3),
        ],
        ..run("runc-2", "runc", "get")
    };
    let gvisor = TestRun {
        threads: vec![(3, "sentry")],
        facts: vec![call(3, 200, "write", 11), call(3, 310, "list_add", 2)],
        ..run("gvisor-1", "gvisor", "get")
    };
    let mut failed =
        TestRun { threads: vec![(1, "app")], facts: vec![call(1, 100, "read", 1)], ..run("runc-3", "runc", "get") };
    failed.columns.push(("failure", "the sandbox ended before the recording did"));
    vec![runc_1, runc_2, gvisor, failed]
}

/// The example with its kernel table.
pub(crate) fn example_dataset() -> TestDataset {
    TestDataset::new(&example()).with_kernel("k1", "f1")
}
