//! `cargo bench -p hap-analyze [-- RUNS]`: synthetic runs (10,000 unless told) of 500 functions each, and the wall time and
//! peak memory of every command on them, with a kernel table.
//!
//! Seven runtimes times four workloads draw from a pool of 2,000 functions, each runtime with probabilities of its own: a
//! core that every run has, and a long tail. Every run has 24 windows; a function is in a few of them. The same number of
//! runs gives the same dataset.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, ExitCode};

use hap_schemas::{SCHEMA_VERSION, Table, metadata_key, tables};
use hap_statistics::random::Random;
use polars::prelude::*;
use rayon::prelude::*;

const RUNTIMES: usize = 7;
const WORKLOADS: usize = 4;
const POOL: usize = 2_000;
const WINDOWS: i64 = 24;
const BUILD_ID: &str = "5eed";
const WINDOW_NS: i64 = 100_000_000;
/// Every command, on all runs.
const COMMANDS: [&str; 6] = [
    "steady",
    "completeness",
    "similarity",
    "sensitivity",
    "diff runtime=runtime-0 runtime=runtime-1 --summary",
    "hap",
];

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[expect(clippy::print_stderr, reason = "a benchmark reports to its reader")]
fn main() -> ExitCode {
    let runs = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(10_000);
    match measure(runs) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "a benchmark reports to its reader")]
fn measure(runs: usize) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    // Polars plans queries recursively, deeper than the stack of a worker thread allows without optimisation.
    let pool = rayon::ThreadPoolBuilder::new().stack_size(64 << 20).build()?;
    pool.install(|| (0..runs).into_par_iter().try_for_each(|run| write_run(folder.path(), run)))?;
    write_kernel(folder.path())?;
    println!("{runs} runs; wall and CPU seconds, and peak memory, of each command");
    for command in COMMANDS {
        let status = Command::new("/usr/bin/time")
            .args(["-f", &format!("%e s wall  %U + %S s CPU  %M KiB  {command}"), env!("CARGO_BIN_EXE_hap-analyze")])
            .args(command.split(' '))
            .args(["--format", "csv", "--out"])
            .arg(folder.path().join("out.csv"))
            .arg("--dataset")
            .arg(folder.path())
            .status()?;
        if !status.success() {
            return Err(format!("{command}: {status}").into());
        }
    }
    Ok(())
}

fn write_run(dataset: &Path, run: usize) -> Outcome<()> {
    let id = format!("run-{run:05}");
    let (runtime, workload) = (run % RUNTIMES, run / RUNTIMES % WORKLOADS);
    let mut random = Random::stream(run as u64);
    let functions: Vec<i64> = (0..POOL)
        .filter(|function| random.unit() < probability(*function, runtime, workload))
        .map(|f| f as i64)
        .collect();
    let mut rows = (Vec::new(), Vec::new(), Vec::new());
    for function in &functions {
        let first = if random.unit() < 0.9 { 0 } else { random.below(6) as i64 };
        let held: Vec<i64> = (first..WINDOWS).filter(|_| random.unit() < 0.25).collect();
        for window in if held.is_empty() { vec![first] } else { held } {
            rows.0.push(window);
            rows.1.push(*function);
            rows.2.push(1 + random.below(9) as i64);
        }
    }
    let mut calls = vec![0_i64; POOL];
    for (function, count) in rows.1.iter().zip(&rows.2) {
        calls.get_mut(*function as usize).into_iter().for_each(|calls| *calls += count);
    }
    let address = |function: &i64| 16 * function;
    let count = functions.len();
    let facts = df!(
        "run" => vec![id.as_str(); count], "pid" => vec![1_i32; count], "module" => vec!["vmlinux"; count],
        "address" => functions.iter().map(address).collect::<Vec<_>>(),
        "function" => functions.iter().map(|function| format!("function_{function}")).collect::<Vec<_>>(),
        "context" => vec!["task"; count], "observer" => vec![None::<&str>; count],
        "calls" => functions.iter().filter_map(|function| calls.get(*function as usize).copied()).collect::<Vec<_>>(),
    )?;
    let count = rows.0.len();
    let windows = df!(
        "window" => rows.0, "pid" => vec![1_i32; count], "module" => vec!["vmlinux"; count],
        "address" => rows.1.iter().map(address).collect::<Vec<_>>(), "context" => vec!["task"; count], "calls" => rows.2,
    )?;
    let threads = df!("run" => [id.as_str()], "pid" => [1_i32], "role" => ["app"], "listed" => [true])?;
    write(dataset, &id, &tables::THREADS, threads)?;
    write(dataset, &id, &tables::FUNCTIONS, facts)?;
    write(dataset, &id, &tables::WINDOWS, windows)?;
    write(dataset, &id, &tables::RUNS, row_of_run(&id, runtime, workload)?)
}

