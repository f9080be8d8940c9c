//! Weighted figures against plain loops over the same tables.

#![expect(clippy::unwrap_used, reason = "these helpers run in tests only, where a panic is the report")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;

use polars::prelude::*;

use crate::dataset::{DensityRow, Fact, TestDataset, TestRun, run};

/// A kernel function of the made-up kernel, in plain Rust.
struct Function {
    address: i64,
    source: i64,
    file: Option<String>,
    lines: Option<i32>,
    complexity: Option<i32>,
}

/// 64-bit linear congruential generator (Knuth, MMIX): a few unlike tables, the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Sixty source functions in nine files, every fifth with a clone, every seventh without lines.
fn made_up_kernel(random: &mut Random) -> Vec<Function> {
    let mut functions = Vec::new();
    for index in 0..60 {
        let source = 1000 + 16 * index;
        let file = (index % 11 != 0).then(|| format!("dir/{}.c", random.below(9)));
        let lines = (index % 7 != 0).then(|| 1 + random.below(300) as i32);
        let complexity = (index % 6 != 0).then(|| 1 + random.below(30) as i32);
        let function = |address| Function { address, source, file: file.clone(), lines, complexity };
        functions.push(function(source));
        if index % 5 == 0 {
            functions.push(function(90_000 + index));
        }
    }
    functions
}

fn kernel_frame(functions: &[Function]) -> DataFrame {
    df!(
        "module" => vec!["vmlinux"; functions.len()],
        "address" => functions.iter().map(|function| function.address).collect::<Vec<_>>(),
        "source_address" => functions.iter().map(|function| function.source).collect::<Vec<_>>(),
        "function" => functions.iter().map(|function| format!("f{}", function.source)).collect::<Vec<_>>(),
        "file" => functions.iter().map(|function| function.file.clone()).collect::<Vec<_>>(),
        "lines" => functions.iter().map(|function| function.lines).collect::<Vec<_>>(),
        "complexity" => functions.iter().map(|function| function.complexity).collect::<Vec<_>>(),
    )
    .unwrap()
}

/// Own densities of every ninth function, densities of five of the files, and one for the rest.
fn made_up_densities() -> Vec<DensityRow> {
    const FILES: [&str; 5] = ["dir/0.c", "dir/2.c", "dir/3.c", "dir/6.c", "never.c"];
    let own = (0..60)
        .filter(|index| index % 9 == 4)
        .map(|index| ("cve", Some("dir/0.c"), Some(("vmlinux", 1000 + 16 * index)), 0.001 * (index + 1) as f64));
    let files = FILES.iter().enumerate().map(|(index, file)| ("cve", Some(*file), None, 0.000_7 * (index + 2) as f64));
    own.chain(files).chain([("cve", None, None, 0.000_33), ("epss", None, None, 7.0)]).collect()
}

/// Lines times density of a source function, as docs/method.md has it: its own row, its file's, the one without file.
fn bugs_of(function: &Function, densities: &[DensityRow]) -> f64 {
    let cve = || densities.iter().filter(|row| row.0 == "cve");
    let own = cve().find(|row| row.2 == Some(("vmlinux", function.source)));
    let of_file = cve().find(|row| row.2.is_none() && row.1.is_some() && row.1 == function.file.as_deref());
    let other = cve().find(|row| row.2.is_none() && row.1.is_none());
    f64::from(function.lines.unwrap_or(0)) * own.or(of_file).or(other).unwrap().3
}

/// Weighted, lines and complexity of a set of source functions.
fn figures_of(set: &BTreeSet<i64>, functions: &[Function], densities: &[DensityRow]) -> (f64, f64, f64) {
    let mut sums = (0.0, 0.0, 0.0);
    for source in set {
        let function = functions.iter().find(|function| function.address == *source).unwrap();
        sums.0 += bugs_of(function, densities);
        sums.1 += f64::from(function.lines.unwrap_or(0));
        sums.2 += f64::from(function.complexity.unwrap_or(0));
    }
    sums
}

#[test]
fn weighted_figures_are_those_of_plain_loops_over_the_tables() {
    let mut random = Random(7);
    let functions = made_up_kernel(&mut random);
    let densities = made_up_densities();
    let mut runs = Vec::new();
    let mut sets = Vec::new();
    for id in ["r1", "r2", "r3", "r4"] {
        let reached: Vec<_> = functions.iter().filter(|_| random.below(3) > 0).collect();
        let facts = reached.iter().map(|f| -> Fact { (1, "vmlinux", f.address, None, "task", None, 1) }).collect();
        runs.push(TestRun { facts, ..run(id, "runc", "get") });
        sets.push(reached.iter().map(|function| function.source).collect::<BTreeSet<_>>());
    }
    let dataset = TestDataset::new(&runs)
        .with_kernel_of("k1", "f1", kernel_frame(&functions))
        .with_densities("cna", "k1", &densities);
    let output =
        dataset.run("hap --dataset ds --metric lines,complexity --weight cve --format parquet --out out.parquet");
    assert_eq!(output.status.code(), Some(0));
    let found = ParquetReader::new(File::open(dataset.path("out.parquet")).unwrap()).finish().unwrap();

    let union: BTreeSet<_> = sets.iter().flatten().copied().collect();
    let core: BTreeSet<_> = union.iter().copied().filter(|f| sets.iter().all(|set| set.contains(f))).collect();
    let of = |set: &BTreeSet<i64>| {
        let (bugs, lines, complexity) = figures_of(set, &functions, &densities);
        BTreeMap::from([
            ("lines", lines),
            ("complexity", complexity),
            ("weighted_cve", bugs),
            ("weighted_cve_per_1000_lines", 1000.0 * bugs / lines),
        ])
    };
    for (index, metric) in found.column("metric").unwrap().str().unwrap().iter().enumerate() {
        let metric = metric.unwrap();
        let value = |name: &str| found.column(name).unwrap().f64().unwrap().get(index).unwrap();
        let values: Vec<_> = sets.iter().map(|set| of(set)[metric]).collect();
        let mean = values.iter().sum::<f64>() / 4.0;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 3.0;
        let expected = [mean, variance.sqrt(), of(&union)[metric], of(&core)[metric]];
        for (name, expected) in ["mean", "stddev", "union", "core"].into_iter().zip(expected) {
            assert!((value(name) - expected).abs() < 1e-9, "{metric} {name}: {} {expected}", value(name));
        }
        assert!(value("low") < mean && mean < value("high"));
    }
    assert_eq!(found.height(), 4);
}