/// A kernel whose functions have 10 to 19 lines, of which three are executable.
fn write_kernel(dataset: &Path) -> Outcome<()> {
    let kernel = df!(
        "build_id" => [BUILD_ID], "release" => ["synthetic"], "kernel_fingerprint" => ["synthetic"],
        "code_lines" => [3 * POOL as i64], "blind_code_lines" => [0_i64],
    )?;
    let of = |value: fn(i64) -> i64| (0..POOL as i64).map(value).collect::<Vec<_>>();
    let functions = df!(
        "module" => vec!["vmlinux"; POOL], "address" => of(|f| 16 * f), "source_address" => of(|f| 16 * f),
        "function" => (0..POOL).map(|f| format!("function_{f}")).collect::<Vec<_>>(),
        "file" => (0..POOL).map(|f| format!("file_{}.c", f / 20)).collect::<Vec<_>>(),
        "line" => of(|f| 20 * (f % 20)), "lines" => of(|f| 10 + f % 10), "complexity" => of(|f| 1 + f % 7),
    )?;
    let symbols: Vec<i64> = (0..POOL as i64).flat_map(|f| [f; 3]).collect();
    let lines = df!(
        "module" => vec!["vmlinux"; symbols.len()], "address" => symbols.iter().map(|f| 16 * f).collect::<Vec<_>>(),
        "file" => symbols.iter().map(|f| format!("file_{}.c", f / 20)).collect::<Vec<_>>(),
        "line" => symbols.iter().zip([0, 1, 2].iter().cycle()).map(|(f, n)| 20 * (f % 20) + n).collect::<Vec<_>>(),
    )?;
    let folder = dataset.join("kernels").join(format!("build_id={BUILD_ID}"));
    write_file(&folder.join("kernel.parquet"), &tables::KERNEL, kernel)?;
    write_file(&folder.join("functions.parquet"), &tables::KERNEL_FUNCTIONS, functions)?;
    write_file(&folder.join("lines.parquet"), &tables::KERNEL_LINES, lines)
}

/// 300 functions that all runs have, and a tail that falls with the distance from the runtime's own part of the pool.
fn probability(function: usize, runtime: usize, workload: usize) -> f64 {
    if function < 300 {
        return 1.0;
    }
    let distance = (function + POOL - 230 * runtime - 40 * workload) % (POOL - 300);
    (-(distance as f64) / 200.0).exp()
}

fn row_of_run(id: &str, runtime: usize, workload: usize) -> Outcome<DataFrame> {
    let labels = df!("key" => Vec::<&str>::new(), "value" => Vec::<&str>::new())?;
    let labels = labels.into_struct("labels".into()).into_series().implode()?.into_series();
    let given = [
        ("run", lit(id)),
        ("runtime", lit(format!("runtime-{runtime}"))),
        ("workload", lit(format!("workload-{workload}"))),
        ("build_id", lit(BUILD_ID)),
        ("window_ns", lit(WINDOW_NS)),
        ("duration_ns", lit(WINDOWS * WINDOW_NS - 1)),
        ("threads_listed", lit(1_i32)),
    ];
    let column = |column: &hap_schemas::Column| {
        let value = given.iter().find(|(name, _)| *name == column.name).map(|(_, value)| value.clone());
        let absent = if column.nullable { lit(NULL).cast(DataType::String) } else { lit(0_i64) };
        value.unwrap_or(absent).alias(column.name)
    };
    let others = tables::RUNS.columns.iter().filter(|column| column.name != "labels").map(column).collect::<Vec<_>>();
    let frame = DataFrame::new(1, vec![labels.with_name("labels".into()).into()])?;
    Ok(frame.lazy().with_columns(others).collect()?)
}

fn write(dataset: &Path, run: &str, table: &Table, frame: DataFrame) -> Outcome<()> {
    let folder = dataset.join(table.name).join(format!("run={run}"));
    write_file(&folder.join(format!("{}.parquet", table.name)), table, frame)
}

fn write_file(path: &Path, table: &Table, mut frame: DataFrame) -> Outcome<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    let metadata = [(metadata_key::TABLE, table.name), (metadata_key::SCHEMA_VERSION, SCHEMA_VERSION)];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    ParquetWriter::new(File::create(path)?)
        .with_key_value_metadata(Some(KeyValueMetadata::from_static(metadata)))
        .finish(&mut frame)?;
    Ok(())
}
